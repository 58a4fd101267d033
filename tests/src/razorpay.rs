//! The other side of payments: the customer at the checkout, Razorpay's books, and its webhooks.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::{call::Call, stack};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use shared::clock::Clock;

/// The platform's merchant; nobody looks at its id.
const PLATFORM: &str = "acc_00000000000000";

/// A simulated account: the platform's, or a merchant's own.
#[derive(Debug, Clone)]
pub struct Simulator {
    http: reqwest::Client,
    keys: (String, String),
    account: String,
    clock: Clock,
}

/// A merchant at the simulated Razorpay, with keys of its own.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// `acc_…`.
    pub id: String,
    /// `rzp_test_…`.
    pub key_id: String,
    /// The secret half.
    pub key_secret: String,
    /// What its webhooks are signed with.
    pub webhook_secret: String,
}

impl Merchant {
    /// As a hospital hands it in.
    pub fn body(&self) -> Value {
        json!({
            "merchantId": self.id, "keyId": self.key_id,
            "keySecret": self.key_secret, "webhookSecret": self.webhook_secret,
        })
    }
}

/// HMAC-SHA-256 in hexadecimal.
pub fn sign(secret: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(message);
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

impl Simulator {
    pub(crate) fn new(http: reqwest::Client, clock: Clock) -> Self {
        let of = |pointer| stack::of(pointer).to_owned();
        let keys = (of("/razorpay/keyId"), of("/razorpay/keySecret"));
        Self { http, keys, account: PLATFORM.to_owned(), clock }
    }

    /// One more merchant joins Razorpay.
    pub async fn merchant(&self) -> Merchant {
        let bytes: [u8; 7] = shared::entropy::Entropy.bytes().expect("there is chance");
        let name = HEXLOWER.encode(&bytes);
        let mut merchant = Merchant {
            id: String::new(),
            key_id: format!("rzp_test_{name}"),
            key_secret: format!("secret-of-{name}-abcd"),
            webhook_secret: format!("webhooks-of-{name}-wxyz"),
        };
        let body = json!({
            "key_id": merchant.key_id, "key_secret": merchant.key_secret,
            "webhook_secret": merchant.webhook_secret,
        });
        let joined = self.simulate("/simulate/merchants", &body).await;
        let id = joined.get("account_id").and_then(Value::as_str);
        id.expect("a merchant has an id").clone_into(&mut merchant.id);
        merchant
    }

    /// The same Razorpay, as this merchant sees it.
    pub fn at(&self, merchant: &Merchant) -> Self {
        let keys = (merchant.key_id.clone(), merchant.key_secret.clone());
        Self { keys, account: merchant.id.clone(), ..self.clone() }
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
        // The simulator's own doors take no password, but have to know whose customer it is.
        let request = request.basic_auth(&self.keys.0, Some(&self.keys.1));
        self.send(request.body(body.to_string())).await
    }

    async fn read(&self, path: &str) -> Value {
        let request = self.http.get(Self::url(path));
        self.send(request.basic_auth(&self.keys.0, Some(&self.keys.1))).await
    }

    /// The customer pays an order, by the world's clock; what Checkout hands the browser.
    pub async fn checkout(&self, order: &str, outcome: &str) -> Value {
        let at = self.clock.now().seconds();
        let body = json!({ "order_id": order, "outcome": outcome, "webhook": "never", "at": at });
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
        self.simulate("/v1/orders", body).await
    }

    /// Somebody refunds a payment in the dashboard.
    pub async fn refunds(&self, payment: &str, body: &Value) -> Value {
        self.simulate(&format!("/v1/payments/{payment}/refund"), body).await
    }

    /// How the banks speak of this merchant's refunds from now on.
    pub async fn banks_say(&self, mode: &str) {
        self.simulate("/simulate/refunds", &json!({ "mode": mode })).await;
    }

    /// A payment link in Razorpay's books.
    pub async fn link(&self, id: &str) -> Value {
        self.read(&format!("/v1/payment_links/{id}")).await
    }

    /// The payment link of a reference in Razorpay's books, once it is there.
    pub async fn until_there_is_a_link_of(&self, reference: &str) -> Value {
        for _ in 0..1500 {
            let there = self.read(&format!("/v1/payment_links?reference_id={reference}")).await;
            if let Some(link) = there.pointer("/payment_links/0") {
                return link.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("nobody asks for a link of {reference}");
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

    /// Waits for the bank's word on a refund of a payment; the refund.
    pub async fn until_refund_is(&self, payment: &str, status: &str) -> Value {
        for _ in 0..600 {
            let refunds = self.refunds_of(payment).await;
            let spoken = |refund: &Value| refund.get("status") == Some(&json!(status));
            if let Some(refund) = refunds.into_iter().find(spoken) {
                return refund;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the bank does not speak of a refund of {payment}");
    }

    /// An event about a payment as Razorpay would send it now.
    pub async fn event(&self, name: &str, payment: &str) -> Value {
        event_of(&self.account, name, &[("payment", self.payment(payment).await)])
    }

    /// An event about a payment's first refund, with this status.
    pub async fn refund_event(&self, name: &str, payment: &str, status: &str) -> Value {
        let mut refund =
            self.refunds_of(payment).await.into_iter().next().expect("there is a refund");
        if let Some(members) = refund.as_object_mut() {
            members.insert("status".to_owned(), json!(status));
        }
        let payment = self.payment(payment).await;
        event_of(&self.account, name, &[("refund", refund), ("payment", payment)])
    }
}

fn items(collection: &Value) -> Vec<Value> {
    collection.get("items").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// An event of the platform's account with these entities.
pub fn event(name: &str, entities: &[(&str, Value)]) -> Value {
    event_of(PLATFORM, name, entities)
}

/// An event of a merchant's account with these entities.
pub fn event_of(account: &str, name: &str, entities: &[(&str, Value)]) -> Value {
    let contains: Vec<&str> = entities.iter().map(|(kind, _)| *kind).collect();
    let payload: Map<String, Value> = entities
        .iter()
        .map(|(kind, entity)| ((*kind).to_owned(), json!({ "entity": entity })))
        .collect();
    json!({
        "entity": "event",
        "account_id": account,
        "event": name,
        "contains": contains,
        "payload": payload,
        "created_at": jiff::Timestamp::now().as_second(),
    })
}

/// The request that delivers an event, signed.
pub fn delivery(event: &Value, event_id: &str) -> Call {
    signed("/webhooks/razorpay", stack::of("/razorpay/webhookSecret"), event, event_id)
}

/// The request that delivers an event to a hospital's own account.
pub fn delivery_to(account: &str, secret: &str, event: &Value, event_id: &str) -> Call {
    signed(&format!("/webhooks/razorpay/{account}"), secret, event, event_id)
}

fn signed(path: &str, secret: &str, event: &Value, event_id: &str) -> Call {
    let body = event.to_string();
    let signature = sign(secret, body.as_bytes());
    Call::new("POST", path)
        .raw("application/json", body)
        .header("x-razorpay-signature", signature)
        .header("x-razorpay-event-id", event_id)
        .header("user-agent", "Razorpay-Webhook/v1")
}
