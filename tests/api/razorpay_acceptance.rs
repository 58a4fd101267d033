//! Razorpay's own acceptance cases, by its names, as far as they apply to a shop that uses Checkout
//! (razorpay.com/docs/payments/payment-gateway/s2s-integration/test-s2s: best practices `BP`, orders
//! `ORD`, refunds `RFND`). What they ask of Razorpay's side, error texts and limits, is held
//! against its SDK in `local/tests/razorpay`; so are the time-out and the retries of webhooks.

use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{number, text},
    call::Call,
    razorpay::{delivery, event, sign},
    stack,
    world::World,
};

/// A held appointment and its order at Razorpay.
async fn ordered(world: &World) -> (Value, String) {
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    (appointment, order)
}

async fn confirmations(world: &World) -> usize {
    for _ in 0..2 {
        world.run(Job::Effects).await;
    }
    world.mail().count(&world.a.patient.email, "appointment is confirmed").await
}

/// The appointment stands on one payment, its patient was told once, and no money is astray.
async fn fulfilled_once(world: &World, appointment: &Value) {
    let stored = world.books().appointment(&text(appointment, "/id")).await;
    assert_eq!(stored.get_str("status").ok(), Some("confirmed"));
    assert_eq!(stored.get_array("refunds").unwrap().len(), 0);
    assert_eq!(confirmations(world).await, 1);
    world.check().await;
}

/// What went back of a payment, by Razorpay's books.
async fn back(world: &World, payment: &str) -> Vec<i64> {
    let refunds = world.razorpay().refunds_of(payment).await;
    refunds.iter().map(|refund| number(refund, "/amount")).collect()
}

#[tokio::test]
async fn bp_01_fulfil_on_the_webhook_not_on_the_callback() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    // The callback is lost: the browser was closed. The webhook alone fulfils.
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    let payment = text(&callback, "/razorpay_payment_id");
    world.is_told("order.paid", &payment).await.is(200);
    fulfilled_once(&world, &appointment).await;
    // Should it come after all, it changes nothing.
    world.a.patient.post("/payment/verify", callback).await.is(200);
    fulfilled_once(&world, &appointment).await;
}

#[tokio::test]
async fn bp_02_bp_37_both_signatures_and_one_byte_changed() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let payment = text(&callback, "/razorpay_payment_id");
    let verify = |signature: String| {
        let mut changed = callback.clone();
        changed["razorpay_signature"] = json!(signature);
        world.a.patient.post("/payment/verify", changed)
    };
    let genuine = text(&callback, "/razorpay_signature");
    let flip = |text: &str, at: usize| {
        let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
        format!("{}{digit}{}", &text[..at], &text[at + 1..])
    };
    for at in [0, 1, 31, 63] {
        verify(flip(&genuine, at)).await.refused(400, "INVALID_SIGNATURE");
    }
    let body = world.razorpay().event("payment.captured", &payment).await.to_string();
    let signature = sign(stack::of("/razorpay/webhookSecret"), body.as_bytes());
    let told = |body: String, signature: String| {
        let call = Call::new("POST", "/webhooks/razorpay").raw("application/json", body);
        call.header("x-razorpay-signature", signature)
    };
    for at in [0, 1, 31, 63] {
        let call = told(body.clone(), flip(&signature, at));
        world.call(&call).await.refused(400, "INVALID_SIGNATURE");
    }
    for at in [1, body.len() / 2, body.len() - 2] {
        let mut changed = body.clone().into_bytes();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        world.call(&told(changed, signature.clone())).await.refused(400, "INVALID_SIGNATURE");
    }
    // Each has its own secret: the one of the other is worth nothing.
    let swapped = sign(stack::of("/razorpay/keySecret"), body.as_bytes());
    world.call(&told(body.clone(), swapped)).await.refused(400, "INVALID_SIGNATURE");
    let message = format!("{order}|{payment}");
    let swapped = sign(stack::of("/razorpay/webhookSecret"), message.as_bytes());
    verify(swapped).await.refused(400, "INVALID_SIGNATURE");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    assert_eq!(world.books().count("webhookEvents").await, 0);
    // The genuine ones pass.
    world.call(&told(body, signature)).await.is(200);
    verify(genuine).await.is(200);
    fulfilled_once(&world, &appointment).await;
}

#[tokio::test]
async fn bp_02_the_order_is_ours_never_the_callbacks() {
    let world = World::new().await;
    let (mine, order) = ordered(&world).await;
    let cheap =
        json!({ "amount": 100, "currency": "INR", "receipt": format!("{}-cheap", world.name()) });
    let cheap = text(&world.razorpay().makes_order(&cheap).await, "/id");
    // A genuine signature over an order that is not ours, sent as it is, and under our order's id.
    let mut callback = world.razorpay().checkout(&cheap, "captured").await;
    world.a.patient.post("/payment/verify", callback.clone()).await.refused(404, "NOT_FOUND");
    callback["razorpay_order_id"] = json!(order);
    world.a.patient.post("/payment/verify", callback).await.refused(400, "INVALID_SIGNATURE");
    assert_eq!(world.a.patient.status_of(&mine).await, "held");
    world.check().await;
}

#[tokio::test]
async fn bp_03_bp_10_an_event_again_and_events_out_of_order() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let payment = text(&callback, "/razorpay_payment_id");
    let paid = delivery(&world.razorpay().event("order.paid", &payment).await, "bp-03");
    for answer in join_all((0..5).map(|_| world.call(&paid))).await {
        answer.is(200);
    }
    fulfilled_once(&world, &appointment).await;
    let before = world.books().everything().await;
    // Replayed later, and followed by what came before it: never back from paid.
    world.pass(3600);
    world.call(&paid).await.is(200);
    for (name, status) in [
        ("payment.captured", "captured"),
        ("payment.authorized", "authorized"),
        ("payment.failed", "failed"),
    ] {
        let mut entity = world.razorpay().payment(&payment).await;
        entity["status"] = json!(status);
        let late = event(name, &[("payment", entity)]);
        world.call(&delivery(&late, &format!("bp-10-{name}"))).await.is(200);
    }
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn bp_04_the_endpoint_fails_and_the_reconciler_heals() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let payment = text(&callback, "/razorpay_payment_id");
    // No database: the endpoint answers with a 5xx, so Razorpay will come again.
    let broken =
        world.with(&[("MONGODB_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")]);
    let told = delivery(&world.razorpay().event("order.paid", &payment).await, "bp-04");
    broken.call(&told).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    fulfilled_once(&world, &appointment).await;
    // The retry arrives when all is well again.
    world.call(&told).await.is(200);
    fulfilled_once(&world, &appointment).await;
}

#[tokio::test]
async fn bp_05_bp_20_a_missed_webhook_is_recovered_after_fifteen_minutes() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let failed = world.razorpay().checkout(&order, "failed").await;
    world.razorpay().checkout(&order, "captured").await;
    // One second early nobody asks.
    world.pass(15 * 60 - 1);
    world.run(Job::Reconcile).await;
    let status = world.books().appointment(&text(&appointment, "/id")).await;
    assert_eq!(status.get_array("payments").unwrap().len(), 0);
    world.pass(1);
    world.run(Job::Reconcile).await;
    fulfilled_once(&world, &appointment).await;
    // The attempt that failed was asked about too, and is no payment.
    let stored = world.books().appointment(&text(&appointment, "/id")).await;
    let failed = text(&failed, "/razorpay_payment_id");
    let payments = stored.get_array("payments").unwrap();
    let known: Vec<&str> =
        payments.iter().filter_map(|it| it.as_document()?.get_str("id").ok()).collect();
    assert!(!known.contains(&failed.as_str()));
}

#[tokio::test]
async fn bp_06_failed_then_late_authorised_then_captured_fulfils_once() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let failed = world.razorpay().checkout(&order, "failed").await;
    let payment = text(&failed, "/razorpay_payment_id");
    world.is_told("payment.failed", &payment).await.is(200);
    // The order stays open.
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    let late = world.razorpay().late(&payment, "authorized").await;
    assert_eq!(late["late_authorized"], true);
    world.is_told("payment.authorized", &payment).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    world.razorpay().late(&payment, "captured").await;
    world.is_told("payment.captured", &payment).await.is(200);
    world.is_told("order.paid", &payment).await.is(200);
    fulfilled_once(&world, &appointment).await;
}

#[tokio::test]
async fn bp_06_late_authorised_and_never_captured_is_captured_by_us() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let failed = world.razorpay().checkout(&order, "failed").await;
    let payment = text(&failed, "/razorpay_payment_id");
    world.razorpay().late(&payment, "authorized").await;
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    assert_eq!(world.razorpay().payment(&payment).await["status"], "captured");
    fulfilled_once(&world, &appointment).await;
}

#[tokio::test]
async fn bp_07_ord_05_an_order_whose_answer_is_lost_is_one_order() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    // The order was made, and its answer never came.
    let body = json!({
        "amount": 50_000, "currency": "INR", "receipt": appointment["id"],
        "notes": { "appointment": appointment["id"] },
    });
    let made = world.razorpay().makes_order(&body).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(world.a.patient.orders(&appointment).await);
    }
    assert_eq!(orders, vec![text(&made, "/id"); 3]);
    assert_eq!(world.razorpay().orders_with(&text(&appointment, "/id")).await.len(), 1);
}

#[tokio::test]
async fn bp_08_a_payment_whose_answer_is_lost_is_retried_on_the_same_order() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    // The browser saw an error, but the money had moved. It asks again, and is told.
    world.razorpay().checkout(&order, "captured").await;
    assert_eq!(world.a.patient.orders(&appointment).await, order);
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    let again = world
        .a
        .patient
        .refreshed()
        .await
        .post("/payment/create-order", json!({ "appointmentId": appointment["id"] }))
        .await;
    again.refused(409, "ALREADY_PAID");
    assert_eq!(world.razorpay().payments_of(&order).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn bp_11_the_endpoint_answers_without_asking_anybody_outside() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let payment = text(&callback, "/razorpay_payment_id");
    // Neither Razorpay nor Redis nor the mail answers. The event is taken all the same, for what
    // must happen outside happens later, and nobody outside can take the five seconds there are.
    let nowhere = "http://127.0.0.1:9";
    let alone = world.with(&[
        ("RAZORPAY_API_URL", nowhere),
        ("UPSTASH_REDIS_REST_URL", nowhere),
        ("AWS_ENDPOINT_URL_SESV2", nowhere),
    ]);
    let told = delivery(&world.razorpay().event("order.paid", &payment).await, "bp-11");
    alone.call(&told).await.is(200);
    fulfilled_once(&world, &appointment).await;
}

#[tokio::test]
async fn bp_12_a_refund_whose_answer_is_lost_is_asked_for_by_the_same_key() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    world.razorpay().loses_answers(&format!("POST /v1/payments/{payment}/refund"), 2).await;
    world.a.patient.cancels(&appointment).await.is(200);
    for _ in 0..3 {
        world.pass(120);
        world.run(Job::Effects).await;
    }
    // Half of it, by the terms, and once.
    assert_eq!(back(&world, &payment).await, [25_000]);
    world.check().await;
}

#[tokio::test]
async fn ord_01_ord_02_ord_03_an_orders_life_is_ours() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let there = async || world.razorpay().orders_with(&text(&appointment, "/id")).await.remove(0);
    let made = there().await;
    assert_eq!((&made["status"], &made["amount_due"]), (&json!("created"), &json!(50_000)));
    // The receipt is short and says nothing of a person; so do the notes.
    assert!(text(&made, "/receipt").len() <= 40);
    assert_eq!(made["notes"], json!({ "appointment": appointment["id"] }));
    let failed = world.razorpay().checkout(&order, "failed").await;
    world.is_told("payment.failed", &text(&failed, "/razorpay_payment_id")).await.is(200);
    assert_eq!(there().await["status"], "attempted");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    // The next try is on the same order.
    assert_eq!(world.a.patient.orders(&appointment).await, order);
    let paid = world.razorpay().checkout(&order, "captured").await;
    world.is_told("order.paid", &text(&paid, "/razorpay_payment_id")).await.is(200);
    assert_eq!((&there().await["status"], &there().await["attempts"]), (&json!("paid"), &json!(2)));
    fulfilled_once(&world, &appointment).await;
    // It stays paid after the refund.
    world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(there().await["status"], "paid");
}

#[tokio::test]
async fn rfnd_01_a_normal_refund_is_pending_and_then_processed() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    let cancelled = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&cancelled, "/refund/status"), "pending");
    let refund = world.razorpay().refunds_of(&payment).await.remove(0);
    assert_eq!((&refund["speed_requested"], &refund["amount"]), (&json!("normal"), &json!(50_000)));
    for name in ["refund.created", "refund.processed", "refund.processed", "refund.created"] {
        let status = if name == "refund.created" { "pending" } else { "processed" };
        let told = world.razorpay().refund_event(name, &payment, status).await;
        world.call(&delivery(&told, &format!("{name}-{payment}"))).await.is(200);
    }
    let again = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&again, "/refund/status"), "processed");
    assert_eq!(back(&world, &payment).await, [50_000]);
    world.check().await;
}

#[tokio::test]
async fn rfnd_refunds_asked_for_at_once_never_exceed_the_capture() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&appointment, "/payment/paymentId");
    let ask = |n: usize| if n.is_multiple_of(2) { &world.a.patient } else { &world.a.admin };
    for answer in join_all((0..20).map(|n| ask(n).cancels(&appointment))).await {
        answer.is(200);
    }
    world.run(Job::Effects).await;
    assert_eq!(back(&world, &payment).await, [50_000]);
    world.check().await;
}
