//! The Razorpay simulator over real sockets.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects is to end there"
)]

mod browser;
mod faults;
mod links;
mod sdk;
mod stack;
mod webhooks;
mod world;

use std::time::Duration;

use serde_json::{Value, json};

use world::{KEY, World, hmac};

fn description(body: &Value) -> &str {
    body["error"]["description"].as_str().unwrap()
}

#[tokio::test]
async fn a_failed_and_a_captured_payment_of_one_order() {
    let world = World::new(None).await;
    let order = world.order("r-1").await;
    let (status, failed) =
        world.post("/simulate/checkout", json!({ "order_id": order, "outcome": "failed" })).await;
    assert_eq!((status, failed["error"]["reason"].as_str()), (200, Some("payment_failed")));
    assert!(failed.get("razorpay_signature").is_none());
    world.webhooks(1).await;
    let body = json!({ "order_id": order, "outcome": "captured" });
    let (_, paid) = world.post("/simulate/checkout", body.clone()).await;
    let payment = paid["razorpay_payment_id"].as_str().unwrap();
    assert_eq!(paid["razorpay_signature"], hmac(KEY.1, format!("{order}|{payment}").as_bytes()));
    let names = world.webhooks(4).await;
    assert_eq!(names, ["payment.failed", "payment.authorized", "payment.captured", "order.paid"]);
    let it = world.get(&format!("/v1/orders/{order}")).await;
    assert_eq!((&it["status"], &it["attempts"]), (&json!("paid"), &json!(2)));
    assert_eq!((&it["amount_due"], &it["notes"]), (&json!(0), &json!([])));
    let (status, again) = world.post("/simulate/checkout", body).await;
    assert_eq!(status, 400, "{again}");
}

#[tokio::test]
async fn a_receipt_is_used_once() {
    let world = World::new(None).await;
    let order = world.order("r-2").await;
    let body = json!({ "amount": 50_000, "currency": "INR", "receipt": "r-2" });
    let (status, refusal) = world.post("/v1/orders", body).await;
    assert_eq!((status, description(&refusal)), (400, "Order receipt should be unique."));
    let found = world.get("/v1/orders?receipt=r-2").await;
    assert_eq!((&found["count"], &found["items"][0]["id"]), (&json!(1), &json!(order)));
}

#[tokio::test]
async fn only_the_whole_authorised_amount_is_captured_and_once() {
    let world = World::new(None).await;
    let order = world.order("r-3").await;
    let body = json!({ "order_id": order, "outcome": "authorized" });
    let (_, paid) = world.post("/simulate/checkout", body).await;
    // What is told of the checkout and of the capture comes in no order.
    assert_eq!(world.webhooks(1).await, ["payment.authorized"]);
    let path = format!("/v1/payments/{}/capture", paid["razorpay_payment_id"].as_str().unwrap());
    let capture = |amount: u64| json!({ "amount": amount, "currency": "INR" });
    let (status, refusal) = world.post(&path, capture(49_999)).await;
    let why = "Capture amount must be equal to the amount authorized.";
    assert_eq!((status, description(&refusal)), (400, why));
    assert_eq!(world.post(&path, capture(50_000)).await.1["status"], "captured");
    let (status, refusal) = world.post(&path, capture(50_000)).await;
    assert_eq!((status, description(&refusal)), (400, "This payment has already been captured."));
    let names = world.webhooks(3).await;
    assert_eq!(names, ["payment.authorized", "payment.captured", "order.paid"]);
}

#[tokio::test]
async fn refunds_never_exceed_the_capture_and_repeat_by_key() {
    let world = World::new(None).await;
    let payment = world.paid("r-4").await;
    let url = format!("{}/v1/payments/{payment}/refund", world.url);
    let refund = async |key: &str, body: Value| {
        let request = world.http.post(&url).basic_auth(KEY.0, Some(KEY.1)).json(&body);
        let answer = request.header("X-Refund-Idempotency", key).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (_, first) = refund("refund-key-1", json!({ "amount": 20_000 })).await;
    assert_eq!(first["status"], "pending");
    let (_, again) = refund("refund-key-1", json!({ "amount": 20_000 })).await;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(refund("refund-key-1", json!({ "amount": 10_000 })).await.0, 409);
    assert_eq!(refund("refund-key-2", json!({ "amount": 30_001 })).await.0, 400);
    let (_, rest) = refund("refund-key-3", json!({})).await;
    assert_eq!(rest["amount"], 30_000);
    let it = world.get(&format!("/v1/payments/{payment}")).await;
    assert_eq!((&it["status"], &it["refund_status"]), (&json!("refunded"), &json!("full")));
    world.webhooks(3 + 4).await;
    let settled = world.get(&format!("/v1/refunds/{}", first["id"].as_str().unwrap())).await;
    assert_eq!(settled["status"], "processed");
}

#[tokio::test]
async fn a_failed_refund_gives_the_amount_back() {
    let world = World::new(None).await;
    let payment = world.paid("r-5").await;
    world.webhooks(3).await;
    world.post("/simulate/refunds", json!({ "mode": "failed" })).await;
    world.post(&format!("/v1/payments/{payment}/refund"), json!({})).await;
    let names = world.webhooks(5).await;
    assert_eq!(names[3..], ["refund.created", "refund.failed"]);
    let it = world.get(&format!("/v1/payments/{payment}")).await;
    assert_eq!((&it["status"], &it["amount_refunded"]), (&json!("captured"), &json!(0)));
}

#[tokio::test]
async fn a_webhook_is_retried_with_the_same_id_until_it_is_taken() {
    let world = World::new(None).await;
    world.answers.lock().unwrap().extend([500, 404]);
    let order = world.order("r-6").await;
    world.post("/simulate/checkout", json!({ "order_id": order, "outcome": "failed" })).await;
    world.webhooks(3).await;
    let seen = world.seen.lock().unwrap().clone();
    assert!(seen.iter().all(|event| *event == seen[0]), "{seen:?}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let list = world.get("/simulate/webhooks").await;
    assert_eq!(list["items"][0]["delivery"], "delivered");
    assert_eq!(list["items"][0]["attempts"], 3);
}

#[tokio::test]
async fn copies_and_order_are_as_planned() {
    let world = World::new(None).await;
    let order = world.order("r-7").await;
    let plan = json!({ "delayMs": 20, "times": 2, "order": ["order.paid", "payment.captured"] });
    let body = json!({ "order_id": order, "outcome": "captured", "webhook": plan });
    world.post("/simulate/checkout", body).await;
    let names = world.webhooks(4).await;
    assert_eq!(names, ["order.paid", "order.paid", "payment.captured", "payment.captured"]);
}

#[tokio::test]
async fn a_late_authorisation_can_capture_a_second_payment_of_a_paid_order() {
    let world = World::new(None).await;
    let order = world.order("r-8").await;
    let attempt = |outcome: &str| json!({ "order_id": order, "outcome": outcome });
    let (_, failed) = world.post("/simulate/checkout", attempt("failed")).await;
    world.post("/simulate/checkout", attempt("captured")).await;
    let id = &failed["razorpay_payment_id"];
    let body = json!({ "payment_id": id, "outcome": "captured" });
    let (_, late) = world.post("/simulate/payment", body).await;
    assert_eq!((&late["status"], &late["late_authorized"]), (&json!("captured"), &json!(true)));
    let payments = world.get(&format!("/v1/orders/{order}/payments")).await;
    let captured = payments["items"].as_array().unwrap().iter().filter(|it| it["captured"] == true);
    assert_eq!(captured.count(), 2);
}

#[tokio::test]
async fn a_lost_answer_leaves_an_order_and_a_refusal_none() {
    let world = World::new(None).await;
    let fault = json!({ "path": "POST /orders", "dropResponse": true, "times": 1 });
    world.post("/simulate/faults", fault).await;
    let body = json!({ "amount": 100, "currency": "INR", "receipt": "lost" });
    let request = world.http.post(format!("{}/v1/orders", world.url)).json(&body);
    assert!(request.basic_auth(KEY.0, Some(KEY.1)).send().await.is_err());
    assert_eq!(world.get("/v1/orders?receipt=lost").await["count"], 1);

    world.post("/simulate/faults", json!({ "path": "/orders", "status": 500, "times": 1 })).await;
    let body = json!({ "amount": 100, "currency": "INR", "receipt": "refused" });
    let (status, refusal) = world.post("/v1/orders", body).await;
    assert_eq!((status, refusal["error"].get("step")), (500, None));
    assert_eq!(world.get("/v1/orders?receipt=refused").await["count"], 0);
}

#[tokio::test]
async fn wrong_credentials_are_told_so() {
    let world = World::new(None).await;
    for (id, secret) in [("rzp_test_other", KEY.1), (KEY.0, "wrong")] {
        let request = world.http.get(format!("{}/v1/orders", world.url));
        let answer = request.basic_auth(id, Some(secret)).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "BAD_REQUEST_ERROR");
    }
}

#[tokio::test]
async fn the_state_and_the_open_webhooks_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(Some(folder.path().join("razorpay.jsonl"))).await;
    world.answers.lock().unwrap().extend([500, 500, 500]);
    let payment = world.paid("r-9").await;
    world.webhooks(3).await;
    world.restart();
    let names = world.webhooks(6).await;
    assert!(names[3..].contains(&"order.paid".to_owned()), "{names:?}");
    assert_eq!(world.get(&format!("/v1/payments/{payment}")).await["status"], "captured");
    let body = json!({ "amount": 100, "currency": "INR", "receipt": "r-9" });
    assert_eq!(world.post("/v1/orders", body).await.0, 400);
}
