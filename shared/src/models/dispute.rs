//! Disputes: a bank asks for a payment back on its customer's word.

use super::{
    Appointment, DisputeId, EntryCause, Instant, LedgerAccount, Money, PaymentId, PaymentStatus,
};
use serde::{Deserialize, Serialize};

/// How far a dispute came. Razorpay tells of its steps in any order; the furthest is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// Somebody must answer it at Razorpay.
    Open,
    /// The bank looks at the answer.
    UnderReview,
    /// It came to nothing.
    Closed,
    /// The money stays.
    Won,
    /// The bank has taken the money back.
    Lost,
}

/// A dispute about a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// Razorpay's id.
    pub id: DisputeId,
    /// About which payment.
    pub payment_id: PaymentId,
    /// About how much.
    pub amount: Money,
    /// How far it came.
    pub status: DisputeStatus,
    /// When we first heard of it.
    pub created_at: Instant,
}

impl Dispute {
    /// Whether it cost us money of this payment.
    pub fn is_lost_of(&self, payment: &PaymentId) -> bool {
        self.status == DisputeStatus::Lost && self.payment_id == *payment
    }
}

impl Appointment {
    /// Its state after hearing of a dispute; `None` if that is no news, or about a payment whose
    /// capture we have not heard of.
    pub fn disputed(&self, told: &Dispute, now: Instant) -> Option<Self> {
        let ours = |id: &PaymentId| {
            self.payments
                .iter()
                .any(|paid| paid.id == *id && paid.status >= PaymentStatus::Captured)
        };
        let known = self.disputes.iter().find(|known| known.id == told.id);
        if !ours(&told.payment_id) || known.is_some_and(|known| known.status >= told.status) {
            return None;
        }
        let mut next = self.next();
        match next.disputes.iter_mut().find(|known| known.id == told.id) {
            Some(known) => known.status = told.status,
            None => next.disputes.push(told.clone()),
        }
        if told.status == DisputeStatus::Lost {
            let amount = known.map_or(told.amount, |known| known.amount);
            let lines = (LedgerAccount::Chargebacks, LedgerAccount::Razorpay);
            let of = (told.payment_id.clone(), None);
            next.enter(EntryCause::DisputeLost, amount, lines, of, now);
        }
        Some(next)
    }
}
