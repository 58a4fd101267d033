//! What Razorpay's events say, read leniently: members we do not know are no reason to refuse an
//! event, and neither are events we do not know.

use serde::Deserialize;
use shared::{
    models::{Instant, Payment, PaymentStatus},
    outbound::{RazorpayPayment, RazorpayRefund},
};

/// An event.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Event {
    /// `payment.captured` and so on.
    #[serde(default)]
    pub(crate) event: String,
    #[serde(default)]
    payload: Payload,
}

#[derive(Debug, Default, Deserialize)]
struct Payload {
    #[serde(default)]
    payment: Option<Entity>,
    #[serde(default)]
    refund: Option<Entity>,
}

#[derive(Debug, Default, Deserialize)]
struct Entity {
    #[serde(default)]
    entity: serde_json::Value,
}

impl Event {
    /// The payment it tells of.
    pub(crate) fn payment(&self) -> Option<RazorpayPayment> {
        let entity = self.payload.payment.as_ref()?;
        serde_json::from_value(entity.entity.clone()).ok()
    }

    /// The refund it tells of.
    pub(crate) fn refund(&self) -> Option<RazorpayRefund> {
        let entity = self.payload.refund.as_ref()?;
        serde_json::from_value(entity.entity.clone()).ok()
    }

    /// How far the payment came. The event's name and the snapshot in it may differ, for the
    /// snapshot may be later; the further of the two is true.
    pub(crate) fn payment_as_told(
        &self,
        payment: &RazorpayPayment,
        now: Instant,
    ) -> Option<Payment> {
        let named = match self.event.as_str() {
            "payment.captured" | "order.paid" => Some(PaymentStatus::Captured),
            "payment.authorized" => Some(PaymentStatus::Authorized),
            "payment.failed" => Some(PaymentStatus::Failed),
            _ => None,
        };
        let status = named.max(payment.status())?;
        Some(Payment { id: payment.id.clone(), amount: payment.money()?, status, created_at: now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(name: &str, status: &str) -> Event {
        serde_json::from_value(json!({
            "entity": "event", "event": name, "contains": ["payment"], "new_member": { "a": 1 },
            "payload": { "payment": { "entity": {
                "id": "pay_A1", "amount": 50000, "currency": "INR", "status": status,
                "order_id": "order_A1", "notes": [], "vpa": null, "unknown": [1, 2],
            } } },
        }))
        .unwrap()
    }

    #[test]
    fn the_further_of_name_and_snapshot_is_true() {
        let told = |name, status| {
            let event = event(name, status);
            let payment = event.payment().unwrap();
            event.payment_as_told(&payment, Instant::from_seconds(1)).unwrap().status
        };
        assert_eq!(told("payment.authorized", "captured"), PaymentStatus::Captured);
        assert_eq!(told("payment.captured", "authorized"), PaymentStatus::Captured);
        assert_eq!(told("payment.failed", "failed"), PaymentStatus::Failed);
    }

    #[test]
    fn strange_events_are_read() {
        for text in [
            "{}",
            r#"{"event":"x","payload":{"payment":{}}}"#,
            r#"{"event":"x","payload":{"other":1}}"#,
        ] {
            let event: Event = serde_json::from_str(text).unwrap();
            assert!(event.payment().is_none() && event.refund().is_none());
        }
    }
}
