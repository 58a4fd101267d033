//! How events arrive: late, more than once, in the wrong order, and again if nobody answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::World;

async fn checkout(world: &World, receipt: &str, plan: Value) -> Instant {
    let order = world.order(receipt).await;
    let body = json!({ "order_id": order, "outcome": "captured", "webhook": plan });
    let begun = Instant::now();
    assert_eq!(world.post("/simulate/checkout", body).await.0, 200);
    begun
}

#[tokio::test]
async fn an_event_comes_no_sooner_than_its_delay() {
    let world = World::new(None).await;
    let begun = checkout(&world, "w-1", json!({ "delayMs": 400, "order": ["order.paid"] })).await;
    assert_eq!(world.webhooks(1).await, ["order.paid"]);
    assert!(begun.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn copies_of_an_event_have_one_id_and_one_body() {
    let world = World::new(None).await;
    checkout(&world, "w-2", json!({ "times": 5, "order": ["payment.captured"] })).await;
    world.webhooks(5).await;
    let seen = world.seen.lock().unwrap().clone();
    let raw = world.raw.lock().unwrap().clone();
    assert!(seen.iter().all(|one| *one == seen[0]) && raw.iter().all(|one| *one == raw[0]));
}

#[tokio::test]
async fn events_come_in_the_order_that_was_asked_for_and_no_others() {
    let world = World::new(None).await;
    let order = json!(["order.paid", "payment.authorized"]);
    checkout(&world, "w-3", json!({ "order": order })).await;
    assert_eq!(world.webhooks(2).await, ["order.paid", "payment.authorized"]);
    let list = world.get("/simulate/webhooks").await;
    let left =
        list["items"].as_array().unwrap().iter().find(|it| it["event"] == "payment.captured");
    assert_eq!(left.unwrap()["delivery"], "recorded");
}

#[tokio::test]
async fn who_takes_too_long_is_told_again() {
    // The endpoint's first answer comes after the time Razorpay waits.
    let world = World::with_patience(Duration::from_millis(300)).await;
    world.slow.lock().unwrap().push_back(Duration::from_millis(900));
    checkout(&world, "w-4", json!({ "order": ["payment.captured"] })).await;
    world.webhooks(2).await;
    let seen = world.seen.lock().unwrap().clone();
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_dispute_and_a_refund_by_itself_are_told() {
    let world = World::new(None).await;
    let payment = world.paid("w-5").await;
    world.webhooks(3).await;
    for phase in ["created", "won", "lost"] {
        let body = json!({ "payment_id": payment, "phase": phase });
        assert_eq!(world.post("/simulate/dispute", body).await.0, 200);
    }
    let order = world.order("w-6").await;
    let body = json!({ "order_id": order, "outcome": "authorized", "webhook": "never" });
    let (_, paid) = world.post("/simulate/checkout", body).await;
    let id = &paid["razorpay_payment_id"];
    let body = json!({ "payment_id": id, "outcome": "refunded", "webhook": "never" });
    assert_eq!(world.post("/simulate/payment", body).await.1["status"], "refunded");
    let mut names = world.webhooks(6).await.split_off(3);
    names.sort();
    let expected = ["payment.dispute.created", "payment.dispute.lost", "payment.dispute.won"];
    assert_eq!(names, expected);
    let bodies = world.bodies.lock().unwrap();
    let lost = bodies.iter().find(|body| body["event"] == "payment.dispute.lost").unwrap();
    assert_eq!(lost["payload"]["dispute"]["entity"]["amount_deducted"], 50_000);
}
