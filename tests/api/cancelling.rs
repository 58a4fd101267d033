//! An appointment is called off: the slot is open again, and what the terms give back goes back.

use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{
    actor::{Actor, ids, number, text},
    world::World,
};

/// A paid appointment on 3 December at 10:00.
async fn paid(world: &World) -> Value {
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    world.a.patient.books_and_pays(&slot).await
}

async fn quote(who: &Actor, appointment: &Value) -> Value {
    who.get(format!("/appointments/{}/cancel-quote", text(appointment, "/id"))).await.is(200)
}

#[tokio::test]
async fn a_patient_gets_back_what_the_terms_say() {
    let world = World::new().await;
    let mut people = People::of(&world);
    for (day, at, percent, rule) in [
        ("2030-12-03", "2030-12-02T10:00:00+05:30", 100, "100 % until 24 hours before the start"),
        ("2030-12-04", "2030-12-03T10:00:01+05:30", 50, "50 % until 2 hours before the start"),
        ("2030-12-05", "2030-12-05T08:00:00+05:30", 50, "50 % until 2 hours before the start"),
        ("2030-12-06", "2030-12-06T08:00:01+05:30", 0, "no refund this close to the start"),
        ("2030-12-07", "2030-12-07T09:59:59+05:30", 0, "no refund this close to the start"),
    ] {
        let appointment = people.paid_until(&world, day, at).await;
        let patient = &people.0[1];
        let payment = text(&appointment, "/payment/paymentId");
        let amount = 500 * percent;
        let quoted = quote(patient, &appointment).await;
        let expected = json!({ "refund": { "amount": amount, "currency": "INR" }, "percent": percent, "rule": rule });
        assert_eq!(quoted, expected, "{at}");
        let cancelled = patient.cancels(&appointment).await.is(200);
        let refunds = world.razorpay().refunds_of(&payment).await;
        if percent == 0 {
            assert_eq!(cancelled["refund"], Value::Null);
            assert!(refunds.is_empty());
        } else {
            assert_eq!(number(&cancelled, "/refund/amount"), amount);
            assert_eq!(
                refunds.iter().map(|refund| number(refund, "/amount")).collect::<Vec<_>>(),
                [amount]
            );
        }
    }
    world.check().await;
}

#[tokio::test]
async fn doctor_and_hospital_give_everything_back_at_any_time() {
    let world = World::new().await;
    let mut people = People::of(&world);
    for (day, at, who) in [
        ("2030-12-03", "2030-12-03T09:59:59+05:30", 0),
        ("2030-12-04", "2030-12-04T10:15:00+05:30", 0),
        ("2030-12-05", "2030-12-05T09:59:59+05:30", 2),
        ("2030-12-06", "2030-12-06T10:15:00+05:30", 2),
    ] {
        let appointment = people.paid_until(&world, day, at).await;
        let who = &people.0[who];
        assert_eq!(quote(who, &appointment).await["percent"], 100);
        let cancelled = who.cancels(&appointment).await.is(200);
        assert_eq!(number(&cancelled, "/refund/amount"), 50_000);
    }
    world.check().await;
}

/// Doctor, patient and administrator, whose tokens are renewed as days pass.
struct People([Actor; 3]);

impl People {
    fn of(world: &World) -> Self {
        Self([world.a.doctor.clone(), world.a.patient.clone(), world.a.admin.clone()])
    }

    /// A paid appointment at ten o'clock of a day; then it is a later instant.
    async fn paid_until(&mut self, world: &World, day: &str, at: &str) -> Value {
        let slot = self.0[0].sets_slot(day, "10:00").await;
        let appointment = self.0[1].books_and_pays(&slot).await;
        world.set(at);
        for person in &mut self.0 {
            *person = person.refreshed().await;
        }
        appointment
    }
}

#[tokio::test]
async fn a_patient_does_not_cancel_what_has_begun() {
    let world = World::new().await;
    let appointment = paid(&world).await;
    world.set("2030-12-03T10:00:00+05:30");
    let patient = world.a.patient.refreshed().await;
    patient.cancels(&appointment).await.refused(409, "ALREADY_STARTED");
    let path = format!("/appointments/{}/cancel-quote", text(&appointment, "/id"));
    patient.get(path).await.refused(409, "ALREADY_STARTED");
    assert_eq!(patient.status_of(&appointment).await, "confirmed");
}

#[tokio::test]
async fn cancelling_again_is_the_same_answer() {
    let world = World::new().await;
    let appointment = paid(&world).await;
    let first = world.a.patient.cancels(&appointment).await.is(200);
    let before = world.books().everything().await;
    world.pass(60);
    for who in [&world.a.patient, &world.a.doctor, &world.a.admin] {
        assert_eq!(who.cancels(&appointment).await.is(200), first);
    }
    assert_eq!(world.books().everything().await, before);
    world.run(Job::Effects).await;
    world.run(Job::Effects).await;
    assert_eq!(world.mail().count(&world.a.patient.email, "appointment was cancelled").await, 1);
}

#[tokio::test]
async fn twenty_cancellations_at_once_are_one_refund() {
    let world = World::new().await;
    let appointment = paid(&world).await;
    let payment = text(&appointment, "/payment/paymentId");
    let callers: Vec<&Actor> =
        [&world.a.patient, &world.a.doctor, &world.a.admin].into_iter().cycle().take(20).collect();
    let answers = join_all(callers.iter().map(|who| who.cancels(&appointment))).await;
    let amounts: BTreeSet<i64> =
        answers.into_iter().map(|answer| number(&answer.is(200), "/refund/amount")).collect();
    assert_eq!(amounts.len(), 1);
    world.run(Job::Effects).await;
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 1);
    assert_eq!(world.mail().count(&world.a.patient.email, "appointment was cancelled").await, 1);
    world.check().await;
}

#[tokio::test]
async fn a_cancelled_slot_is_open_again_and_the_patient_free() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    let held = world.a.patient.books(&slots[0]).await;
    let quoted = quote(&world.a.patient, &held).await;
    assert_eq!(number(&quoted, "/refund/amount"), 0);
    let cancelled = world.a.patient.cancels(&held).await.is(200);
    assert_eq!(cancelled["refund"], Value::Null);
    assert_eq!(text(&cancelled, "/appointment/status"), "cancelled");
    assert_eq!(ids(&world.a.patient.get("/slots").await.is(200)).len(), 2);
    let other = world.a.new_patient("other").await;
    other.books(&slots[0]).await;
    world.check().await;
    // A second cancellation of the first does not take the slot from the second.
    world.a.patient.cancels(&held).await.is(200);
    world
        .a
        .doctor
        .delete(format!("/slots/{}", text(&slots[0], "/id")))
        .await
        .refused(409, "SLOT_NOT_OPEN");
    world.check().await;
}

#[tokio::test]
async fn cancelling_and_paying_at_once_loses_no_money() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-04", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let callback = world.a.patient.checks_out(&appointment).await;
    let payment = text(&callback, "/razorpay_payment_id");
    let (cancelled, verified, told) = tokio::join!(
        world.a.patient.cancels(&appointment),
        world.a.patient.post("/payment/verify", callback.clone()),
        world.is_told("payment.captured", &payment),
    );
    cancelled.is(200);
    verified.is(200);
    told.is(200);
    world.run(Job::Effects).await;
    assert_eq!(world.a.patient.status_of(&appointment).await, "cancelled");
    let refunds = world.razorpay().refunds_of(&payment).await;
    assert_eq!(
        refunds.iter().map(|refund| number(refund, "/amount")).collect::<Vec<_>>(),
        [50_000]
    );
    world.check().await;
}

#[tokio::test]
async fn what_ran_out_is_not_cancelled() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    world.pass(600);
    world.a.patient.cancels(&appointment).await.refused(409, "HOLD_EXPIRED");
    let other = world.a.new_patient("other").await;
    let theirs = other.books(&slot).await;
    world.a.patient.cancels(&appointment).await.refused(409, "HOLD_EXPIRED");
    assert_eq!(other.status_of(&theirs).await, "held");
}

#[tokio::test]
async fn others_cancel_nothing() {
    let world = World::new().await;
    let appointment = paid(&world).await;
    let other_doctor = world.a.new_doctor("vikram", "Vikram Shah").await;
    let other_patient = world.a.new_patient("other").await;
    for who in [&other_doctor, &other_patient, &world.b.admin, &world.b.doctor, &world.b.patient] {
        who.cancels(&appointment).await.refused(404, "NOT_FOUND");
    }
    world.admin.cancels(&appointment).await.refused(403, "FORBIDDEN");
    world.visitor().cancels(&appointment).await.refused(401, "UNAUTHENTICATED");
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
}
