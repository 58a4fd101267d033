//! A function that dies at any step of a booking leaves nothing that the next request does not heal.

use serde_json::{Value, json};
use std::time::Duration;
use tests::{
    actor::{Actor, text},
    answer::Answer,
    wire::Wire,
    world::World,
};

async fn books(who: &Actor, slot: &Value) -> Answer {
    who.post_once(&text(slot, "/id"), "/slots/book", &json!({ "slotId": slot["id"] })).await
}

/// Whose function dies after so many commands; whether it did.
async fn dies(world: &World, slot: &Value, (after, reaches): (usize, bool)) -> bool {
    let wire = Wire::new().await;
    let frail = world.a.patient.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    // The driver's first steps are not the booking's.
    frail.get("/slots").await.is(200);
    wire.dies_after(after, reaches);
    tokio::select! {
        () = wire.death() => true,
        answer = books(&frail, slot) => {
            answer.is(201);
            false
        }
    }
}

/// Whoever comes next books a slot as soon as that can be done.
async fn comes_next(who: &Actor, slot: &Value) -> Answer {
    until_it_is_free(async || who.tries_to_book(slot).await).await
}

/// Asks until what is asked for is locked no more: what a function that died has begun and not ended,
/// the database ends after a while.
async fn until_it_is_free(ask: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..300 {
        let answer = ask().await;
        if answer.status != 503 {
            return answer;
        }
        assert!(answer.header("retry-after").is_some(), "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it stays locked");
}

async fn each_step(reaches: bool) {
    let world = World::with_instances(2).await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "09:00", "15:00", 30).await;
    let (patient, other) = (&world.a.patient, world.a.new_patient("other").await);
    let mut known = Vec::new();
    while dies(&world, &slots[known.len()], (known.len(), reaches)).await {
        let slot = &slots[known.len()];
        // Whoever comes next gets the slot, or it is the first one's, whole.
        let next = comes_next(&other, slot).await;
        let own = patient.get("/appointments").await.is(200);
        let has = own["items"].as_array().unwrap().iter().find(|one| one["slotId"] == slot["id"]);
        match (next.status, has) {
            (201, None) => {}
            (409, Some(mine)) => {
                assert_eq!((next.code(), &mine["status"]), ("SLOT_TAKEN", &json!("held")));
            }
            other => panic!("after {}, {reaches}: {other:?} {}", known.len(), next.text),
        }
        known.push(has.map(|one| text(one, "/id")));
        world.check().await;
    }
    // The key, what it reads, the claim, the entry, the commit, and the answer that is kept.
    assert_eq!(known.len(), 8, "{known:?}");
    assert!(known.iter().any(Option::is_some), "a death after the commit is one of them");
    assert!(known.iter().any(Option::is_none), "and so is one before");
    // He who was not answered asks again with his key, and gets what there is: his appointment, or
    // the word that another was faster.
    world.pass(30);
    for (slot, mine) in slots.iter().zip(&known) {
        let again = books(patient, slot).await;
        match mine {
            Some(mine) => assert_eq!(text(&again.is(201), "/appointment/id"), *mine),
            None => _ = again.refused(409, "SLOT_TAKEN"),
        }
    }
    world.check().await;
}

#[tokio::test]
async fn before_a_step_reaches_the_database() {
    each_step(false).await;
}

#[tokio::test]
async fn when_the_answer_to_a_step_is_lost() {
    each_step(true).await;
}

/// A payment at the desk, of a hold that ran out: the slot is still had, or somebody else's by now.
async fn pays_at_the_desk(late: bool) {
    let world = World::with_instances(2).await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "09:00", "15:00", 30).await;
    let (mut patient, mut admin) = (world.a.patient.clone(), world.a.admin.clone());
    let (mut other, mut died) = (world.a.new_patient("other").await, 0);
    for (step, slot) in slots.iter().enumerate() {
        let appointment = patient.books(slot).await;
        if late {
            world.pass(600);
            other.books(slot).await;
        }
        let wire = Wire::new().await;
        let frail = admin.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
        frail.get("/payments/reconciliation").await.is(200);
        wire.dies_after(step, true);
        let body = json!({ "appointmentId": appointment["id"], "method": "cash" });
        let key = format!("desk-{step}");
        let answered = tokio::select! {
            () = wire.death() => false,
            answer = frail.post_once(&key, "/payments/counter", &body) => {
                answer.is(201);
                true
            }
        };
        if !answered {
            died += 1;
            world.pass(30);
        }
        // The clerk asks again with his key, and is told what there is.
        let again =
            until_it_is_free(async || admin.post_once(&key, "/payments/counter", &body).await);
        let again = again.await.is(201);
        let status = if late { "expired" } else { "confirmed" };
        assert_eq!(text(&again, "/appointment/status"), status, "{step}");
        assert_eq!(again.get("refund").is_some(), late, "{step}");
        let stored = world.books().appointment(&text(&appointment, "/id")).await;
        assert_eq!(stored.get_array("payments").unwrap().len(), 1, "{step}");
        world.check().await;
        if answered {
            break;
        }
        for who in [&mut patient, &mut admin, &mut other] {
            *who = who.refreshed().await;
        }
    }
    assert!((5..12).contains(&died), "{died}");
}

#[tokio::test]
async fn a_payment_at_the_desk_is_noted_once() {
    pays_at_the_desk(false).await;
}

#[tokio::test]
async fn a_payment_at_the_desk_that_came_too_late_is_handed_back_once() {
    pays_at_the_desk(true).await;
}
