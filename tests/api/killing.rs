//! A booking is killed at each of its steps, before the database hears it or before its answer comes
//! back. Whatever is left, the next request goes on from there: the slot is anybody's, or whole.

use futures_util::future::join_all;
use mongodb::bson::doc;
use serde_json::Value;
use std::time::{Duration, Instant};
use tests::{
    actor::{Actor, items, text},
    wire::Wire,
    world::World,
};

/// The commands of a booking: two reads, the slot, the appointment, and the end.
const STEPS: usize = 5;
/// MongoDB ends a transaction nobody ends after a minute; until then it is in the way.
const PATIENCE: Duration = Duration::from_secs(90);

async fn live(world: &World, slot: &Value) -> usize {
    let here = doc! { "slotId": text(slot, "/id"), "status": { "$in": ["held", "confirmed"] } };
    world.books().find("appointments", here).await.len()
}

/// The patient's latest live appointment.
async fn latest(patient: &Actor) -> Value {
    let list = patient.get("/appointments/upcoming").await.is(200);
    items(&list).pop().unwrap_or_default()
}

/// Books, however often it takes until nothing is in the way.
async fn books_at_last(patient: &Actor, slot: &Value, case: &str) {
    let began = Instant::now();
    loop {
        let answer = patient.tries_to_book(slot).await;
        if answer.status == 201 {
            return;
        }
        answer.refused(503, "DEPENDENCY_UNAVAILABLE");
        assert!(began.elapsed() < PATIENCE, "{case}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn killed_at(step: usize, heard: bool) {
    let case = format!("step {step}, heard: {heard}");
    let world = World::with_instances(1).await;
    let wire = Wire::new().await;
    let counted = world.with(&[("MONGODB_URI", &wire.uri)]);
    let (patient, other) = (&world.a.patient, world.a.new_patient("other").await);
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let killed = patient.at(&counted);
    // The driver's first steps, and the session's mark.
    killed.get("/slots").await.is(200);
    killed.books(&slots[1]).await;
    killed.cancels(&latest(&killed).await).await.is(200);
    wire.dies(step, heard);
    killed.tries_to_book(&slots[0]).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    world.check().await;
    let whole = live(&world, &slots[0]).await == 1;
    assert_eq!(whole, heard && step == STEPS, "{case}");
    if whole {
        // It was booked and only the answer was lost: it is the patient's, to be paid.
        other.tries_to_book(&slots[0]).await.refused(409, "SLOT_TAKEN");
        patient.pays(&latest(patient).await).await;
    } else {
        let again = if step.is_multiple_of(2) { patient } else { &other };
        books_at_last(again, &slots[0], &case).await;
    }
    assert_eq!(live(&world, &slots[0]).await, 1, "{case}");
    world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_that_is_killed_leaves_nothing_half() {
    let cases = (1..=STEPS).flat_map(|step| [(step, false), (step, true)]);
    join_all(cases.map(|(step, heard)| killed_at(step, heard))).await;
}
