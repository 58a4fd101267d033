//! The other side of payments: the customer at the checkout, Razorpay's books, and its webhooks.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::{call::Call, stack};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// The simulated account.
#[derive(Debug, Clone)]
pub struct Simulator {
    http: reqwest::Client,
}

/// HMAC-SHA-256 in hexadecimal.
pub fn sign(secret: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(message);
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

impl Simulator {
    pub(crate) const fn new(http: reqwest::Client) -> Self {
        Self { http }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.expect("the simulator answers");
        let (status, text) = (answer.status(), answer.text().await.expect("the simulator answers"));
        assert!(status.is_success(), "the simulator refuses: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn url(path: &str) -> String {
        format!("{}{path}", stack::of("/razorpay/endpoint"))
    }

    async fn simulate(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(Self::url(path)).header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    async fn read(&self, path: &str) -> Value {
        let (id, secret) = (stack::of("/razorpay/keyId"), stack::of("/razorpay/keySecret"));
        self.send(self.http.get(Self::url(path)).basic_auth(id, Some(secret))).await
    }

    /// The customer pays an order; what Checkout hands the browser.
    pub async fn checkout(&self, order: &str, outcome: &str) -> Value {
        let body = json!({ "order_id": order, "outcome": outcome, "webhook": "never" });
        self.simulate("/simulate/checkout", &body).await
    }

    /// The bank changes its mind about a payment.
    pub async fn late(&self, payment: &str, outcome: &str) -> Value {
        let body = json!({ "payment_id": payment, "outcome": outcome, "webhook": "never" });
        self.simulate("/simulate/payment", &body).await
    }

    /// The next answers of a path fail with this status. Name an id in the path: others test at the
    /// same time.
    pub async fn fails(&self, path: &str, status: u16, times: u32) {
        let body = json!({ "path": path, "status": status, "times": times });
        self.simulate("/simulate/faults", &body).await;
    }

    /// The next answers of a path are lost after the request was carried out.
    pub async fn loses_answers(&self, path: &str, times: u32) {
        let body = json!({ "path": path, "dropResponse": true, "times": times });
        self.simulate("/simulate/faults", &body).await;
    }

    /// An order is made without our asking for it.
    pub async fn makes_order(&self, body: &Value) -> Value {
        let (id, secret) = (stack::of("/razorpay/keyId"), stack::of("/razorpay/keySecret"));
        let request = self.http.post(Self::url("/v1/orders")).basic_auth(id, Some(secret));
        self.send(request.header("content-type", "application/json").body(body.to_string())).await
    }

    /// A payment in Razorpay's books.
    pub async fn payment(&self, id: &str) -> Value {
        self.read(&format!("/v1/payments/{id}")).await
    }

    /// An order's payments in Razorpay's books.
    pub async fn payments_of(&self, order: &str) -> Vec<Value> {
        items(&self.read(&format!("/v1/orders/{order}/payments")).await)
    }

    /// The orders with a receipt.
    pub async fn orders_with(&self, receipt: &str) -> Vec<Value> {
        items(&self.read(&format!("/v1/orders?receipt={receipt}")).await)
    }

    /// A payment's refunds in Razorpay's books.
    pub async fn refunds_of(&self, payment: &str) -> Vec<Value> {
        items(&self.read(&format!("/v1/payments/{payment}/refunds")).await)
    }

    /// An event about a payment as Razorpay would send it now.
    pub async fn event(&self, name: &str, payment: &str) -> Value {
        event(name, &[("payment", self.payment(payment).await)])
    }

    /// An event about a payment's first refund, with this status.
    pub async fn refund_event(&self, name: &str, payment: &str, status: &str) -> Value {
        let mut refund =
            self.refunds_of(payment).await.into_iter().next().expect("there is a refund");
        if let Some(members) = refund.as_object_mut() {
            members.insert("status".to_owned(), json!(status));
        }
        event(name, &[("refund", refund), ("payment", self.payment(payment).await)])
    }
}

fn items(collection: &Value) -> Vec<Value> {
    collection.get("items").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// An event with these entities.
pub fn event(name: &str, entities: &[(&str, Value)]) -> Value {
    let contains: Vec<&str> = entities.iter().map(|(kind, _)| *kind).collect();
    let payload: Map<String, Value> = entities
        .iter()
        .map(|(kind, entity)| ((*kind).to_owned(), json!({ "entity": entity })))
        .collect();
    json!({
        "entity": "event",
        "account_id": "acc_00000000000000",
        "event": name,
        "contains": contains,
        "payload": payload,
        "created_at": jiff::Timestamp::now().as_second(),
    })
}

/// The request that delivers an event, signed.
pub fn delivery(event: &Value, event_id: &str) -> Call {
    let body = event.to_string();
    let signature = sign(stack::of("/razorpay/webhookSecret"), body.as_bytes());
    Call::new("POST", "/webhooks/razorpay")
        .raw("application/json", body)
        .header("x-razorpay-signature", signature)
        .header("x-razorpay-event-id", event_id)
        .header("user-agent", "Razorpay-Webhook/v1")
}
