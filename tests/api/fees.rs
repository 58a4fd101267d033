//! What visits cost: by doctor, by kind, and less for a follow-up, of which nobody gets more than
//! the terms say.

use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, number, text},
    world::World,
};

/// The hospital sets the doctor's fees: ₹500, a procedure ₹900, and free follow-ups.
async fn sets_fees(world: &World, within_days: u32, visits: u32) -> Value {
    let body = json!({
        "fee": { "amount": 50_000, "currency": "INR" },
        "visitFees": [{ "visitType": "procedure", "fee": { "amount": 90_000, "currency": "INR" } }],
        "followUp": {
            "fee": { "amount": 0, "currency": "INR" }, "withinDays": within_days, "visits": visits,
        },
    });
    world.a.admin.put(path(world), body).await.is(200)
}

fn path(world: &World) -> String {
    format!("/doctors/{}/fees", world.a.doctor.account)
}

async fn quote(who: &Actor, slot: &Value) -> Value {
    who.get(format!("/fees/quote?slotId={}", text(slot, "/id"))).await.is(200)
}

/// The patient came to the doctor at two past nine.
async fn seen(world: &World, patient: &Actor) -> Value {
    let slot = world.a.doctor.sets_slot("2030-12-02", "09:02").await;
    let visit = patient.books_and_pays(&slot).await;
    world.set("2030-12-02T09:03:00+05:30");
    let path = format!("/appointments/{}/check-in", text(&visit, "/id"));
    world.a.doctor.act(path).await.is(200);
    visit
}

#[tokio::test]
async fn a_doctors_fees_are_set_shown_and_kept_by_the_slots_that_are_published() {
    let world = World::new().await;
    let (admin, doctor, patient) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    let before = doctor.sets_slot("2030-12-05", "10:00").await;
    let fees = sets_fees(&world, 7, 1).await;
    assert_eq!(fees["visitFees"][0]["fee"]["amount"], 90_000);
    for who in [admin, doctor, patient] {
        assert_eq!(who.get(path(&world)).await.is(200), fees);
    }
    let after = doctor.sets_slot("2030-12-05", "11:00").await;
    let ask = async |slot: &Value| {
        let target = format!("/fees/quote?visitType=procedure&slotId={}", text(slot, "/id"));
        patient.get(target).await
    };
    ask(&before).await.refused(422, "VALIDATION_FAILED");
    let quote = ask(&after).await.is(200);
    assert_eq!((number(&quote, "/fee/amount"), &quote["followUp"]), (90_000, &Value::Null));
    assert_eq!(quote["rule"], "the doctor's fee for a procedure");
    let body = json!({ "slotId": after["id"], "visitType": "procedure" });
    let booked = patient.post("/slots/book", body).await.is(201)["appointment"].clone();
    assert_eq!(number(&booked, "/fee/amount"), 90_000);
    assert_eq!(booked["visitType"], "procedure");
    let body = json!({ "appointmentId": booked["id"] });
    let order = patient.post("/payment/create-order", body).await.is(201);
    assert_eq!(number(&order, "/amount"), 90_000);
    let body = json!({ "slotId": before["id"], "visitType": "home_visit" });
    let refusal = patient.post("/slots/book", body).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(refusal["errors"][0]["code"], "VISIT_TYPE_NOT_OFFERED");
    world.check().await;
}

#[tokio::test]
async fn what_is_offered_instead_offers_that_kind_of_visit() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    colleague.sets_slot("2030-12-05", "15:00").await;
    let plain = doctor.sets_slot("2030-12-05", "12:00").await;
    sets_fees(&world, 7, 1).await;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let later = doctor.sets_slot("2030-12-06", "10:00").await;
    let other = world.a.new_patient("other").await;
    let taken = other.books(&slots[0]).await;
    let body = |kind: &str| json!({ "slotId": slots[0]["id"], "visitType": kind });
    let offered = async |kind: &str| {
        let refusal = patient.post("/slots/book", body(kind)).await.refused(409, "SLOT_TAKEN");
        let ids = |list: &str| -> Vec<Value> {
            refusal[list].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
        };
        (ids("nextAvailable"), ids("alternatives"))
    };
    let fit = vec![slots[1]["id"].clone(), later["id"].clone()];
    assert_eq!(offered("procedure").await, (fit.clone(), fit));
    assert!(offered("consultation").await.0.contains(&plain["id"]));
    other.cancels(&taken).await.is(200);
    // So it is for whom the doctor asks to choose, for he is away.
    let body = json!({ "slotId": slots[0]["id"], "visitType": "procedure" });
    patient.post("/slots/book", body).await.is(201);
    let held = patient.get("/appointments").await.is(200)["items"][0].clone();
    patient.pays(&held).await;
    let away = json!({ "from": "2030-12-05T09:00:00+05:30", "to": "2030-12-05T11:00:00+05:30" });
    doctor.post("/doctor/leave", away).await.is(201);
    world.run(Job::Leave).await;
    world.run(Job::Effects).await;
    let link = crate::leave::link(&world, patient).await;
    let offer = world.visitor().get(format!("/leave/offer?link={link}")).await.is(200);
    let instead = offer["alternatives"].as_array().unwrap();
    assert_eq!(instead.len(), 1, "{offer}");
    let choice = json!({ "link": link, "slotId": later["id"] });
    world.visitor().post("/leave/accept", choice).await.is(200);
    world.check().await;
}

#[tokio::test]
async fn a_follow_up_is_free_once_used_on_booking_and_given_back_on_cancelling() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    sets_fees(&world, 7, 1).await;
    let slots = doctor.sets_slots("2030-12-09", "10:00", "12:00", 30).await;
    let late = doctor.sets_slot("2030-12-10", "10:00").await;
    assert_eq!(number(&quote(patient, &slots[0]).await, "/fee/amount"), 50_000);
    let visit = seen(&world, patient).await;
    let said = quote(patient, &slots[0]).await;
    assert_eq!((number(&said, "/fee/amount"), number(&said, "/fullFee/amount")), (0, 50_000));
    let which = json!({ "of": visit["id"], "number": 1, "ofVisits": 1, "until": "2030-12-09" });
    assert_eq!(said["followUp"], which);
    assert_eq!(said["rule"], "follow-up 1 of 1 of an earlier consultation, until 2030-12-09");
    assert_eq!(number(&quote(patient, &late).await, "/fee/amount"), 50_000);

    let first = patient.books(&slots[0]).await;
    assert_eq!((&first["status"], &first["followUpOf"]), (&json!("confirmed"), &visit["id"]));
    assert_eq!(number(&quote(patient, &slots[1]).await, "/fee/amount"), 50_000);
    patient.cancels(&first).await.is(200);
    assert_eq!(number(&quote(patient, &slots[1]).await, "/fee/amount"), 0);
    let second = patient.books(&slots[1]).await;
    assert_eq!(second["status"], "confirmed");
    let third = patient.books(&slots[2]).await;
    assert_eq!((&third["status"], number(&third, "/fee/amount")), (&json!("held"), 50_000));
    assert_eq!(third["followUpOf"], Value::Null);
    // With the same doctor it is moved for nothing until its last day, and not beyond.
    let target = format!("/appointments/{}/reschedule", text(&second, "/id"));
    patient.post(&*target, json!({ "slotId": slots[3]["id"] })).await.is(200);
    let beyond = json!({ "slotId": late["id"] });
    patient.post(&*target, beyond.clone()).await.refused(409, "SLOT_COSTS_MORE");
    world.a.admin.post(&*target, beyond).await.is(200);
    world.check().await;
}

#[tokio::test]
async fn a_follow_up_that_is_moved_to_another_doctor_is_to_be_had_again() {
    let world = World::new().await;
    let (doctor, patient, admin) = (&world.a.doctor, &world.a.patient, &world.a.admin);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    sets_fees(&world, 7, 1).await;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let theirs = colleague.sets_slot("2030-12-05", "12:00").await;
    let visit = seen(&world, patient).await;
    let first = patient.books(&slots[0]).await;
    assert_eq!((&first["status"], &first["followUpOf"]), (&json!("confirmed"), &visit["id"]));
    assert_eq!(number(&quote(patient, &slots[1]).await, "/fee/amount"), 50_000);
    let target = format!("/appointments/{}/reschedule", text(&first, "/id"));
    let moved = admin.post(target, json!({ "slotId": theirs["id"] })).await.is(200);
    // What was promised for it stays, and it follows nothing any more.
    let now = &moved["appointment"];
    assert_eq!((number(now, "/fee/amount"), &now["followUpOf"]), (0, &Value::Null));
    let said = quote(patient, &slots[1]).await;
    assert_eq!((number(&said, "/fee/amount"), number(&said, "/followUp/number")), (0, 1));
    let again = patient.books(&slots[1]).await;
    assert_eq!((&again["status"], &again["followUpOf"]), (&json!("confirmed"), &visit["id"]));
    world.check().await;
}

#[tokio::test]
async fn a_number_that_is_used_at_another_doctor_is_seen_and_locks_nobody_out() {
    let world = World::new().await;
    let (doctor, patient, admin) = (&world.a.doctor, &world.a.patient, &world.a.admin);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    sets_fees(&world, 7, 2).await;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:30", 30).await;
    let visit = seen(&world, patient).await;
    let first = patient.books(&slots[0]).await;
    // As a visit was left that was moved before numbers were given back.
    let (of, to) = (doc! { "_id": text(&first, "/id") }, doc! { "doctor.id": &colleague.account });
    world.books().change("appointments", of, doc! { "$set": to }).await;
    let today = format!("/fees/quote?doctorId={}", doctor.account);
    for said in [quote(patient, &slots[1]).await, patient.get(today).await.is(200)] {
        assert_eq!((number(&said, "/fee/amount"), number(&said, "/followUp/number")), (0, 2));
    }
    let second = patient.books(&slots[1]).await;
    assert_eq!((&second["status"], &second["followUpOf"]), (&json!("confirmed"), &visit["id"]));
    // With the colleague he has had no consultation.
    let fees = json!({
        "fee": { "amount": 50_000, "currency": "INR" },
        "followUp": { "fee": { "amount": 0, "currency": "INR" }, "withinDays": 7, "visits": 2 },
    });
    admin.put(format!("/doctors/{}/fees", colleague.account), fees).await.is(200);
    let theirs = colleague.sets_slot("2030-12-05", "15:00").await;
    assert_eq!(number(&quote(patient, &theirs).await, "/fee/amount"), 50_000);
    // Both are used: who comes once more pays, and is refused nothing.
    let third = patient.books(&slots[2]).await;
    assert_eq!((&third["status"], number(&third, "/fee/amount")), (&json!("held"), 50_000));
    world.check().await;
}

#[tokio::test]
async fn it_is_the_patients_own_and_no_other_persons_of_the_account() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    sets_fees(&world, 7, 1).await;
    let slot = doctor.sets_slot("2030-12-05", "10:00").await;
    seen(&world, patient).await;
    let mut child = world.a.patient_body("child", "MRN-CHILD");
    child["email"] = json!(patient.email);
    let child = world.a.admin.post("/create/patient", child).await.is(201);
    let ask = |who: &str| format!("/fees/quote?slotId={}&patientId={who}", text(&slot, "/id"));
    let own = patient.get(ask(&patient.patient)).await.is(200);
    let childs = patient.get(ask(&text(&child, "/id"))).await.is(200);
    assert_eq!((number(&own, "/fee/amount"), number(&childs, "/fee/amount")), (0, 50_000));
    // The desk and the doctor ask for a patient they name, and get the same answer.
    for who in [&world.a.admin, doctor] {
        assert_eq!(who.get(ask(&patient.patient)).await.is(200), own);
        let unnamed = format!("/fees/quote?slotId={}", text(&slot, "/id"));
        who.get(unnamed).await.refused(422, "VALIDATION_FAILED");
    }
    let today = format!("/fees/quote?doctorId={}&patientId={}", doctor.account, patient.patient);
    assert_eq!(number(&patient.get(&*today).await.is(200), "/fee/amount"), 0);
    patient
        .get(format!("{today}&slotId={}", text(&slot, "/id")))
        .await
        .refused(422, "VALIDATION_FAILED");
    for who in [&world.b.patient, &world.b.admin, &world.b.doctor] {
        who.get(ask(&patient.patient)).await.refused(404, "NOT_FOUND");
        who.get(&*today).await.refused(404, "NOT_FOUND");
    }
    world.b.admin.get(path(&world)).await.refused(404, "NOT_FOUND");
    let body = json!({ "fee": { "amount": 0, "currency": "INR" } });
    world.b.admin.put(path(&world), body.clone()).await.refused(404, "NOT_FOUND");
    for who in [doctor, patient] {
        who.put(path(&world), body.clone()).await.refused(403, "FORBIDDEN");
    }
    let own_account = format!("/doctors/{}/fees", patient.account);
    world.a.admin.put(own_account, body).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn fees_that_make_no_sense_are_refused_field_by_field() {
    let world = World::new().await;
    let inr = |amount: i64| json!({ "amount": amount, "currency": "INR" });
    let usd = json!({ "amount": 500, "currency": "USD" });
    let rule = |fee: Value, days: i64, visits: i64| json!({ "fee": fee, "withinDays": days, "visits": visits });
    let kind = |name: &str| json!({ "visitType": name, "fee": inr(500) });
    for (body, field) in [
        (json!({ "fee": usd }), "fee.currency"),
        (json!({ "fee": inr(500), "visitFees": [kind("consultation")] }), "visitFees"),
        (
            json!({ "fee": inr(500), "visitFees": [kind("procedure"), kind("procedure")] }),
            "visitFees",
        ),
        (json!({ "fee": inr(500), "visitFees": [kind("surgery")] }), "visitFees[0].visitType"),
        (json!({ "fee": inr(500), "followUp": rule(inr(500), 7, 1) }), "followUp.fee"),
        (json!({ "fee": inr(500), "followUp": rule(usd, 7, 1) }), "followUp.fee.currency"),
        (json!({ "fee": inr(500), "followUp": rule(inr(0), 0, 1) }), "followUp.withinDays"),
        (json!({ "fee": inr(500), "followUp": rule(inr(0), 366, 1) }), "followUp.withinDays"),
        (json!({ "fee": inr(500), "followUp": rule(inr(0), 7, 21) }), "followUp.visits"),
    ] {
        let refusal = world.a.admin.put(path(&world), body).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refusal["errors"][0]["field"], field, "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_no_more_are_free_than_the_terms_say() {
    for visits in [1, 2] {
        let world = World::with_instances(8).await;
        let patient = &world.a.patient;
        sets_fees(&world, 7, visits).await;
        let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "14:00", 30).await;
        seen(&world, patient).await;
        let callers: Vec<Actor> = slots.iter().map(|_| patient.elsewhere()).collect();
        let tries = callers.iter().zip(&slots).map(|(caller, slot)| caller.tries_to_book(slot));
        let answers = join_all(tries).await;
        let booked: Vec<&Value> = answers
            .iter()
            .filter(|one| one.status == 201)
            .map(|one| &one.body["appointment"])
            .collect();
        for answer in answers.iter().filter(|one| one.status != 201) {
            assert_eq!((answer.status, answer.code()), (409, "CONFLICT"), "{}", answer.text);
        }
        let free = booked.iter().filter(|one| number(one, "/fee/amount") == 0).count();
        assert_eq!(free, visits as usize, "{booked:?}");
        assert!(booked.len() > free, "who comes later pays");
        // A hold that runs out gives nothing back that it did not have.
        world.pass(600);
        let other = world.a.doctor.sets_slot("2030-12-05", "15:00").await;
        assert_eq!(number(&quote(patient, &other).await, "/fee/amount"), 50_000);
        world.check().await;
    }
}

#[tokio::test]
async fn a_reduced_follow_up_that_is_not_paid_in_time_is_there_again() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let body = json!({
        "fee": { "amount": 50_000, "currency": "INR" },
        "followUp": {
            "fee": { "amount": 20_000, "currency": "INR" }, "withinDays": 7, "visits": 1,
        },
    });
    world.a.admin.put(path(&world), body).await.is(200);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:30", 30).await;
    seen(&world, patient).await;
    let held = patient.books(&slots[0]).await;
    assert_eq!(number(&held, "/fee/amount"), 20_000);
    let order = patient.orders(&held).await;
    assert_eq!(number(&quote(patient, &slots[1]).await, "/fee/amount"), 50_000);
    world.pass(600);
    let again = patient.books(&slots[1]).await;
    assert_eq!(number(&again, "/fee/amount"), 20_000);
    patient.pays(&again).await;
    // The first is paid after all, too late: the follow-up is another visit's by now, and the money
    // goes back though the slot is free.
    let callback = world.razorpay().checkout(&order, "captured").await;
    let late = patient.post("/payment/verify", callback).await.is(200);
    assert_eq!(late["appointment"]["status"], "expired");
    world.run(Job::Effects).await;
    let refunds = world.razorpay().refunds_of(&text(&late, "/payment/id")).await;
    assert_eq!(number(&refunds[0], "/amount"), 20_000);
    world.check().await;
}

#[tokio::test]
async fn who_is_there_early_has_no_follow_up_before_his_visit_begins() {
    let world = World::new().await;
    let (admin, doctor, patient) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    sets_fees(&world, 7, 1).await;
    let slot = doctor.sets_slot("2030-12-02", "15:00").await;
    let later = doctor.sets_slot("2030-12-03", "10:00").await;
    let visit = patient.books_and_pays(&slot).await;
    admin.act(format!("/appointments/{}/check-in", text(&visit, "/id"))).await.is(200);
    assert_eq!(number(&quote(patient, &later).await, "/fee/amount"), 50_000);
    world.set("2030-12-02T15:00:00+05:30");
    let patient = patient.refreshed().await;
    assert_eq!(number(&quote(&patient, &later).await, "/fee/amount"), 0);
}
