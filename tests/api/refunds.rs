//! Money that came too late, twice, or unheard of: it is on one appointment, or it goes back.

use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use std::time::Duration;
use tests::{
    actor::{number, text},
    razorpay::{Merchant, Simulator, delivery, delivery_to},
    stack,
    switch::{State, Switch},
    world::World,
};

/// An appointment whose hold runs out while the patient is at the checkout, and its payment.
async fn paid_too_late(world: &World) -> (Value, Value, Value) {
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    world.pass(601);
    let callback = world.razorpay().checkout(&order, "captured").await;
    (slot, appointment, callback)
}

/// What went back of a payment, by Razorpay's books.
async fn back(world: &World, payment: &str) -> Vec<i64> {
    world
        .razorpay()
        .refunds_of(payment)
        .await
        .iter()
        .map(|refund| number(refund, "/amount"))
        .collect()
}

#[tokio::test]
async fn a_late_payment_has_its_slot_if_it_is_still_free() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "15:00", "17:00", 30).await;
    let mut late = Vec::new();
    for slot in &slots {
        let appointment = world.a.patient.books(slot).await;
        late.push((world.a.patient.orders(&appointment).await, appointment));
    }
    world.pass(601);
    for (index, (order, appointment)) in late.iter().enumerate() {
        // Two before the sweep and two after it; one of each by the browser, one by the webhook.
        if index == 2 {
            world.run(Job::Holds).await;
        }
        let callback = world.razorpay().checkout(order, "captured").await;
        let payment = text(&callback, "/razorpay_payment_id");
        if index % 2 == 0 {
            world.is_told("payment.captured", &payment).await.is(200);
        } else {
            world.a.patient.post("/payment/verify", callback).await.is(200);
        }
        assert_eq!(world.a.patient.status_of(appointment).await, "confirmed");
        assert_eq!(back(&world, &payment).await, Vec::<i64>::new());
    }
    world.check().await;
}

#[tokio::test]
async fn a_late_payment_goes_back_in_full_once_if_the_slot_is_gone() {
    for by_webhook in [false, true] {
        let world = World::new().await;
        let (slot, appointment, callback) = paid_too_late(&world).await;
        let other = world.a.new_patient("other").await;
        let theirs = other.books(&slot).await;
        let payment = text(&callback, "/razorpay_payment_id");
        if by_webhook {
            world.is_told("payment.captured", &payment).await.is(200);
            world.run(Job::Effects).await;
        } else {
            let verified = world.a.patient.post("/payment/verify", callback.clone()).await.is(200);
            assert_eq!(verified["appointment"]["status"], "expired");
            assert_eq!(number(&verified, "/refund/amount"), 50_000);
        }
        assert_eq!(back(&world, &payment).await, [50_000]);
        // Whoever tells of it again, and however often the jobs run: it went back once.
        world.is_told("order.paid", &payment).await.is(200);
        world.a.patient.post("/payment/verify", callback).await.is(200);
        for _ in 0..2 {
            world.run(Job::Effects).await;
            world.run(Job::Reconcile).await;
        }
        assert_eq!(back(&world, &payment).await, [50_000]);
        assert_eq!(world.a.patient.status_of(&appointment).await, "expired");
        assert_eq!(other.status_of(&theirs).await, "held");
        assert_eq!(world.mail().count(&world.a.patient.email, "returning your payment").await, 1);
        assert_eq!(world.mail().count(&world.a.patient.email, "appointment is confirmed").await, 0);
        world.check().await;
    }
}

#[tokio::test]
async fn a_late_payment_and_another_booking_at_once_leave_one_of_them() {
    let world = World::new().await;
    let (slot, appointment, callback) = paid_too_late(&world).await;
    let others = world.a.new_patients(5).await;
    let payment = text(&callback, "/razorpay_payment_id");
    let (bookings, told, verified, _) = tokio::join!(
        join_all(others.iter().map(|other| other.tries_to_book(&slot))),
        world.is_told("payment.captured", &payment),
        world.a.patient.post("/payment/verify", callback.clone()),
        world.run(Job::Holds),
    );
    told.is(200);
    verified.is(200);
    let booked = bookings.iter().filter(|answer| answer.status == 201).count();
    world.run(Job::Effects).await;
    match world.a.patient.status_of(&appointment).await.as_str() {
        "confirmed" => assert_eq!((booked, back(&world, &payment).await), (0, vec![])),
        "expired" => assert_eq!((booked, back(&world, &payment).await), (1, vec![50_000])),
        other => panic!("{other}"),
    }
    world.check().await;
}

#[tokio::test]
async fn a_late_payment_goes_back_if_the_patient_is_elsewhere_by_now() {
    let world = World::new().await;
    let (_, appointment, callback) = paid_too_late(&world).await;
    world.run(Job::Holds).await;
    let second = world.a.new_doctor("vikram", "Vikram Shah").await;
    let slot = second.sets_slot("2030-12-02", "15:00").await;
    world.a.patient.books(&slot).await;
    let payment = text(&callback, "/razorpay_payment_id");
    world.a.patient.post("/payment/verify", callback).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "expired");
    assert_eq!(back(&world, &payment).await, [50_000]);
    world.check().await;
}

#[tokio::test]
async fn a_payment_after_the_start_or_the_cancellation_goes_back() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "09:15", "10:15", 30).await;
    let mut payments = Vec::new();
    for (slot, cancelled) in [(&slots[1], true), (&slots[0], false)] {
        let appointment = world.a.patient.books(slot).await;
        let order = world.a.patient.orders(&appointment).await;
        if cancelled {
            world.a.patient.cancels(&appointment).await.is(200);
        } else {
            world.pass(20 * 60);
        }
        let callback = world.razorpay().checkout(&order, "captured").await;
        let payment = text(&callback, "/razorpay_payment_id");
        world.is_told("payment.captured", &payment).await.is(200);
        payments.push(payment);
        world.check().await;
    }
    world.run(Job::Effects).await;
    for payment in payments {
        assert_eq!(back(&world, &payment).await, [50_000]);
    }
}

#[tokio::test]
async fn a_second_payment_of_one_order_goes_back() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    // The first try fails, the second succeeds, and then the bank pays the first after all.
    let first = text(&world.razorpay().checkout(&order, "failed").await, "/razorpay_payment_id");
    let callback = world.razorpay().checkout(&order, "captured").await;
    let second = text(&callback, "/razorpay_payment_id");
    world.is_told("payment.failed", &first).await.is(200);
    world.a.patient.post("/payment/verify", callback).await.is(200);
    world.razorpay().late(&first, "captured").await;
    for _ in 0..2 {
        world.is_told("payment.captured", &first).await.is(200);
        world.run(Job::Effects).await;
    }
    assert_eq!(back(&world, &first).await, [50_000]);
    assert_eq!(back(&world, &second).await, Vec::<i64>::new());
    let seen = world.a.patient.sees(&appointment).await;
    assert_eq!(text(&seen, "/status"), "confirmed");
    assert_eq!(text(&seen, "/payment/paymentId"), second);
    world.check().await;
}

#[tokio::test]
async fn a_payment_nobody_told_of_is_found() {
    for outcome in ["captured", "authorized"] {
        let world = World::new().await;
        let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
        let appointment = world.a.patient.books(&slot).await;
        let order = world.a.patient.orders(&appointment).await;
        world.razorpay().checkout(&order, outcome).await;
        world.pass(14 * 60);
        world.run(Job::Reconcile).await;
        assert_eq!(world.a.patient.status_of(&appointment).await, "expired");
        world.pass(60);
        world.run(Job::Reconcile).await;
        let refreshed = json!({ "refreshToken": world.a.patient.refresh });
        let patient =
            world.a.patient.with_token("").post("/token/refresh", refreshed).await.is(200);
        let patient = world.a.patient.becomes(&patient);
        assert_eq!(patient.status_of(&appointment).await, "confirmed", "{outcome}");
        world.run(Job::Reconcile).await;
        world.check().await;
    }
}

#[tokio::test]
async fn an_order_is_asked_about_again_until_the_bank_has_paid() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-06", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let failed = text(&world.razorpay().checkout(&order, "failed").await, "/razorpay_payment_id");
    for _ in 0..3 {
        world.pass(3600);
        world.run(Job::Holds).await;
        world.run(Job::Reconcile).await;
    }
    world.razorpay().late(&failed, "captured").await;
    world.pass(24 * 3600);
    world.run(Job::Reconcile).await;
    let stored = world.books().appointment(&text(&appointment, "/id")).await;
    assert_eq!(stored.get_str("status").ok(), Some("confirmed"));
    world.check().await;
}

#[tokio::test]
async fn a_refund_is_pending_until_the_bank_says_so() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    let cancelled = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&cancelled, "/refund/status"), "pending");
    let told = world.razorpay().refund_event("refund.processed", &payment, "processed").await;
    for _ in 0..2 {
        world.call(&delivery(&told, "refund-1")).await.is(200);
    }
    let again = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&again, "/refund/status"), "processed");
    assert_eq!(text(&again, "/appointment/payment/status"), "refunded");
    // What is processed stays so, whatever comes late.
    let stale = world.razorpay().refund_event("refund.created", &payment, "pending").await;
    world.call(&delivery(&stale, "refund-0")).await.is(200);
    let again = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&again, "/refund/status"), "processed");
    world.check().await;
}

#[tokio::test]
async fn a_refund_that_failed_is_known_as_failed() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    world.a.patient.cancels(&appointment).await.is(200);
    let told = world.razorpay().refund_event("refund.failed", &payment, "failed").await;
    world.call(&delivery(&told, "refund-1")).await.is(200);
    let again = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&again, "/refund/status"), "failed");
}

#[tokio::test]
async fn while_razorpay_is_down_a_cancellation_stands_and_the_money_follows() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    let path = format!("POST /v1/payments/{payment}/refund");
    world.razorpay().fails(&path, 502, 2).await;
    let cancelled = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&cancelled, "/appointment/status"), "cancelled");
    assert_eq!(
        cancelled["refund"],
        json!({ "amount": 50_000, "currency": "INR", "status": "pending" })
    );
    assert_eq!(back(&world, &payment).await, Vec::<i64>::new());
    // Once more in vain, then it goes through.
    world.run(Job::Effects).await;
    assert_eq!(back(&world, &payment).await, Vec::<i64>::new());
    world.pass(60);
    for _ in 0..3 {
        world.run(Job::Effects).await;
        world.pass(60);
    }
    assert_eq!(back(&world, &payment).await, [50_000]);
    world.check().await;
}

#[tokio::test]
async fn a_refund_somebody_else_is_just_paying_is_put_off_and_not_given_up() {
    // Razorpay answers 409 while another request with the same idempotency key is at work.
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "11:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    world.razorpay().fails(&format!("POST /v1/payments/{payment}/refund"), 409, 1).await;
    let cancelled = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&cancelled, "/refund/status"), "pending");
    world.run(Job::Effects).await;
    assert_eq!(back(&world, &payment).await, [50_000]);
    world.check().await;
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_paid_once() {
    // Half of it: of the whole, Razorpay itself would refuse a second refund.
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    world.razorpay().loses_answers(&format!("POST /v1/payments/{payment}/refund"), 1).await;
    world.a.patient.cancels(&appointment).await.is(200);
    for _ in 0..3 {
        world.run(Job::Effects).await;
        world.pass(60);
    }
    assert_eq!(back(&world, &payment).await, [25_000]);
    let again = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(number(&again, "/refund/amount"), 25_000);
    world.check().await;
}

#[tokio::test]
async fn jobs_at_once_pay_back_once_and_mail_what_there_is() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    world.razorpay().fails(&format!("POST /v1/payments/{payment}/refund"), 500, 1).await;
    world.a.patient.cancels(&appointment).await.is(200);
    join_all((0..5).map(|_| world.run(Job::Effects))).await;
    world.pass(120);
    world.run(Job::Effects).await;
    assert_eq!(back(&world, &payment).await, [25_000]);
    assert_eq!(
        world
            .books()
            .find("appointments", mongodb::bson::doc! { "nextEffectAt": { "$exists": true } })
            .await
            .len(),
        0
    );
    world.check().await;
}

/// A hospital with an account of its own, where the bank speaks as this test wants; a cancelled
/// appointment and its payment.
async fn cancelled_at(world: &World, mode: &str) -> (Simulator, Merchant, String, Value) {
    let merchant = world.razorpay().merchant().await;
    let reply = world.a.admin.put("/hospital/payment-account", merchant.body()).await.is(200);
    let there = world.razorpay().at(&merchant);
    there.banks_say(mode).await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let callback = there.checkout(&order, "captured").await;
    world.a.patient.post("/payment/verify", callback).await.is(200);
    world.a.patient.cancels(&appointment).await.is(200);
    (there, merchant, text(&reply, "/account/id"), world.a.patient.sees(&appointment).await)
}

/// As we have it.
async fn status_of_refund(world: &World, appointment: &Value) -> String {
    let stored = world.books().appointment(&text(appointment, "/id")).await;
    let refund = stored.get_array("refunds").unwrap()[0].as_document().unwrap().clone();
    refund.get_str("status").unwrap().to_owned()
}

#[tokio::test]
async fn a_refund_that_failed_for_good_is_tried_again_under_a_new_key() {
    let world = World::new().await;
    let (there, merchant, account, appointment) = cancelled_at(&world, "failed").await;
    let payment = text(&appointment, "/payment/paymentId");
    let first = there.until_refund_is(&payment, "failed").await;
    let tell = async |refund: &Value, event: &str| {
        let entities = [("refund", refund.clone()), ("payment", there.payment(&payment).await)];
        let told = tests::razorpay::event_of(&merchant.id, event, &entities);
        let id = format!("{event}-{}", world.clock().now().millis());
        let call = delivery_to(&account, &merchant.webhook_secret, &told, &id);
        world.call(&call).await.is(200);
    };
    tell(&first, "refund.failed").await;
    assert_eq!(status_of_refund(&world, &appointment).await, "failed");
    // Not at once, and not for a repetition of the bad news.
    world.pass(1);
    tell(&first, "refund.failed").await;
    world.run(Job::Effects).await;
    assert_eq!(there.refunds_of(&payment).await.len(), 1);
    there.banks_say("pending").await;
    world.pass(3600);
    join_all((0..5).map(|_| world.run(Job::Effects))).await;
    assert_eq!(there.refunds_of(&payment).await.len(), 2);
    // Late news of the first try is no news of the second.
    tell(&first, "refund.failed").await;
    assert_eq!(status_of_refund(&world, &appointment).await, "pending");
    there.banks_say("processed").await;
    let second = there.until_refund_is(&payment, "processed").await;
    tell(&second, "refund.processed").await;
    assert_eq!(status_of_refund(&world, &appointment).await, "processed");
    let gone = there.refunds_of(&payment).await;
    let gone = gone.iter().filter(|one| one["status"] != "failed");
    assert_eq!(gone.map(|one| number(one, "/amount")).sum::<i64>(), 50_000);
    world.check().await;
}

#[tokio::test]
async fn a_failed_refund_nobody_told_of_is_found_and_tried_again() {
    let world = World::new().await;
    let (there, _, _, appointment) = cancelled_at(&world, "failed").await;
    let payment = text(&appointment, "/payment/paymentId");
    there.until_refund_is(&payment, "failed").await;
    // Asking again under the first key gives the failed one: only then there is a second.
    world.run(Job::Effects).await;
    assert_eq!(status_of_refund(&world, &appointment).await, "failed");
    there.banks_say("processed").await;
    world.pass(3600);
    world.run(Job::Effects).await;
    assert_eq!(there.refunds_of(&payment).await.len(), 2);
    world.check().await;
}

#[tokio::test]
async fn a_refund_made_by_hand_is_the_one_we_owed() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    world.razorpay().fails(&format!("POST /v1/payments/{payment}/refund"), 502, 1).await;
    world.a.patient.cancels(&appointment).await.is(200);
    world.razorpay().refunds(&payment, &json!({})).await;
    world.run(Job::Effects).await;
    assert_eq!(back(&world, &payment).await, [50_000]);
    assert_ne!(status_of_refund(&world, &appointment).await, "failed");
    world.check().await;
}

#[tokio::test]
async fn twenty_at_once_never_pay_back_more_than_came() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    let told = world.razorpay().event("payment.captured", &payment).await;
    let cancels = join_all((0..8).map(|_| world.a.patient.cancels(&appointment)));
    let jobs = join_all((0..4).map(|_| world.run(Job::Effects)));
    let reconciled = join_all((0..4).map(|_| world.a.admin.act("/payments/reconciliation")));
    let calls: Vec<_> = (0..4).map(|n| delivery(&told, &format!("captured-{n}"))).collect();
    let events = join_all(calls.iter().map(|call| world.call(call)));
    let (cancels, _, reconciled, events) = tokio::join!(cancels, jobs, reconciled, events);
    for answer in cancels {
        answer.is(200);
    }
    for answer in reconciled {
        answer.is(201);
    }
    for answer in events {
        answer.is(200);
    }
    for _ in 0..3 {
        world.pass(3600);
        world.run(Job::Effects).await;
        world.run(Job::Reconcile).await;
    }
    assert_eq!(back(&world, &payment).await, [25_000]);
    world.check().await;
}

/// Whoever is paid back while a run's time ends is; the rest is for the next.
#[tokio::test]
async fn a_run_takes_up_no_more_refunds_once_its_time_is_over() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let mut payments = Vec::new();
    for slot in &slots {
        let paid = world.a.patient.books_and_pays(slot).await;
        let payment = text(&paid, "/payment/paymentId");
        world.razorpay().fails(&format!("POST /v1/payments/{payment}/refund"), 502, 1).await;
        world.a.patient.cancels(&paid).await.is(200);
        payments.push(payment);
    }
    world.pass(3600);
    let went_back = async || {
        let all = payments.iter().map(|payment| back(&world, payment));
        join_all(all).await.concat().len()
    };
    assert_eq!(went_back().await, 0);
    let razorpay = Switch::to(stack::of("/razorpay/endpoint")).await;
    let slow = world.with(&[("RAZORPAY_API_URL", &format!("http://{}", razorpay.address))]);
    razorpay.turn(State::Slow).await;
    let (done, ()) = tokio::join!(slow.run(Job::Effects), async {
        while went_back().await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        world.pass(80);
        razorpay.turn(State::Well).await;
    });
    // Each appointment's mails go with its refund.
    assert_eq!((done, went_back().await), (3, 1));
    assert_eq!((slow.run(Job::Effects).await, went_back().await), (3, 2));
    world.check().await;
}
