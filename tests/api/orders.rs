//! The order an appointment is paid by: one, whoever asks and however often.

use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{
    actor::{Actor, text},
    answer::Answer,
    world::World,
};

async fn asks(who: &Actor, appointment: &Value) -> Answer {
    who.post("/payment/create-order", json!({ "appointmentId": appointment["id"] })).await
}

async fn held(world: &World) -> Value {
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    world.a.patient.books(&slot).await
}

#[tokio::test]
async fn an_order_is_ready_for_checkout() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let order = asks(&world.a.patient, &appointment).await.is(201);
    let id = text(&order, "/orderId");
    let expected = json!({
        "orderId": id, "amount": 50_000, "currency": "INR", "keyId": world.setting("RAZORPAY_KEY_ID"),
        "appointmentId": appointment["id"],
        "prefill": { "name": "Asha Rao", "email": world.a.patient.email, "contact": "+919876522222" },
    });
    assert_eq!(order, expected);
    assert_eq!(asks(&world.a.patient, &appointment).await.is(200), expected);
    assert_eq!(asks(&world.a.admin, &appointment).await.is(200), expected);
    let seen = world.a.patient.sees(&appointment).await;
    assert_eq!(seen["payment"], json!({ "orderId": id, "status": "created" }));
}

#[tokio::test]
async fn twenty_who_ask_at_once_get_one_order() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let answers = join_all((0..20).map(|_| asks(&world.a.patient, &appointment))).await;
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|answer| {
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
            text(&answer.body, "/orderId")
        })
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    let receipt = text(&appointment, "/id");
    assert_eq!(world.razorpay().orders_with(&receipt).await.len(), 1);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_again() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let receipt = text(&appointment, "/id");
    // Razorpay made the order, and nobody here heard of it.
    let body = json!({ "amount": 50_000, "currency": "INR", "receipt": receipt });
    let made = world.razorpay().makes_order(&body).await;
    let order = asks(&world.a.patient, &appointment).await.is(201);
    assert_eq!(order["orderId"], made["id"]);
}

#[tokio::test]
async fn the_time_to_pay_ends() {
    let world = World::new().await;
    let appointment = held(&world).await;
    world.pass(599);
    asks(&world.a.patient, &appointment).await.is(201);
    world.pass(1);
    asks(&world.a.patient, &appointment).await.refused(409, "HOLD_EXPIRED");
    world.run(scheduled::Job::Holds).await;
    asks(&world.a.patient, &appointment).await.refused(409, "HOLD_EXPIRED");
}

#[tokio::test]
async fn what_is_paid_or_cancelled_is_not_ordered_again() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    let paid = world.a.patient.books_and_pays(&slots[0]).await;
    asks(&world.a.patient, &paid).await.refused(409, "ALREADY_PAID");
    let cancelled = world.a.patient.books(&slots[1]).await;
    world.a.patient.cancels(&cancelled).await.is(200);
    asks(&world.a.patient, &cancelled).await.refused(409, "NOT_PAYABLE");
}

#[tokio::test]
async fn nobody_names_an_amount_or_pays_for_others() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let body = json!({ "appointmentId": appointment["id"], "amount": 1, "currency": "INR" });
    let fields = world.a.patient.post("/payment/create-order", body).await.bad_fields();
    let unknown = |name: &str| (name.to_owned(), "UNKNOWN_FIELD".to_owned());
    assert_eq!(fields, [unknown("amount"), unknown("currency")]);
    asks(&world.a.doctor, &appointment).await.refused(403, "FORBIDDEN");
    asks(&world.admin, &appointment).await.refused(403, "FORBIDDEN");
    let other = world.a.new_patient("other").await;
    for stranger in [&other, &world.b.patient, &world.b.admin] {
        asks(stranger, &appointment).await.refused(404, "NOT_FOUND");
    }
    assert!(world.razorpay().orders_with(&text(&appointment, "/id")).await.is_empty());
}
