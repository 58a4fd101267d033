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
    use proptest::prelude::*;
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

    /// Any JSON, with the members of an event where they may be.
    fn any_event() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|value| json!(value)),
            any::<i64>().prop_map(|value| json!(value)),
            any::<f64>().prop_map(|value| json!(value)),
            "\\PC{0,12}".prop_map(|value| json!(value)),
        ];
        let name = prop_oneof![
            Just("event"),
            Just("payload"),
            Just("payment"),
            Just("order"),
            Just("refund"),
            Just("entity"),
            Just("id"),
            Just("amount"),
            Just("currency"),
            Just("status"),
            Just("order_id"),
            Just("notes"),
            Just("payment_id"),
        ];
        leaf.prop_recursive(6, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|items| json!(items)),
                prop::collection::btree_map(name.clone(), inner, 0..8)
                    .prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_event_panics(event in any_event(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            for text in [event.to_string().into_bytes(), bytes] {
                let event: Event = serde_json::from_slice(&text).unwrap_or_default();
                let _: Option<RazorpayRefund> = event.refund();
                if let Some(payment) = event.payment() {
                    let _: Option<Payment> = event.payment_as_told(&payment, Instant::from_seconds(1));
                }
            }
        }
    }
}
