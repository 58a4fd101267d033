//! The browser comes back from Checkout.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, number, text},
    answer::Answer,
    razorpay::sign,
    world::World,
};

async fn verifies(who: &Actor, callback: &Value) -> Answer {
    who.post("/payment/verify", callback.clone()).await
}

/// A held appointment and its order.
async fn ordered(world: &World) -> (Value, String) {
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    (appointment, order)
}

async fn mails_of_confirmation(world: &World) -> usize {
    world.run(scheduled::Job::Effects).await;
    world.run(scheduled::Job::Effects).await;
    world.mail().count(&world.a.patient.email, "appointment is confirmed").await
}

#[tokio::test]
async fn a_captured_payment_confirms() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let verified = verifies(&world.a.patient, &callback).await.is(200);
    let payment = text(&callback, "/razorpay_payment_id");
    let expected =
        json!({ "id": payment, "status": "captured", "amount": 50_000, "currency": "INR" });
    assert_eq!(verified["payment"], expected);
    assert_eq!(verified["appointment"]["status"], "confirmed");
    assert_eq!(verified["appointment"].get("holdExpiresAt"), None);
    let expected = json!({ "orderId": order, "paymentId": payment, "status": "captured" });
    assert_eq!(world.a.patient.sees(&appointment).await["payment"], expected);
    world.check().await;
}

#[tokio::test]
async fn an_authorized_payment_is_captured_first() {
    let world = World::new().await;
    let (_, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "authorized").await;
    let verified = verifies(&world.a.patient, &callback).await.is(200);
    assert_eq!(verified["payment"]["status"], "captured");
    assert_eq!(verified["appointment"]["status"], "confirmed");
    let there = world.razorpay().payment(&text(&callback, "/razorpay_payment_id")).await;
    assert_eq!(there["status"], "captured");
    world.check().await;
}

#[tokio::test]
async fn money_that_is_set_aside_and_not_captured_yet_has_not_failed() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "authorized").await;
    let payment = text(&callback, "/razorpay_payment_id");
    let capture = format!("POST /v1/payments/{payment}/capture");
    world.razorpay().fails(&capture, 502, 1).await;
    let answer = verifies(&world.a.patient, &callback).await;
    assert!(answer.headers["retry-after"].to_str().is_ok());
    answer.refused(503, "DEPENDENCY_UNAVAILABLE");
    world.razorpay().fails(&capture, 400, 1).await;
    // Asking again is what he is told to do: the key is free for that.
    let asks = || world.a.patient.post_once("verify", "/payment/verify", &callback);
    asks().await.refused(409, "PAYMENT_UNFINISHED");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    assert_eq!(asks().await.is(200)["payment"]["status"], "captured");
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn verifying_again_changes_nothing_and_mails_once() {
    let world = World::new().await;
    let (_, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let first = verifies(&world.a.patient, &callback).await.is(200);
    let before = world.books().everything().await;
    assert_eq!(verifies(&world.a.patient, &callback).await.is(200), first);
    assert_eq!(verifies(&world.a.admin, &callback).await.is(200), first);
    assert_eq!(world.books().everything().await, before);
    assert_eq!(mails_of_confirmation(&world).await, 1);
    world.check().await;
}

#[tokio::test]
async fn browser_and_webhook_at_once_confirm_once() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let payment = text(&callback, "/razorpay_payment_id");
    let (verified, captured, paid, authorized) = tokio::join!(
        join_all((0..5).map(|_| verifies(&world.a.patient, &callback))),
        join_all((0..5).map(|_| world.is_told("payment.captured", &payment))),
        world.is_told("order.paid", &payment),
        world.is_told("payment.authorized", &payment),
    );
    for answer in verified.into_iter().chain(captured).chain([paid, authorized]) {
        answer.is(200);
    }
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    let stored = world.books().appointment(&text(&appointment, "/id")).await;
    assert_eq!(stored.get_array("payments").unwrap().len(), 1);
    assert_eq!(stored.get_array("refunds").unwrap().len(), 0);
    assert_eq!(mails_of_confirmation(&world).await, 1);
    world.check().await;
}

#[tokio::test]
async fn a_signature_belongs_to_one_order_and_payment() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let signature = text(&callback, "/razorpay_signature");
    let with = |member: &str, value: &str| {
        let mut callback = callback.clone();
        callback[member] = json!(value);
        callback
    };
    let flipped =
        signature.replacen(&signature[..1], if signature.starts_with('0') { "1" } else { "0" }, 1);
    let webhook =
        sign(tests::stack::of("/razorpay/webhookSecret"), format!("{order}|x").as_bytes());
    for forged in [
        with("razorpay_signature", &flipped),
        with("razorpay_signature", &signature[..62]),
        with("razorpay_signature", "00"),
        with("razorpay_signature", "not hexadecimal at all"),
        with("razorpay_signature", &signature.to_uppercase()),
        with("razorpay_signature", &webhook),
        with("razorpay_payment_id", "pay_AAAAAAAAAAAAAA"),
    ] {
        verifies(&world.a.patient, &forged).await.refused(400, "INVALID_SIGNATURE");
    }
    for (member, value) in [
        ("razorpay_order_id", format!("{order}|pay_1")),
        ("razorpay_payment_id", "pay_1|x".to_owned()),
        ("razorpay_order_id", "order_".to_owned()),
        ("razorpay_signature", String::new()),
    ] {
        let fields = verifies(&world.a.patient, &with(member, &value)).await.bad_fields();
        assert_eq!(fields[0].0, member);
    }
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    verifies(&world.a.patient, &callback).await.is(200);
}

#[tokio::test]
async fn an_order_of_others_is_not_there() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let other = world.a.new_patient("other").await;
    let mut unknown = callback.clone();
    unknown["razorpay_order_id"] = json!("order_AAAAAAAAAAAAAA");
    let expected = verifies(&world.b.patient, &unknown).await;
    for stranger in [&world.b.patient, &world.b.admin, &other] {
        assert_eq!(verifies(stranger, &callback).await.face(), expected.face());
    }
    expected.refused(404, "NOT_FOUND");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
}

#[tokio::test]
async fn a_payment_of_another_order_is_worth_nothing_here() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    let (mine, other) =
        (world.a.patient.books(&slots[0]).await, world.a.new_patient("other").await);
    let order = world.a.patient.orders(&mine).await;
    let theirs = other.books(&slots[1]).await;
    let callback = other.checks_out(&theirs).await;
    // Signed by somebody who knows the key, for a payment that is not of this order.
    let payment = text(&callback, "/razorpay_payment_id");
    let secret = tests::stack::of("/razorpay/keySecret");
    let forged = json!({
        "razorpay_order_id": order, "razorpay_payment_id": payment,
        "razorpay_signature": sign(secret, format!("{order}|{payment}").as_bytes()),
    });
    verifies(&world.a.patient, &forged).await.refused(404, "NOT_FOUND");
    assert_eq!(world.a.patient.status_of(&mine).await, "held");
    world.check().await;
}

#[tokio::test]
async fn a_failed_payment_confirms_nothing_and_another_may_follow() {
    let world = World::new().await;
    let (appointment, order) = ordered(&world).await;
    let failed = world.razorpay().checkout(&order, "failed").await;
    let payment = text(&failed, "/razorpay_payment_id");
    let secret = tests::stack::of("/razorpay/keySecret");
    let callback = json!({
        "razorpay_order_id": order, "razorpay_payment_id": payment,
        "razorpay_signature": sign(secret, format!("{order}|{payment}").as_bytes()),
    });
    verifies(&world.a.patient, &callback).await.refused(409, "PAYMENT_NOT_CAPTURED");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    let callback = world.razorpay().checkout(&order, "captured").await;
    let verified = verifies(&world.a.patient, &callback).await.is(200);
    assert_eq!(number(&verified, "/payment/amount"), 50_000);
    assert_eq!(verified["appointment"]["status"], "confirmed");
    world.check().await;
}

/// A Checkout that was opened with the key before comes back signed by its secret.
#[tokio::test]
async fn the_key_before_is_believed_while_it_is_being_changed_and_no_longer() {
    let world = World::new().await;
    let (_, order) = ordered(&world).await;
    let callback = world.razorpay().checkout(&order, "captured").await;
    let field = |name: &str| text(&callback, &format!("/{name}"));
    let signed = format!("{}|{}", field("razorpay_order_id"), field("razorpay_payment_id"));
    let mut before = callback.clone();
    before["razorpay_signature"] = json!(sign("the-secret-before", signed.as_bytes()));
    let changed = world.with(&[("RAZORPAY_KEY_PREVIOUS_SECRET", "the-secret-before")]);
    world.a.patient.post("/payment/verify", before.clone()).await.refused(400, "INVALID_SIGNATURE");
    let patient = world.a.patient.at(&changed);
    let mut forged = before.clone();
    forged["razorpay_signature"] = json!(sign("", signed.as_bytes()));
    patient.post("/payment/verify", forged).await.refused(400, "INVALID_SIGNATURE");
    let answer = patient.post("/payment/verify", before).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "confirmed");
}
