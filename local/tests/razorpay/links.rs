//! Payment links: an order with an address of its own.

use serde_json::{Value, json};

use crate::world::{KEY, World, hmac};

async fn link(world: &World, reference: &str) -> Value {
    let body = json!({
        "amount": 50_000, "currency": "INR", "reference_id": reference, "description": "A visit",
        "customer": { "name": "Asha Rao", "contact": "+919876543210", "email": "a@b.example" },
        "notify": { "sms": false, "email": true }, "reminder_enable": false,
        "notes": { "appointment": "apt_1" },
        "callback_url": "https://shop.example/paid", "callback_method": "get",
    });
    let (status, link) = world.post("/v1/payment_links", body).await;
    assert_eq!(status, 200, "{link}");
    link
}

#[tokio::test]
async fn a_link_is_paid_once_and_its_event_carries_link_order_and_payment() {
    let world = World::new(None).await;
    let link = link(&world, "ref-1").await;
    let id = link["id"].as_str().unwrap();
    assert_eq!((&link["status"], &link["payments"]), (&json!("created"), &Value::Null));
    assert_eq!(link["short_url"], format!("{}/l/{id}", world.url));
    let body = json!({ "payment_link_id": id, "outcome": "captured" });
    let (_, paid) = world.post("/simulate/checkout", body.clone()).await;
    let payment = paid["razorpay_payment_id"].as_str().unwrap();
    let message = format!("{id}|ref-1|paid|{payment}");
    assert_eq!(paid["razorpay_signature"], hmac(KEY.1, message.as_bytes()));
    let names = world.webhooks(4).await;
    let expected = ["payment.authorized", "payment.captured", "order.paid", "payment_link.paid"];
    assert_eq!(names, expected);
    let event = world.bodies.lock().unwrap().pop().unwrap();
    assert_eq!(event["contains"], json!(["payment_link", "payment", "order"]));
    let told = &event["payload"]["payment_link"]["entity"];
    assert_eq!((&told["status"], &told["reference_id"]), (&json!("paid"), &json!("ref-1")));
    assert_eq!(event["payload"]["payment"]["entity"]["notes"]["appointment"], "apt_1");
    assert_eq!(event["payload"]["order"]["entity"]["id"], link["order_id"]);

    let now = world.get(&format!("/v1/payment_links/{id}")).await;
    assert_eq!((&now["status"], &now["amount_paid"]), (&json!("paid"), &json!(50_000)));
    assert_eq!(now["payments"][0]["payment_id"], payment);
    let found = world.get(&format!("/v1/payment_links?payment_id={payment}")).await;
    assert_eq!(found["payment_links"][0]["id"], id);
    assert_eq!(world.post("/simulate/checkout", body).await.0, 400);
    assert_eq!(world.post(&format!("/v1/payment_links/{id}/cancel"), json!({})).await.0, 400);
}

#[tokio::test]
async fn a_link_that_is_cancelled_or_has_run_out_takes_no_money() {
    let world = World::new(None).await;
    for (reference, cancelled) in [("ref-2", true), ("ref-3", false)] {
        let link = link(&world, reference).await;
        let id = link["id"].as_str().unwrap();
        let (status, ended) = if cancelled {
            world.post(&format!("/v1/payment_links/{id}/cancel"), json!({})).await
        } else {
            let body = json!({ "payment_link_id": id });
            world.post("/simulate/payment_link/expire", body).await
        };
        let expected = if cancelled { "cancelled" } else { "expired" };
        assert_eq!((status, &ended["status"]), (200, &json!(expected)));
        assert_ne!(ended[format!("{expected}_at")], 0);
        for body in [
            json!({ "payment_link_id": id, "outcome": "captured" }),
            json!({ "order_id": link["order_id"], "outcome": "captured" }),
        ] {
            assert_eq!(world.post("/simulate/checkout", body).await.0, 400);
        }
    }
    let names = world.webhooks(2).await;
    assert_eq!(names, ["payment_link.cancelled", "payment_link.expired"]);
}

#[tokio::test]
async fn what_a_link_may_not_be() {
    let world = World::new(None).await;
    link(&world, "ref-4").await;
    let soon = jiff::Timestamp::now().as_second() + 14 * 60;
    for (body, field) in [
        (json!({ "amount": 100, "reference_id": "ref-4" }), "reference_id"),
        (json!({ "amount": 99 }), "amount"),
        (json!({ "currency": "INR" }), "amount"),
        (json!({ "amount": 100, "expire_by": soon }), "expire_by"),
        (json!({ "amount": 100, "reference_id": "r".repeat(41) }), "reference_id"),
        (json!({ "amount": 100, "callback_url": "https://a.example" }), "callback_method"),
        (json!({ "amount": 100, "customer": "Asha" }), "customer"),
        (json!({ "amount": 100, "reminder_enable": "yes" }), "reminder_enable"),
    ] {
        let (status, refusal) = world.post("/v1/payment_links", body).await;
        assert_eq!((status, &refusal["error"]["field"]), (400, &json!(field)), "{refusal}");
    }
    let (status, _) = world.post("/v1/payment_links", json!({ "amount": 1, "colour": 1 })).await;
    assert_eq!(status, 400);
    assert_eq!(
        world.get("/v1/payment_links?reference_id=ref-4").await["payment_links"][0]["amount"],
        50_000
    );
}

#[tokio::test]
async fn links_survive_a_restart_under_the_new_address() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(Some(folder.path().join("razorpay.jsonl"))).await;
    let id = link(&world, "ref-5").await["id"].as_str().unwrap().to_owned();
    world.restart();
    let kept = world.get(&format!("/v1/payment_links/{id}")).await;
    assert_eq!(kept["short_url"], format!("{}/l/{id}", world.url));
    let (status, _) =
        world.post("/v1/payment_links", json!({ "amount": 100, "reference_id": "ref-5" })).await;
    assert_eq!(status, 400);
}
