//! Razorpay tells what happened: at least once, in any order, and signed.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    actor::text,
    alarms::Alarms,
    call::Call,
    razorpay::{delivery, event, sign},
    world::World,
};

/// A held appointment and a payment of it that only Razorpay knows of.
async fn paid_unheard(world: &World) -> (Value, String) {
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let callback = world.a.patient.checks_out(&appointment).await;
    (appointment, text(&callback, "/razorpay_payment_id"))
}

#[tokio::test]
async fn a_repetition_changes_nothing() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let call = delivery(&world.razorpay().event("payment.captured", &payment).await, "event-1");
    assert_eq!(world.call(&call).await.is(200), json!({ "received": true }));
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    let before = world.books().everything().await;
    for answer in join_all((0..10).map(|_| world.call(&call))).await {
        answer.is(200);
    }
    // The same news under another id is no news either.
    world
        .call(&delivery(&world.razorpay().event("payment.captured", &payment).await, "event-2"))
        .await
        .is(200);
    assert_eq!(world.books().everything().await, before);
    world.check().await;
}

#[tokio::test]
async fn ten_copies_at_once_confirm_once() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let call = delivery(&world.razorpay().event("payment.captured", &payment).await, "event-1");
    for answer in join_all((0..10).map(|_| world.call(&call))).await {
        answer.is(200);
    }
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    world.run(scheduled::Job::Effects).await;
    assert_eq!(world.mail().count(&world.a.patient.email, "appointment is confirmed").await, 1);
    world.check().await;
}

#[tokio::test]
async fn any_order_of_events_ends_the_same() {
    let world = World::new().await;
    let names = ["payment.authorized", "payment.captured", "payment.failed", "order.paid"];
    let slots = world.a.doctor.sets_slots("2030-12-03", "00:00", "24:00", 60).await;
    let orders =
        [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 1, 3], [1, 0, 3, 2], [3, 0, 2, 1], [0, 2, 3, 1]];
    let mut ends = Vec::new();
    for (slot, order) in slots.iter().zip(orders) {
        let appointment = world.a.patient.books(slot).await;
        let callback = world.a.patient.checks_out(&appointment).await;
        let payment = text(&callback, "/razorpay_payment_id");
        for index in order {
            // Each event has the snapshot of its own time.
            let mut entity = world.razorpay().payment(&payment).await;
            entity["status"] = json!(["authorized", "captured", "failed", "captured"][index]);
            let body = event(names[index], &[("payment", entity)]);
            world.call(&delivery(&body, &format!("{payment}-{index}"))).await.is(200);
        }
        let seen = world.a.patient.sees(&appointment).await;
        ends.push((seen["status"].clone(), seen["payment"]["status"].clone()));
    }
    assert_eq!(ends, vec![(json!("confirmed"), json!("captured")); orders.len()]);
    world.run(scheduled::Job::Effects).await;
    assert_eq!(
        world.mail().count(&world.a.patient.email, "appointment is confirmed").await,
        orders.len()
    );
    world.check().await;
}

#[tokio::test]
async fn an_authorization_alone_confirms_nothing() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let callback = world.razorpay().checkout(&order, "authorized").await;
    let payment = text(&callback, "/razorpay_payment_id");
    world.is_told("payment.authorized", &payment).await.is(200);
    let seen = world.a.patient.sees(&appointment).await;
    assert_eq!(
        (&seen["status"], &seen["payment"]["status"]),
        (&json!("held"), &json!("authorized"))
    );
    world.check().await;
}

#[tokio::test]
async fn only_the_right_signature_is_heard() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let body = world.razorpay().event("payment.captured", &payment).await.to_string();
    let right = sign(tests::stack::of("/razorpay/webhookSecret"), body.as_bytes());
    let send = async |body: &str, signature: Option<&str>| {
        let call = Call::new("POST", "/webhooks/razorpay").raw("application/json", body);
        let call = match signature {
            Some(signature) => call.header("x-razorpay-signature", signature),
            None => call,
        };
        world.call(&call).await
    };
    let with_key = sign(tests::stack::of("/razorpay/keySecret"), body.as_bytes());
    let empty = sign("", body.as_bytes());
    let wrong = [None, Some(""), Some(&*with_key), Some(&*empty), Some(&right[..40]), Some("zz")];
    for signature in wrong {
        send(&body, signature).await.refused(400, "INVALID_SIGNATURE");
    }
    send(&body.replace("50000", "50001"), Some(&right)).await.refused(400, "INVALID_SIGNATURE");
    send(&format!("{body} "), Some(&right)).await.refused(400, "INVALID_SIGNATURE");
    // Somebody logged in has no more right to it.
    let call = Call::new("POST", "/webhooks/razorpay").raw("application/json", &*body);
    world.a.admin.send(call).await.refused(400, "INVALID_SIGNATURE");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    assert_eq!(world.books().count("webhookEvents").await, 0);
    send(&body, Some(&right)).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
}

#[tokio::test]
async fn a_body_in_base64_is_the_same_body() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let mut call = delivery(&world.razorpay().event("payment.captured", &payment).await, "event-1");
    call.base64 = true;
    world.call(&call).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
}

#[tokio::test]
async fn what_we_do_not_know_is_taken_and_changes_nothing() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let before = world.books().everything().await;
    let mut foreign = world.razorpay().payment(&payment).await;
    foreign["order_id"] = json!("order_AAAAAAAAAAAAAA");
    let mut orderless = foreign.clone();
    orderless["order_id"] = Value::Null;
    let bodies = [
        json!({ "event": "subscription.charged", "payload": {} }),
        json!({ "event": "payment.captured" }),
        json!({ "event": "payment.captured", "payload": { "payment": { "entity": { "id": 7 } } } }),
        json!({ "event": "payment.dispute.created", "payload": { "payment": { "entity": [] } } }),
        json!({}),
        json!([1, 2]),
        json!("text"),
        event("payment.captured", &[("payment", foreign.clone())]),
        event("payment.captured", &[("payment", orderless)]),
        event("settlement.processed", &[("settlement", json!({ "id": "setl_1" }))]),
        event(
            "refund.processed",
            &[("refund", json!({ "id": "rfnd_1", "status": "processed" })), ("payment", foreign)],
        ),
    ];
    for (index, body) in bodies.iter().enumerate() {
        for _ in 0..2 {
            world.call(&delivery(body, &format!("unknown-{index}"))).await.is(200);
        }
    }
    // What is signed and is no JSON is Razorpay's own affair.
    let signature = sign(tests::stack::of("/razorpay/webhookSecret"), b"no json");
    let call = Call::new("POST", "/webhooks/razorpay").raw("text/plain", "no json");
    world.call(&call.header("x-razorpay-signature", signature)).await.is(200);
    assert_eq!(world.books().everything().await, before);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
}

#[tokio::test]
async fn an_event_without_an_id_is_known_by_its_body() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let mut call = delivery(&world.razorpay().event("payment.captured", &payment).await, "x");
    call.headers.retain(|(name, _)| name != "x-razorpay-event-id");
    for _ in 0..3 {
        world.call(&call).await.is(200);
    }
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    assert_eq!(world.books().count("webhookEvents").await, 1);
}

#[tokio::test]
async fn another_amount_or_currency_than_asked_for_goes_back() {
    for (member, other) in [("amount", json!(49_999)), ("currency", json!("USD"))] {
        let world = World::new().await;
        let (appointment, payment) = paid_unheard(&world).await;
        let mut entity = world.razorpay().payment(&payment).await;
        entity[member] = other;
        let body = event("payment.captured", &[("payment", entity)]);
        world.call(&delivery(&body, "event-1")).await.is(200);
        assert_eq!(world.a.patient.status_of(&appointment).await, "held");
        let stored = world.books().appointment(&text(&appointment, "/id")).await;
        assert_eq!(stored.get_array("refunds").unwrap().len(), 1, "{member}");
        world.check().await;
    }
}

#[tokio::test]
async fn the_secret_before_is_taken_for_a_day() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let old = tests::stack::of("/razorpay/webhookSecret");
    let changed = world.with(&[
        ("RAZORPAY_WEBHOOK_SECRET", "the-secret-after-the-change"),
        ("RAZORPAY_WEBHOOK_PREVIOUS_SECRET", old),
        ("RAZORPAY_WEBHOOK_CHANGED_AT", "2030-12-02T09:00:00+05:30"),
    ]);
    let told = world.razorpay().event("payment.captured", &payment).await;
    world.pass(24 * 3600 - 1);
    changed.call(&delivery(&told, "event-1")).await.is(200);
    let stored = world.books().appointment(&text(&appointment, "/id")).await;
    assert_eq!(stored.get_str("status").ok(), Some("confirmed"));
    world.pass(1);
    changed.call(&delivery(&told, "event-2")).await.refused(400, "INVALID_SIGNATURE");
}

#[tokio::test]
async fn money_of_no_order_of_ours_is_kept() {
    let world = World::new().await;
    let (_, payment) = paid_unheard(&world).await;
    let mut foreign = world.razorpay().payment(&payment).await;
    foreign["order_id"] = json!("order_AAAAAAAAAAAAAA");
    foreign["notes"] = json!({ "appointment": "apt_01m82mpg0mnq92xxhj84a07c58" });
    let told = event("payment.captured", &[("payment", foreign)]);
    world.call(&delivery(&told, "event-1")).await.is(200);
    let kept = world.books().find("webhookEvents", mongodb::bson::doc! {}).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].get_str("paymentId").ok(), Some(payment.as_str()));
    assert_eq!(kept[0].get_str("orderId").ok(), Some("order_AAAAAAAAAAAAAA"));
    assert_eq!(kept[0].get_str("hospitalId").ok(), Some("platform"));
}

#[tokio::test]
async fn what_is_first_heard_of_by_its_refund_confirms_nothing() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    world.razorpay().refunds(&payment, &json!({})).await;
    world.razorpay().until_refund_is(&payment, "processed").await;
    let told = world.razorpay().refund_event("refund.processed", &payment, "processed").await;
    world.call(&delivery(&told, "event-1")).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    world.run(scheduled::Job::Effects).await;
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn what_the_bank_let_go_of_confirms_nothing() {
    // Authorised and never captured, Razorpay gives the money back by itself.
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let callback = world.razorpay().checkout(&order, "authorized").await;
    let mut entity = world.razorpay().payment(&text(&callback, "/razorpay_payment_id")).await;
    entity["status"] = json!("refunded");
    let told = event("payment.authorized", &[("payment", entity)]);
    world.call(&delivery(&told, "event-1")).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    world.check().await;
}

/// An account that captures nothing by itself tells of the bank's word alone.
#[tokio::test]
async fn what_the_bank_has_set_aside_in_time_is_captured_before_the_hold_is_over() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let callback = world.razorpay().checkout(&order, "authorized").await;
    let payment = text(&callback, "/razorpay_payment_id");
    world.pass(180);
    world.is_told("payment.authorized", &payment).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    // Where Razorpay is away at that moment, it is asked again a minute later.
    let path = format!("GET /v1/orders/{order}/payments");
    world.razorpay().fails(&path, 502, 1).await;
    world.run(scheduled::Job::Reconcile).await;
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    world.pass(60);
    let alarms = Alarms::listen();
    world.run(scheduled::Job::Reconcile).await;
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    // That is the ordinary way, and nothing that differed.
    assert_eq!(alarms.heard(), Vec::<String>::new());
    let report = world.a.admin.get("/payments/reconciliation").await.is(200);
    assert_eq!(report["items"], json!([]));
    world.check().await;
}

/// That it failed was the last we heard: that it came all the same is news, and nobody told it.
#[tokio::test]
async fn what_was_heard_to_fail_and_came_all_the_same_is_reported() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let failed = world.razorpay().checkout(&order, "failed").await;
    let payment = text(&failed, "/razorpay_payment_id");
    world.is_told("payment.failed", &payment).await.is(200);
    world.razorpay().late(&payment, "authorized").await;
    world.razorpay().late(&payment, "captured").await;
    world.pass(15 * 60);
    let alarms = Alarms::listen();
    world.run(scheduled::Job::Reconcile).await;
    assert_eq!(alarms.heard(), ["reconciliation-difference"]);
    assert_eq!(world.a.patient.refreshed().await.status_of(&appointment).await, "confirmed");
    world.check().await;
}

/// Where both words come, as from an account that captures by itself, there is no more hurry to ask.
#[tokio::test]
async fn what_was_captured_since_the_banks_word_is_not_asked_about_at_once() {
    let world = World::new().await;
    let (appointment, payment) = paid_unheard(&world).await;
    let mut set_aside = world.razorpay().payment(&payment).await;
    set_aside["status"] = json!("authorized");
    let told = event("payment.authorized", &[("payment", set_aside)]);
    world.call(&delivery(&told, "event-1")).await.is(200);
    world.is_told("payment.captured", &payment).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    assert_eq!(world.run(scheduled::Job::Reconcile).await, 0, "nobody is asked");
    world.pass(15 * 60);
    assert_eq!(world.run(scheduled::Job::Reconcile).await, 1);
}
