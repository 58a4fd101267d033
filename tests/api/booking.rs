//! A slot is booked once.

use futures_util::future::join_all;
use mongodb::bson::doc;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::{
    actor::{Actor, ids, text},
    answer::Answer,
    world::World,
};

fn tally(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry((answer.status, answer.code().to_owned())).or_default() += 1;
    }
    tally
}

fn expected(entries: &[(u16, &str, usize)]) -> BTreeMap<(u16, String), usize> {
    entries.iter().map(|(status, code, count)| ((*status, (*code).to_owned()), *count)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_at_once_one_gets_the_slot() {
    let world = World::with_instances(16).await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "12:00", 15).await;
    let patients = world.a.new_patients(10).await;
    let callers: Vec<Actor> = patients.iter().cycle().take(200).map(Actor::elsewhere).collect();
    let answers = join_all(callers.iter().map(|caller| caller.tries_to_book(&slots[3]))).await;
    assert_eq!(tally(&answers), expected(&[(201, "", 1), (409, "SLOT_TAKEN", 199)]));
    let next = [&slots[4], &slots[5], &slots[6]].map(|slot| text(slot, "/id"));
    for answer in answers.into_iter().filter(|answer| answer.status == 409) {
        let offered = answer.body["nextAvailable"].as_array().unwrap().clone();
        assert_eq!(offered.iter().map(|slot| text(slot, "/id")).collect::<Vec<_>>(), next);
        assert_eq!(answer.body["alternatives"], answer.body["nextAvailable"]);
    }
    assert_eq!(world.books().count("appointments").await, 1);
    world.check().await;
}

#[tokio::test]
async fn one_patient_who_clicks_thirty_times_books_once() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let answers = join_all((0..30).map(|_| world.a.patient.tries_to_book(&slot))).await;
    assert_eq!(tally(&answers), expected(&[(201, "", 1), (409, "SLOT_TAKEN", 29)]));
    world.check().await;
}

#[tokio::test]
async fn a_patient_is_in_one_place_at_a_time_however_many_doctors_he_asks_at_once() {
    let world = World::new().await;
    let mut slots = Vec::new();
    for name in ["vikram", "sunita", "farhan", "lata", "arun"] {
        let doctor = world.a.new_doctor(name, "Vikram Shah").await;
        slots.push(doctor.sets_slot("2030-12-03", "10:00").await);
    }
    let answers = join_all(slots.iter().map(|slot| world.a.patient.tries_to_book(slot))).await;
    assert_eq!(tally(&answers), expected(&[(201, "", 1), (409, "PATIENT_BUSY", 4)]));
    world.check().await;
    // The slots that came to nothing are open.
    assert_eq!(ids(&world.b.patient.get("/slots").await.is(200)).len(), 0);
    assert_eq!(ids(&world.a.patient.get("/slots").await.is(200)).len(), 4);
}

#[tokio::test]
async fn half_an_overlap_is_one_and_a_seamless_row_is_none() {
    let world = World::new().await;
    let other = world.a.new_doctor("vikram", "Vikram Shah").await;
    let ten = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let quarter = other.sets_slot("2030-12-03", "10:15").await;
    let half = world.a.doctor.sets_slot("2030-12-03", "10:30").await;
    world.a.patient.books(&ten).await;
    world.a.patient.tries_to_book(&quarter).await.refused(409, "PATIENT_BUSY");
    world.a.patient.books(&half).await;
    world.check().await;
}

#[tokio::test]
async fn what_is_taken_comes_with_what_is_not() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "12:00", 30).await;
    let other = world.a.new_patient("other").await;
    for slot in &slots {
        world.a.patient.books(slot).await;
    }
    let refusal = other.tries_to_book(&slots[1]).await.refused(409, "SLOT_TAKEN");
    assert_eq!(refusal["nextAvailable"], json!([]));
    world.pass(60);
    world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let refusal = other.tries_to_book(&slots[1]).await.refused(409, "SLOT_TAKEN");
    assert_eq!(refusal["nextAvailable"][0]["start"], "2030-12-05T10:00:00+05:30");
}

#[tokio::test]
async fn where_the_doctor_has_nothing_others_of_the_speciality_are_offered() {
    let world = World::new().await;
    let taken = world.a.doctor.sets_slots("2030-12-03", "10:00", "11:30", 30).await;
    let (vikram, sunita) =
        (world.a.new_doctor("vikram", "V").await, world.a.new_doctor("sunita", "S").await);
    let mut dentist = world.a.doctor_body("lata");
    dentist["speciality"] = json!("Dentistry");
    world.a.admin.post("/create/doctor", dentist).await.is(201);
    let dentist = world.visitor().activated(&world.a.address("lata"), &world.a.code).await;
    dentist.sets_slot("2030-12-03", "10:00").await;
    // Before the slot that is wanted, and in another hospital: neither is an alternative.
    vikram.sets_slot("2030-12-03", "09:00").await;
    world.b.doctor.sets_slot("2030-12-03", "10:00").await;
    let same_time = vikram.sets_slot("2030-12-03", "10:00").await;
    let later = sunita.sets_slot("2030-12-03", "12:00").await;
    sunita.sets_slot("2030-12-04", "12:00").await;
    let patients = world.a.new_patients(2).await;
    patients[0].books(&taken[0]).await;
    patients[0].books(&taken[1]).await;
    let refusal = patients[1].tries_to_book(&taken[0]).await.refused(409, "SLOT_TAKEN");
    let offered = |member: &str| -> Vec<String> {
        let slots = refusal[member].as_array().unwrap().iter();
        slots.map(|slot| text(slot, "/id")).collect()
    };
    assert_eq!(offered("nextAvailable"), [text(&taken[2], "/id")]);
    let expected = [&taken[2], &same_time, &later].map(|slot| text(slot, "/id"));
    assert_eq!(offered("alternatives"), expected);
    // What is offered can be had.
    patients[1].books(&same_time).await;
}

#[tokio::test]
async fn what_has_begun_is_not_booked() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "09:10").await;
    world.set("2030-12-02T09:10:00+05:30");
    world.a.patient.tries_to_book(&slot).await.refused(422, "SLOT_IN_PAST");
    world.set("2030-12-02T09:09:59+05:30");
    world.a.patient.books(&slot).await;
}

#[tokio::test]
async fn a_hold_that_ran_out_is_anybodys_also_the_same_patients() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "15:00", "16:00", 30).await;
    let first = world.a.patient.books(&slots[0]).await;
    let second = world.a.patient.books(&slots[1]).await;
    world.pass(600);
    let again = world.a.patient.books(&slots[0]).await;
    let other = world.a.new_patient("other").await;
    let others = other.books(&slots[1]).await;
    for (appointment, status) in [(&first, "expired"), (&second, "expired"), (&again, "held")] {
        assert_eq!(world.a.patient.status_of(appointment).await, status);
    }
    world.check().await;
    // The sweep finds the old ones and leaves the new ones alone.
    world.run(scheduled::Job::Holds).await;
    assert_eq!(world.a.patient.status_of(&again).await, "held");
    assert_eq!(other.status_of(&others).await, "held");
    world.check().await;
}

#[tokio::test]
async fn of_many_who_want_a_slot_whose_hold_ran_out_one_gets_it() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let patients = world.a.new_patients(6).await;
    patients[0].books(&slot).await;
    world.pass(600);
    let callers: Vec<&Actor> = patients.iter().cycle().take(30).collect();
    let (answers, _) = tokio::join!(
        join_all(callers.iter().map(|caller| caller.tries_to_book(&slot))),
        world.run(scheduled::Job::Holds),
    );
    assert_eq!(tally(&answers), expected(&[(201, "", 1), (409, "SLOT_TAKEN", 29)]));
    world.check().await;
}

#[tokio::test]
async fn without_a_fee_a_booking_stands_at_once() {
    let world = World::new().await;
    let mut body = world.a.doctor_body("free");
    body["fee"] = json!({ "amount": 0, "currency": "INR" });
    world.a.admin.post("/create/doctor", body).await.is(201);
    let doctor = world.visitor().activated(&world.a.address("free"), &world.a.code).await;
    let slot = doctor.sets_slot("2030-12-03", "10:00").await;
    let patient = &world.a.patient;
    let appointment = patient.books(&slot).await;
    assert_eq!(text(&appointment, "/status"), "confirmed");
    assert_eq!(appointment.get("holdExpiresAt"), None);
    world.pass(24 * 3600 - 7200);
    let patient = patient.becomes(
        &patient.post("/token/refresh", json!({ "refreshToken": patient.refresh })).await.is(200),
    );
    assert_eq!(patient.status_of(&appointment).await, "confirmed");
    let order =
        patient.post("/payment/create-order", json!({ "appointmentId": appointment["id"] })).await;
    order.refused(409, "NOTHING_TO_PAY");
    world.run(scheduled::Job::Effects).await;
    assert_eq!(world.mail().count(&patient.email, "appointment is confirmed").await, 1);
    let cancelled = patient.cancels(&appointment).await.is(200);
    assert_eq!(cancelled["refund"], Value::Null);
    world.check().await;
}

#[tokio::test]
async fn only_patients_book_and_only_with_known_members() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    for who in [&world.a.doctor, &world.a.admin, &world.admin] {
        who.tries_to_book(&slot).await.refused(403, "FORBIDDEN");
    }
    world.visitor().tries_to_book(&slot).await.refused(401, "UNAUTHENTICATED");
    let body = json!({ "slotId": slot["id"], "fee": { "amount": 1, "currency": "INR" }, "status": "confirmed" });
    let fields = world.a.patient.post("/slots/book", body).await.bad_fields();
    let unknown = |name: &str| (name.to_owned(), "UNKNOWN_FIELD".to_owned());
    assert_eq!(fields, [unknown("fee"), unknown("status")]);
    let body = json!({ "slotId": slot["id"], "reason": "x".repeat(501) });
    let fields = world.a.patient.post("/slots/book", body).await.bad_fields();
    assert_eq!(fields, [("reason".to_owned(), "LENGTH".to_owned())]);
    let body = json!({ "slotId": slot["id"], "reason": "  Follow-up <b>1</b> " });
    let booked = world.a.patient.post("/slots/book", body).await.is(201);
    assert_eq!(booked["appointment"]["reason"], "Follow-up <b>1</b>");
}

#[tokio::test]
async fn an_appointment_keeps_the_fee_it_was_booked_at() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    assert_eq!(appointment["fee"], json!({ "amount": 50_000, "currency": "INR" }));
    assert_eq!(appointment["doctor"]["name"], "Meera Nair");
    assert_eq!(appointment["doctor"]["speciality"], "Cardiology");
    assert_eq!(appointment["patient"]["identifier"], "MRN-00042");
    assert_eq!(appointment["createdAt"], "2030-12-02T09:00:00+05:30");
}

#[tokio::test]
async fn a_hold_ends_when_its_slot_begins_but_leaves_ten_minutes_to_pay() {
    let world = World::new().await;
    let rules = json!({ "minNoticeMinutes": 0, "maxDaysAhead": 366, "holdMinutes": 1440 });
    world.a.admin.patch("/hospital", json!({ "booking": rules })).await.is(200);
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    for (slot, now, until) in [
        (&slots[0], "2030-12-05T09:00:00+05:30", "2030-12-05T10:00:00+05:30"),
        (&slots[1], "2030-12-05T10:25:00+05:30", "2030-12-05T10:35:00+05:30"),
    ] {
        world.set(now);
        let held = world.a.patient.comes_back().await.books(slot).await;
        assert_eq!(held["holdExpiresAt"], until);
        let kept = doc! { "_id": text(slot, "/id") };
        let kept = world.books().find("slots", kept).await;
        let appointment = world.books().appointment(&text(&held, "/id")).await;
        assert_eq!(kept[0].get("holdExpiresAt"), appointment.get("holdExpiresAt"));
    }
}
