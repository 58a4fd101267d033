//! Who sees which slots, and who withdraws them.

use serde_json::Value;
use tests::{
    actor::{Actor, ids, items, text},
    world::World,
};

async fn statuses(who: &Actor) -> Vec<String> {
    let list = who.get("/slots").await.is(200);
    items(&list).iter().map(|slot| text(slot, "/status")).collect()
}

#[tokio::test]
async fn patients_see_what_they_could_book_and_others_all() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-02", "09:30", "11:30", 30).await;
    let other = world.a.new_patient("other").await;
    world.a.patient.books(&slots[1]).await;
    other.books_and_pays(&slots[2]).await;
    for who in [doctor, &world.a.admin] {
        assert_eq!(statuses(who).await, ["open", "held", "booked", "open"]);
    }
    let open = world.a.patient.get("/slots").await.is(200);
    assert_eq!(ids(&open), [text(&slots[0], "/id"), text(&slots[3], "/id")]);
    // A slot that has begun is no longer for patients.
    world.set("2030-12-02T09:30:00+05:30");
    let patient = world.a.patient.clone();
    patient.post("/otp-login", patient.key()).await.is(202);
    let patient = patient.activated(&patient.email, &patient.code).await;
    // The hold has run out meanwhile.
    assert_eq!(
        ids(&patient.get("/slots").await.is(200)),
        [text(&slots[1], "/id"), text(&slots[3], "/id")]
    );
}

#[tokio::test]
async fn a_hold_that_ran_out_reads_as_open_swept_or_not() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books(&slot).await;
    world.pass(599);
    assert_eq!(statuses(&world.a.doctor).await, ["held"]);
    assert_eq!(statuses(&world.a.patient).await, Vec::<String>::new());
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    world.pass(1);
    for round in ["before the sweep", "after it"] {
        assert_eq!(statuses(&world.a.doctor).await, ["open"], "{round}");
        assert_eq!(statuses(&world.a.patient).await, ["open"], "{round}");
        let seen = world.a.patient.sees(&appointment).await;
        assert_eq!(text(&seen, "/status"), "expired", "{round}");
        assert_eq!(seen.get("holdExpiresAt"), None, "{round}");
        let doctors = world.a.patient.get("/doctors").await.is(200);
        assert_eq!(doctors["items"][0]["nextAvailable"], slot["start"], "{round}");
        world.run(scheduled::Job::Holds).await;
    }
    world.check().await;
}

#[tokio::test]
async fn slots_are_found_by_doctor_speciality_and_day() {
    let world = World::new().await;
    let other = world.a.new_doctor("vikram", "Vikram Shah").await;
    world.a.doctor.sets_slot("2030-12-03", "23:30").await;
    let midnight = world.a.doctor.sets_slot("2030-12-04", "00:00").await;
    other.sets_slot("2030-12-04", "10:00").await;
    let count = async |query: &str| {
        items(&world.a.patient.get(format!("/slots?{query}")).await.is(200)).len()
    };
    assert_eq!(count("from=2030-12-03&to=2030-12-03").await, 1);
    assert_eq!(count("from=2030-12-04").await, 2);
    assert_eq!(count("to=2030-12-03").await, 1);
    assert_eq!(count(&format!("doctorId={}", other.account)).await, 1);
    assert_eq!(count("speciality=Cardiology").await, 3);
    assert_eq!(count("speciality=cardio").await, 0);
    assert_eq!(count("from=2030-12-05").await, 0);
    let day = world.a.patient.get("/slots?from=2030-12-04&to=2030-12-04&limit=1").await.is(200);
    assert_eq!(ids(&day), [text(&midnight, "/id")]);
    let rest = world
        .a
        .patient
        .get(format!("/slots?from=2030-12-04&cursor={}", text(&day, "/nextCursor")))
        .await;
    assert_eq!(items(&rest.is(200)).len(), 1);
    let refusal =
        world.a.patient.get("/slots?from=tomorrow&to=2030-13-01&doctorId=me").await.bad_fields();
    assert_eq!(refusal.len(), 3);
}

#[tokio::test]
async fn pages_of_slots_at_the_same_time_miss_none() {
    let world = World::new().await;
    for name in ["vikram", "sunita", "farhan"] {
        let doctor = world.a.new_doctor(name, "Vikram Shah").await;
        doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.a.patient.get(format!("/slots?limit=1{cursor}")).await.is(200);
        seen.extend(ids(&page));
        match &page["nextCursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    assert_eq!(seen, ids(&world.a.patient.get("/slots").await.is(200)));
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn only_an_open_slot_is_withdrawn() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-03", "10:00", "12:00", 30).await;
    let path = |slot: &Value| format!("/slots/{}", text(slot, "/id"));
    patient.books(&slots[1]).await;
    patient.books_and_pays(&slots[2]).await;
    for who in [doctor, &world.a.admin] {
        for taken in &slots[1..3] {
            who.delete(path(taken)).await.refused(409, "SLOT_NOT_OPEN");
        }
    }
    patient.delete(path(&slots[0])).await.refused(403, "FORBIDDEN");
    doctor.delete(path(&slots[0])).await.is(204);
    doctor.delete(path(&slots[0])).await.refused(404, "NOT_FOUND");
    world.a.admin.delete(path(&slots[3])).await.is(204);
    patient.tries_to_book(&slots[0]).await.refused(404, "NOT_FOUND");
    // A hold that ran out leaves the slot open for this too.
    world.pass(600);
    doctor.delete(path(&slots[1])).await.is(204);
    assert_eq!(statuses(doctor).await, ["booked"]);
    world.check().await;
}
