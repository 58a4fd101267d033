//! What Razorpay's events say, read leniently: members we do not know are no reason to refuse an
//! event, and neither are events we do not know.

use serde::Deserialize;
use shared::{
    models::{
        AppointmentId, Instant, MerchantId, OrderId, PaidBy, Parse as _, Payment, PaymentStatus,
    },
    outbound::{RazorpayDispute, RazorpayPayment, RazorpayRefund},
};

/// An event.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Event {
    /// `payment.captured` and so on.
    #[serde(default, rename = "event")]
    pub(crate) name: String,
    /// Whose it is: the merchant's id.
    #[serde(default)]
    account_id: serde_json::Value,
    #[serde(default)]
    payload: Payload,
}

#[derive(Debug, Default, Deserialize)]
struct Payload {
    #[serde(default)]
    payment: Option<Entity>,
    #[serde(default)]
    refund: Option<Entity>,
    #[serde(default)]
    dispute: Option<Entity>,
    #[serde(default)]
    payment_link: Option<Entity>,
}

#[derive(Debug, Default, Deserialize)]
struct Entity {
    #[serde(default)]
    entity: serde_json::Value,
}

impl Event {
    /// Reads a body. One that is no event is an event of nothing.
    pub(crate) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Whether it names this merchant as its own.
    pub(crate) fn is_of(&self, merchant: &MerchantId) -> bool {
        self.account_id.as_str() == Some(merchant.as_str())
    }

    /// The payment it tells of.
    pub(crate) fn payment(&self) -> Option<RazorpayPayment> {
        read(self.payload.payment.as_ref())
    }

    /// The refund it tells of.
    pub(crate) fn refund(&self) -> Option<RazorpayRefund> {
        read(self.payload.refund.as_ref())
    }

    /// The dispute it tells of.
    pub(crate) fn dispute(&self) -> Option<RazorpayDispute> {
        read(self.payload.dispute.as_ref())
    }

    /// The order its payment is of.
    pub(crate) fn order(&self) -> Option<OrderId> {
        self.payment()?.order_id
    }

    /// The appointment its payment is for, by what we gave the payment link.
    pub(crate) fn appointment(&self) -> Option<AppointmentId> {
        let link = self.payload.payment_link.as_ref().map(|link| &link.entity);
        let reference = link.and_then(|link| link.get("reference_id")?.as_str());
        let by_reference = reference.and_then(|text| AppointmentId::parse(text).ok());
        by_reference.or_else(|| self.payment()?.appointment())
    }

    /// Whether it tells of money.
    pub(crate) fn is_money(&self) -> bool {
        self.payment().and_then(|payment| payment.status()) >= Some(PaymentStatus::Authorized)
    }

    /// The payment as far as it came. The event's name and the snapshot in it may differ, for the
    /// snapshot may be later; the further of the two is true. What was captured was captured, even
    /// if the snapshot shows it refunded already: of refunds we are told, or ask. What we first hear
    /// of by its refund went back and buys nothing.
    pub(crate) fn payment_as_told(&self, via: PaidBy, now: Instant) -> Option<Payment> {
        let named = match self.name.as_str() {
            "payment.captured" | "order.paid" | "payment_link.paid" => {
                Some(PaymentStatus::Captured)
            }
            "payment.authorized" => Some(PaymentStatus::Authorized),
            "payment.failed" => Some(PaymentStatus::Failed),
            _ => None,
        };
        let payment = self.payment()?;
        let mut status = named.max(payment.status())?;
        if self.refund().is_none() {
            status = status.min(PaymentStatus::Captured);
        }
        payment.as_far_as(status, via, now)
    }
}

fn read<T: serde::de::DeserializeOwned>(entity: Option<&Entity>) -> Option<T> {
    serde_json::from_value(entity?.entity.clone()).ok()
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
            event.payment_as_told(PaidBy::Checkout, Instant::from_seconds(1)).unwrap().status
        };
        assert_eq!(told("payment.authorized", "captured"), PaymentStatus::Captured);
        assert_eq!(told("payment.captured", "authorized"), PaymentStatus::Captured);
        assert_eq!(told("payment.failed", "failed"), PaymentStatus::Failed);
        assert_eq!(told("payment.captured", "refunded"), PaymentStatus::Captured);
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
                let _: Option<Payment> =
                    event.payment_as_told(PaidBy::Checkout, Instant::from_seconds(1));
                let _: (Option<OrderId>, Option<AppointmentId>, bool) =
                    (event.order(), event.appointment(), event.is_money());
            }
        }
    }
}
