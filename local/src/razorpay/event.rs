//! Webhook events: the body as sent, and what has become of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::entity::{Order, Payment, Refund};
use super::ids;
use super::link::PaymentLink;

/// How far an event has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Delivery {
    /// Recorded; nobody sends it of himself (no webhook URL, or the caller said "never").
    Recorded,
    /// Being sent, or between two tries.
    Pending,
    /// Answered with 2xx.
    Delivered,
    /// Given up after the last try.
    Failed,
}

/// What an event tells of; what is there goes into its payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About<'a> {
    pub(super) payment: Option<&'a Payment>,
    pub(super) order: Option<&'a Order>,
    pub(super) refund: Option<&'a Refund>,
    pub(super) link: Option<&'a PaymentLink>,
    pub(super) dispute: Option<&'a Value>,
}

impl<'a> About<'a> {
    /// A payment alone.
    pub(super) fn payment(payment: &'a Payment) -> Self {
        Self { payment: Some(payment), ..Self::default() }
    }
}

/// One event. The body is kept as text: a retry sends the very same bytes, for the signature
/// is over bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Event {
    /// Goes out as `x-razorpay-event-id`; the same across retries and copies.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) body: String,
    pub(super) order_id: Option<String>,
    pub(super) payment_id: Option<String>,
    pub(super) refund_id: Option<String>,
    pub(super) delivery: Delivery,
    /// Sends so far, copies included.
    pub(super) attempts: u32,
    /// Status of the last answer; none after a time-out or a refused connection.
    pub(super) last_status: Option<u16>,
    pub(super) created_at: i64,
}

impl Event {
    /// A snapshot of the entities as they are now.
    pub(super) fn snapshot(account: &str, name: &str, about: About<'_>) -> Self {
        let now = ids::now();
        let mut contains = Vec::new();
        let mut payload = Map::new();
        let mut add = |what: &str, entity: Value| {
            contains.push(what.to_owned());
            payload.insert(what.to_owned(), json!({ "entity": entity }));
        };
        if let Some(link) = about.link {
            add("payment_link", json!(link));
        }
        if let Some(refund) = about.refund {
            add("refund", json!(refund));
        }
        if let Some(payment) = about.payment {
            add("payment", in_payload(payment));
        }
        if let Some(dispute) = about.dispute {
            add("dispute", dispute.clone());
        }
        if let Some(order) = about.order {
            add("order", json!(order));
        }
        let of_payment = about.payment.and_then(|payment| payment.order_id.clone());
        let body = json!({
            "entity": "event",
            "account_id": account,
            "event": name,
            "contains": contains,
            "payload": payload,
            "created_at": now,
        });
        Self {
            id: ids::fresh(""),
            name: name.to_owned(),
            body: body.to_string(),
            order_id: of_payment.or_else(|| about.link.map(|link| link.order_id.clone())),
            payment_id: about.payment.map(|payment| payment.id.clone()),
            refund_id: about.refund.map(|refund| refund.id.clone()),
            delivery: Delivery::Pending,
            attempts: 0,
            last_status: None,
            created_at: now,
        }
    }

    /// What `GET /simulate/webhooks` tells of it.
    pub(super) fn summary(&self) -> Value {
        json!({
            "id": self.id,
            "event": self.name,
            "orderId": self.order_id,
            "paymentId": self.payment_id,
            "refundId": self.refund_id,
            "delivery": self.delivery,
            "attempts": self.attempts,
            "lastStatus": self.last_status,
            "createdAt": self.created_at,
        })
    }
}

/// A payment inside a webhook has two members more once it is captured.
fn in_payload(payment: &Payment) -> Value {
    let mut entity = json!(payment);
    if let (true, Some(members)) = (payment.captured, entity.as_object_mut()) {
        members.insert("base_amount".to_owned(), payment.amount.into());
        members.insert("amount_transferred".to_owned(), 0.into());
    }
    entity
}
