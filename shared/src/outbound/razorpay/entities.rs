//! Payments, refunds and disputes as Razorpay tells of them, in answers and in webhooks. What it
//! may leave out is optional (razorpay.com/docs/api).

use crate::models::{
    AppointmentId, Currency, Dispute, DisputeId, DisputeStatus, Instant, Money, OrderId, PaidBy,
    Parse as _, Payment, PaymentId, PaymentStatus, Refund, RefundCause, RefundId, RefundStatus,
};
use serde::Deserialize;
use serde_json::Value;

/// A payment as Razorpay tells of it. What it may leave out is optional.
#[derive(Debug, Clone, Deserialize)]
pub struct RazorpayPayment {
    /// Its id.
    pub id: PaymentId,
    /// Minor units.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
    /// `created`, `authorized`, `captured`, `refunded` or `failed`.
    pub status: String,
    /// The order it pays.
    #[serde(default)]
    pub order_id: Option<OrderId>,
    /// Whether the money was ever the merchant's.
    #[serde(default)]
    captured: Option<bool>,
    /// What the payment link it came by was given. An empty list where there is nothing.
    #[serde(default)]
    notes: Value,
    /// When the customer paid, in Unix seconds.
    #[serde(default)]
    created_at: Value,
    /// When the money was captured, in Unix seconds. Razorpay's documents do not promise it.
    #[serde(default)]
    captured_at: Value,
}

impl RazorpayPayment {
    /// How far it came; `None` while the customer is still at it.
    pub fn status(&self) -> Option<PaymentStatus> {
        match self.status.as_str() {
            "failed" => Some(PaymentStatus::Failed),
            "authorized" => Some(PaymentStatus::Authorized),
            "captured" => Some(PaymentStatus::Captured),
            // Not captured in time, Razorpay gave it back by itself: it never was ours.
            "refunded" if self.captured == Some(false) => Some(PaymentStatus::Failed),
            "refunded" => Some(PaymentStatus::Refunded),
            _ => None,
        }
    }

    /// What was paid.
    pub fn money(&self) -> Option<Money> {
        Money::new(self.amount, self.currency)
    }

    /// The appointment it is for, by the notes of its payment link.
    pub fn appointment(&self) -> Option<AppointmentId> {
        AppointmentId::parse(self.notes.get("appointment")?.as_str()?).ok()
    }

    /// As we keep it, if Razorpay is done with it.
    pub fn as_told(&self, via: PaidBy, now: Instant) -> Option<Payment> {
        self.as_far_as(self.status()?, via, now)
    }

    /// As we keep it when it came so far. When its money came is the payment's own word, so that it
    /// is the same whoever tells of it first; it is never later than now.
    pub fn as_far_as(&self, status: PaymentStatus, via: PaidBy, now: Instant) -> Option<Payment> {
        let seconds = |told: &Value| told.as_i64().filter(|seconds| *seconds > 0);
        let came = seconds(&self.captured_at).or_else(|| seconds(&self.created_at));
        let came = came.map_or(now, |seconds| Instant::from_seconds(seconds).min(now));
        Some(Payment {
            id: self.id.clone(),
            amount: self.money()?,
            status,
            via,
            reference: None,
            taken_by: None,
            created_at: now,
            captured_at: (status >= PaymentStatus::Captured).then_some(came),
        })
    }
}

/// A refund as Razorpay tells of it.
#[derive(Debug, Clone, Deserialize)]
pub struct RazorpayRefund {
    /// Razorpay's id.
    pub id: String,
    /// `pending`, `processed` or `failed`.
    pub status: String,
    /// Minor units; nothing where it is not told.
    #[serde(default)]
    amount: i64,
    #[serde(default)]
    currency: Option<Currency>,
    /// Of which payment.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// Ours: `refund` is our id of it. An empty list where there are none.
    #[serde(default)]
    pub notes: Value,
}

impl RazorpayRefund {
    /// Where it stands.
    pub fn status(&self) -> RefundStatus {
        match self.status.as_str() {
            "processed" => RefundStatus::Processed,
            "failed" => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        }
    }

    /// Our id of it, if we asked for it.
    pub fn ours(&self) -> Option<RefundId> {
        RefundId::parse(self.notes.get("refund")?.as_str()?).ok()
    }

    /// How much.
    pub fn money(&self) -> Option<Money> {
        Money::new(self.amount, self.currency?)
    }

    /// As we keep one that somebody made in the dashboard, under an id of ours.
    pub fn from_outside(&self, id: RefundId, now: Instant) -> Option<Refund> {
        Some(Refund {
            id,
            payment_id: self.payment_id.clone()?,
            amount: self.money()?,
            status: self.status(),
            razorpay_id: Some(self.id.clone()),
            failed: Vec::new(),
            at_desk: false,
            cause: RefundCause::Outside,
            created_at: now,
        })
    }
}

/// A dispute as Razorpay tells of it.
#[derive(Debug, Clone, Deserialize)]
pub struct RazorpayDispute {
    id: DisputeId,
    payment_id: PaymentId,
    amount: i64,
    currency: Currency,
    status: String,
}

impl RazorpayDispute {
    /// As we keep it.
    pub fn as_told(&self, now: Instant) -> Option<Dispute> {
        Some(Dispute {
            id: self.id.clone(),
            payment_id: self.payment_id.clone(),
            amount: Money::new(self.amount, self.currency)?,
            status: match self.status.as_str() {
                "under_review" => DisputeStatus::UnderReview,
                "closed" => DisputeStatus::Closed,
                "won" => DisputeStatus::Won,
                "lost" => DisputeStatus::Lost,
                _ => DisputeStatus::Open,
            },
            created_at: now,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct OrderEntity {
    pub(super) id: OrderId,
    pub(super) amount: i64,
    pub(super) currency: Currency,
}

#[derive(Deserialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

#[derive(Deserialize, Default)]
pub(super) struct Problem {
    #[serde(default)]
    pub(super) error: ProblemDetail,
}

#[derive(Deserialize, Default)]
pub(super) struct ProblemDetail {
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) description: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn came_at(members: &Value, status: PaymentStatus) -> Option<i64> {
        let mut payment = json!({
            "id": "pay_A1", "amount": 50_000, "currency": "INR", "status": "captured",
        });
        payment.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let payment: RazorpayPayment = serde_json::from_value(payment).unwrap();
        let now = Instant::from_seconds(1000);
        let told = payment.as_far_as(status, PaidBy::Checkout, now).unwrap();
        assert_eq!(told.created_at, now);
        told.captured_at.map(Instant::seconds)
    }

    #[test]
    fn money_came_when_razorpay_says_and_never_later_than_now() {
        for (members, seconds) in [
            (json!({ "created_at": 900, "captured_at": 950 }), 950),
            (json!({ "created_at": 900, "captured_at": null }), 900),
            (json!({ "created_at": 900 }), 900),
            (json!({ "created_at": 1001 }), 1000),
            (json!({ "created_at": "soon", "captured_at": -1 }), 1000),
            (json!({}), 1000),
        ] {
            assert_eq!(came_at(&members, PaymentStatus::Captured), Some(seconds), "{members}");
            assert_eq!(came_at(&members, PaymentStatus::Authorized), None);
        }
    }
}
