//! An appointment is moved to another slot: both or neither, and its money goes with it.

use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, number, text},
    answer::Answer,
    world::World,
};

async fn moves(who: &Actor, appointment: &Value, slot: &Value) -> Answer {
    let path = format!("/appointments/{}/reschedule", text(appointment, "/id"));
    who.post(path, json!({ "slotId": slot["id"] })).await
}

/// How much of what he paid cancelling gives a patient back, in a hundred.
async fn gives_back(patient: &Actor, appointment: &Value) -> i64 {
    let path = format!("/appointments/{}/cancel-quote", text(appointment, "/id"));
    number(&patient.get(path).await.is(200), "/percent")
}

/// A doctor of this fee, in paise.
async fn doctor_for(world: &World, local_part: &str, fee: i64) -> Actor {
    let mut body = world.a.doctor_body(local_part);
    body["fee"] = json!({ "amount": fee, "currency": "INR" });
    world.a.admin.post("/create/doctor", body).await.is(201);
    world.visitor().activated(&world.a.address(local_part), &world.a.code).await
}

#[tokio::test]
async fn it_keeps_its_id_and_its_payment_and_leaves_the_old_slot_open() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let appointment = patient.books_and_pays(&slots[0]).await;
    world.run(Job::Effects).await;
    let path = format!("/appointments/{}/reschedule", text(&appointment, "/id"));
    let before = world.books().everything().await;
    let body = json!({ "slotId": slots[1]["id"], "dryRun": true });
    let asked = patient.post(&*path, body).await.is(200);
    assert_eq!((&asked["slotFee"], &asked["refund"]), (&slots[1]["fee"], &Value::Null));
    assert_eq!(asked["appointment"]["start"], appointment["start"]);
    assert_eq!(world.books().everything().await, before);

    let body = json!({ "slotId": slots[1]["id"], "reason": "A later train" });
    let moved = patient.post(&*path, body.clone()).await.is(200);
    let now = &moved["appointment"];
    assert_eq!((&now["id"], &now["start"]), (&appointment["id"], &slots[1]["start"]));
    assert_eq!((&now["status"], &now["payment"]), (&json!("confirmed"), &appointment["payment"]));
    let step = now["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&step["what"], &step["from"]), (&json!("rescheduled"), &appointment["start"]));
    assert_eq!(step["reason"], "A later train");
    assert_eq!(patient.post(&*path, body).await.is(200)["appointment"], *now);
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&slots[0], "/id")]);
    world.run(Job::Effects).await;
    assert_eq!(world.mail().count(&patient.email, "appointment was moved").await, 1);
    let other = world.a.new_patient("other").await;
    other.books_and_pays(&slots[0]).await;
    // What is held elsewhere by now is not taken with it.
    patient.cancels(&appointment).await.is(200);
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&slots[1], "/id")]);
    world.check().await;
}

#[tokio::test]
async fn what_is_held_is_moved_with_its_hold_and_paid_there() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:30", 30).await;
    let held = patient.books(&slots[0]).await;
    let order = patient.orders(&held).await;
    world.pass(60);
    let moved = moves(patient, &held, &slots[1]).await.is(200);
    assert_eq!(moved["appointment"]["holdExpiresAt"], held["holdExpiresAt"]);
    assert_eq!(patient.orders(&held).await, order);
    let paid = patient.pays(&held).await;
    assert_eq!(paid["appointment"]["start"], slots[1]["start"]);
    world.check().await;
    // One that ran out holds nothing that could be moved.
    let other = world.a.new_patient("other").await;
    let late = other.books(&slots[0]).await;
    world.pass(600);
    moves(&other, &late, &slots[2]).await.refused(409, "HOLD_EXPIRED");
    world.check().await;
}

#[tokio::test]
async fn of_many_who_book_a_slot_or_move_to_it_one_gets_it_and_the_others_keep_what_they_had() {
    for round in 0..3 {
        let world = World::new().await;
        let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "12:30", 30).await;
        let patients = world.a.new_patients(8).await;
        let mut booked = Vec::new();
        for (patient, slot) in patients.iter().zip(&slots).take(4) {
            booked.push(patient.books_and_pays(slot).await);
        }
        let target = &slots[4];
        let moving = patients.iter().zip(&booked).map(|(patient, own)| moves(patient, own, target));
        let booking = patients.iter().skip(4).map(|patient| patient.tries_to_book(target));
        let (moved, new) = tokio::join!(join_all(moving), join_all(booking));
        let won = moved.iter().filter(|answer| answer.status == 200).count()
            + new.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(won, 1, "round {round}");
        for (own, answer) in booked.iter().zip(&moved).filter(|(_, answer)| answer.status != 200) {
            assert_eq!(answer.code(), "SLOT_TAKEN");
            assert!(answer.body["alternatives"].is_array());
            assert_eq!(world.a.doctor.sees(own).await["slotId"], own["slotId"]);
        }
        world.check().await;
        // Two who would change places do not, for neither place is free; nor is anything lost.
        let (one, two) = (&booked[0], &booked[1]);
        let (first, second) =
            tokio::join!(moves(&patients[0], one, &slots[1]), moves(&patients[1], two, &slots[0]),);
        for answer in [first, second] {
            answer.is_one_of(&[200, 409]);
        }
        world.check().await;
    }
}

#[tokio::test]
async fn moving_races_cancelling_and_checking_in() {
    for seed in 0..4 {
        let world = World::new().await;
        let slots = world.a.doctor.sets_slots("2030-12-02", "10:00", "12:00", 30).await;
        let appointment = world.a.patient.books_and_pays(&slots[0]).await;
        let path = format!("/appointments/{}/check-in", text(&appointment, "/id"));
        let (moved, cancelled, checked_in, again) = tokio::join!(
            moves(&world.a.patient, &appointment, &slots[1]),
            async {
                if seed % 2 == 0 { Some(world.a.admin.cancels(&appointment).await) } else { None }
            },
            world.a.doctor.act(path),
            moves(&world.a.admin, &appointment, &slots[2]),
        );
        for answer in [moved, checked_in, again].into_iter().chain(cancelled) {
            answer.is_one_of(&[200, 409]);
        }
        world.check().await;
    }
}

#[tokio::test]
async fn a_cheaper_slot_gives_the_difference_back_and_a_dearer_one_is_not_charged_for() {
    let world = World::new().await;
    let (patient, admin) = (&world.a.patient, &world.a.admin);
    let cheap = doctor_for(&world, "cheap", 30_000).await;
    let dear = doctor_for(&world, "dear", 80_000).await;
    let own = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let cheaper = cheap.sets_slot("2030-12-05", "11:00").await;
    let dearer = dear.sets_slot("2030-12-05", "12:00").await;
    let appointment = patient.books_and_pays(&own).await;
    let refusal = moves(patient, &appointment, &dearer).await.refused(409, "SLOT_COSTS_MORE");
    assert_eq!(refusal["difference"], json!({ "amount": 30_000, "currency": "INR" }));
    let moved = moves(patient, &appointment, &cheaper).await.is(200);
    let difference = json!({ "amount": 20_000, "currency": "INR" });
    assert_eq!((&moved["refund"], &moved["slotFee"]), (&difference, &cheaper["fee"]));
    assert_eq!(moved["appointment"]["fee"], cheaper["fee"]);
    assert_eq!(moved["appointment"]["doctor"]["id"], json!(cheap.account));
    for _ in 0..2 {
        world.run(Job::Effects).await;
    }
    let mails = world.mail().to(&patient.email).await;
    let told = mails.iter().find(|mail| mail.text.contains("the difference goes back"));
    assert!(told.is_some_and(|mail| mail.text.contains("₹200.00")));
    let payment = text(&appointment, "/payment/paymentId");
    let back = async || -> Vec<i64> {
        let refunds = world.razorpay().refunds_of(&payment).await;
        refunds.iter().map(|refund| number(refund, "/amount")).collect()
    };
    assert_eq!(back().await, [20_000]);
    // The hospital moves him, and he pays nothing more.
    let moved = moves(admin, &appointment, &dearer).await.is(200);
    assert_eq!((&moved["refund"], &moved["appointment"]["fee"]), (&Value::Null, &cheaper["fee"]));
    world.check().await;
    let cancelled = admin.cancels(&appointment).await.is(200);
    assert_eq!(number(&cancelled, "/refund/amount"), 30_000);
    assert_eq!(back().await.iter().sum::<i64>(), 50_000);
    world.check().await;
    // What is not paid is paid for what it was booked at.
    let held = world.a.new_patient("other").await;
    let appointment = held.books(&own).await;
    moves(&held, &appointment, &cheaper).await.refused(409, "FEE_DIFFERS");
}

#[tokio::test]
async fn who_does_not_come_to_a_cheaper_slot_gets_his_part_of_what_that_cost() {
    let world = World::new().await;
    let terms = json!({ "tiers": [], "noShowPercent": 50 });
    world.a.admin.patch("/hospital", json!({ "cancellation": terms })).await.is(200);
    let cheap = doctor_for(&world, "cheap", 30_000).await;
    let own = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let cheaper = cheap.sets_slot("2030-12-02", "16:00").await;
    let appointment = world.a.patient.books_and_pays(&own).await;
    moves(&world.a.admin, &appointment, &cheaper).await.is(200);
    world.set("2030-12-02T16:10:00+05:30");
    let cheap = cheap.comes_back().await;
    let path = |what: &str| format!("/appointments/{}/{what}", text(&appointment, "/id"));
    for _ in 0..2 {
        let noted = cheap.act(path("no-show")).await.is(200);
        assert_eq!(noted["refund"], json!({ "amount": 15_000, "currency": "INR" }));
        cheap.act(path("undo")).await.is(200);
    }
    cheap.act(path("no-show")).await.is(200);
    world.set("2030-12-03T00:00:00+05:30");
    for _ in 0..3 {
        world.run(Job::Effects).await;
        world.check().await;
    }
    let payment = text(&appointment, "/payment/paymentId");
    let refunds = world.razorpay().refunds_of(&payment).await;
    let mut back: Vec<i64> = refunds.iter().map(|refund| number(refund, "/amount")).collect();
    back.sort_unstable();
    assert_eq!(back, [15_000, 20_000]);
}

#[tokio::test]
async fn moving_does_not_better_the_terms() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let near = world.a.doctor.sets_slots("2030-12-02", "10:00", "11:00", 30).await;
    let far = world.a.doctor.sets_slots("2030-12-20", "10:00", "11:00", 30).await;
    // It is nine: cancelling gives nothing any more.
    let late = patient.books_and_pays(&near[0]).await;
    assert_eq!(gives_back(patient, &late).await, 0);
    moves(patient, &late, &far[0]).await.is(200);
    assert_eq!(gives_back(patient, &late).await, 0);
    let cancelled = patient.cancels(&late).await.is(200);
    assert_eq!(cancelled["refund"], Value::Null);
    // Where the hospital moves him, the terms are those of the new time.
    let early = patient.books_and_pays(&near[1]).await;
    moves(&world.a.admin, &early, &far[1]).await.is(200);
    assert_eq!(gives_back(patient, &early).await, 100);
    world.check().await;
}

#[tokio::test]
async fn who_has_paid_nothing_yet_moves_without_losing_anything() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let near = world.a.doctor.sets_slot("2030-12-02", "10:30").await;
    let far = world.a.doctor.sets_slot("2030-12-20", "10:00").await;
    let held = patient.books(&near).await;
    moves(patient, &held, &far).await.is(200);
    patient.pays(&held).await;
    let cancelled = patient.cancels(&held).await.is(200);
    assert_eq!(number(&cancelled, "/refund/amount"), 50_000);
    world.check().await;
}

#[tokio::test]
async fn who_is_moved_by_others_keeps_his_right_to_his_money() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let near = world.a.doctor.sets_slots("2030-12-02", "10:00", "11:00", 30).await;
    let far = world.a.doctor.sets_slots("2030-12-20", "10:00", "11:00", 30).await;
    let moved = patient.books_and_pays(&far[0]).await;
    moves(&world.a.doctor, &moved, &near[0]).await.is(200);
    assert_eq!(gives_back(patient, &moved).await, 100);
    // Where he moves it himself after that, he goes by the terms of the time he takes.
    moves(patient, &moved, &near[1]).await.is(200);
    assert_eq!(gives_back(patient, &moved).await, 0);
    let other = patient.books_and_pays(&far[1]).await;
    moves(&world.a.admin, &other, &near[0]).await.is(200);
    let cancelled = patient.cancels(&other).await.is(200);
    assert_eq!(number(&cancelled, "/refund/amount"), 50_000);
    world.check().await;
}

#[tokio::test]
async fn a_hold_does_not_outlast_the_start_it_is_moved_to() {
    let world = World::new().await;
    let rules = json!({ "minNoticeMinutes": 0, "maxDaysAhead": 366, "holdMinutes": 1440 });
    world.a.admin.patch("/hospital", json!({ "booking": rules })).await.is(200);
    let far = world.a.doctor.sets_slot("2030-12-20", "10:00").await;
    let soon = world.a.doctor.sets_slots("2030-12-02", "09:05", "10:05", 30).await;
    let held = world.a.patient.books(&far).await;
    assert_eq!(held["holdExpiresAt"], "2030-12-03T09:00:00+05:30");
    let moved = moves(&world.a.patient, &held, &soon[1]).await.is(200);
    assert_eq!(moved["appointment"]["holdExpiresAt"], "2030-12-02T09:35:00+05:30");
    // There is time to pay all the same.
    let moved = moves(&world.a.patient, &held, &soon[0]).await.is(200);
    assert_eq!(moved["appointment"]["holdExpiresAt"], "2030-12-02T09:10:00+05:30");
    world.pass(600);
    world.a.new_patient("other").await.tries_to_book(&soon[0]).await.refused(422, "SLOT_IN_PAST");
    world.check().await;
}

#[tokio::test]
async fn who_moves_what_and_where_to() {
    let world = World::new().await;
    let (doctor, patient, admin) = (&world.a.doctor, &world.a.patient, &world.a.admin);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let own = doctor.sets_slots("2030-12-02", "09:30", "11:00", 30).await;
    let theirs = colleague.sets_slots("2030-12-02", "11:00", "12:00", 30).await;
    let foreign = world.b.doctor.sets_slot("2030-12-02", "11:00").await;
    let appointment = patient.books_and_pays(&own[0]).await;
    moves(patient, &appointment, &foreign).await.refused(404, "NOT_FOUND");
    for who in [&colleague, &world.b.patient, &world.b.admin, &world.a.new_patient("x").await] {
        moves(who, &appointment, &own[1]).await.refused(404, "NOT_FOUND");
    }
    moves(&world.admin, &appointment, &own[1]).await.refused(403, "FORBIDDEN");
    // A doctor gives away his own time; the hospital anybody's.
    moves(doctor, &appointment, &theirs[0]).await.refused(404, "NOT_FOUND");
    moves(doctor, &appointment, &own[1]).await.is(200);
    moves(admin, &appointment, &theirs[0]).await.is(200);
    moves(doctor, &appointment, &own[0]).await.refused(404, "NOT_FOUND");
    let elsewhere = doctor.sets_slot("2030-12-02", "11:00").await;
    patient.books(&own[0]).await;
    moves(patient, &appointment, &elsewhere).await.is(200);
    moves(patient, &appointment, &own[0]).await.refused(409, "SLOT_TAKEN");
    let other = patient.books(&theirs[1]).await;
    moves(patient, &other, &theirs[0]).await.refused(409, "PATIENT_BUSY");
    // What has begun is no longer the patient's to move, and who is there is not moved.
    world.set("2030-12-02T11:05:00+05:30");
    let (patient, doctor) = (patient.comes_back().await, doctor.comes_back().await);
    let tomorrow = doctor.sets_slot("2030-12-03", "10:00").await;
    moves(&patient, &appointment, &tomorrow).await.refused(409, "ALREADY_STARTED");
    moves(&doctor, &appointment, &own[0]).await.refused(422, "SLOT_IN_PAST");
    let path = format!("/appointments/{}", text(&appointment, "/id"));
    doctor.act(format!("{path}/check-in")).await.is(200);
    moves(&doctor, &appointment, &tomorrow).await.refused(409, "NOT_MOVABLE");
    doctor.act(format!("{path}/undo")).await.is(200);
    moves(&doctor, &appointment, &tomorrow).await.is(200);
    world.check().await;
}
