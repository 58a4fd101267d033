//! Money that goes back to the patient, and how far it has come.

use super::{Appointment, EffectKind, Instant, Money, PaymentId, PaymentStatus, RefundId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a refund stands. It moves forward only, but for a failed one that is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RefundStatus {
    /// Owed; Razorpay has not confirmed it yet, or is at it. At the desk: not handed over yet.
    Pending,
    /// Paid back.
    Processed,
    /// Razorpay could not pay it back; it is tried again and an operator is told.
    Failed,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// The appointment was cancelled.
    Cancelled,
    /// The patient did not come.
    NoShow,
    /// The appointment was moved to a cheaper slot.
    Rescheduled,
    /// It was paid after the slot had gone to somebody else.
    Late,
    /// The order had been paid already.
    Duplicate,
    /// Its amount or currency is not what we asked for.
    Mismatch,
    /// All of it had gone back before we heard of it.
    Returned,
    /// Somebody refunded it in Razorpay's dashboard.
    Outside,
}

impl RefundCause {
    /// Whether its payment never was what the appointment stands on.
    pub const fn is_stray(self) -> bool {
        matches!(self, Self::Late | Self::Duplicate | Self::Mismatch | Self::Returned)
    }
}

/// Money that goes back to the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// Our id; the idempotency key at Razorpay is made from it.
    pub id: RefundId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// Razorpay's id, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub razorpay_id: Option<String>,
    /// Razorpay's ids of earlier tries, each of which failed for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Whether it is handed over at the hospital's desk, where its payment was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_desk: bool,
    /// Why.
    pub cause: RefundCause,
    /// Since when we owe it.
    pub created_at: Instant,
}

impl Refund {
    /// After how many tries that failed for good it is left to people.
    const MOST_TRIES: usize = 6;

    /// The idempotency key at Razorpay. A new one is made only for a try after one that failed
    /// for good: under the old key Razorpay would give that one back (api/refunds,
    /// `X-Refund-Idempotency`).
    pub fn key(&self) -> String {
        match self.failed.len() {
            0 => self.id.as_str().to_owned(),
            tries => format!("{}-{tries}", self.id.as_str()),
        }
    }

    /// How long to wait before the next try: 1, 2, 4 … hours; `None` when it was tried enough.
    fn wait_seconds(&self) -> Option<i64> {
        let tries = self.failed.len();
        (tries < Self::MOST_TRIES).then(|| 3600 << tries.saturating_sub(1))
    }
}

impl Appointment {
    /// The refund with this id.
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == *id)
    }

    /// Which of our refunds Razorpay tells of: the one whose id of ours it bears, else the one that
    /// is known under Razorpay's.
    pub fn refund_told(&self, ours: Option<RefundId>, at_razorpay: &str) -> Option<RefundId> {
        let known = || self.refund_at_razorpay(at_razorpay).map(|refund| refund.id.clone());
        ours.filter(|id| self.refund(id).is_some()).or_else(known)
    }

    /// The refund Razorpay has under this id, be it a try that failed.
    pub fn refund_at_razorpay(&self, razorpay_id: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| {
            refund.razorpay_id.as_deref() == Some(razorpay_id)
                || refund.failed.iter().any(|failed| failed == razorpay_id)
        })
    }

    /// Its state after hearing how a refund stands at Razorpay; `None` if that is not news. A
    /// processed refund stays processed. One that failed for good is owed as before and is tried
    /// again under a new key; what is heard of the failed try afterwards is no news.
    pub fn refund_moved(
        &self,
        id: &RefundId,
        razorpay_id: &str,
        status: RefundStatus,
        now: Instant,
    ) -> Option<Self> {
        let mut next = self.next();
        let refund = next.refunds.iter_mut().find(|refund| refund.id == *id)?;
        let told_before = refund.failed.iter().any(|failed| failed == razorpay_id);
        let same = refund.status == status && refund.razorpay_id.as_deref() == Some(razorpay_id);
        let later_try = refund.razorpay_id.as_deref().is_some_and(|known| known != razorpay_id);
        if refund.at_desk || refund.status == RefundStatus::Processed || same || later_try {
            return None;
        }
        // Razorpay takes a failure back: good as long as nothing else was asked for meanwhile.
        if told_before && status != RefundStatus::Processed {
            return None;
        }
        refund.status = status;
        let kind = EffectKind::Refund { refund: id.clone() };
        if status == RefundStatus::Failed {
            refund.razorpay_id = None;
            refund.failed.push(razorpay_id.to_owned());
            let wait = refund.wait_seconds();
            next.effects.retain(|effect| effect.kind != kind);
            next.try_again(id, wait, now);
            return Some(next);
        }
        refund.razorpay_id = Some(razorpay_id.to_owned());
        next.effects.retain(|effect| effect.kind != kind);
        match status {
            RefundStatus::Processed => next.went_back(id, now),
            _ => next.ask_later(now),
        }
        Some(next)
    }

    /// Its state after Razorpay refused to make a refund at all. There is none to fail, so the
    /// same key is good for the next try; its effect waits as long as any other.
    pub fn refund_refused(&self, id: &RefundId) -> Option<Self> {
        let mut next = self.next();
        let refund = next.refunds.iter_mut().find(|refund| refund.id == *id)?;
        let open = refund.status == RefundStatus::Pending && refund.razorpay_id.is_none();
        refund.status = RefundStatus::Failed;
        open.then_some(next)
    }

    /// Its state after money was handed back at the desk; `None` if there is no such refund, or
    /// it was handed back before.
    pub fn refunded_at_desk(&self, id: &RefundId, now: Instant) -> Option<Self> {
        let mut next = self.next();
        let refund = next.refunds.iter_mut().find(|refund| refund.id == *id)?;
        if !refund.at_desk || refund.status == RefundStatus::Processed {
            return None;
        }
        refund.status = RefundStatus::Processed;
        next.went_back(id, now);
        Some(next)
    }

    /// Its state after Razorpay told of a refund somebody made in its dashboard. Where we owe as
    /// much of the same payment and have not asked for it, it is that; otherwise it is one more.
    /// `None` if it is known, or more than the payment has left: that is for people to look at.
    pub fn refunded_outside(&self, told: Refund, now: Instant) -> Option<Self> {
        let razorpay_id = told.razorpay_id.clone()?;
        if self.refund_at_razorpay(&razorpay_id).is_some() || told.status == RefundStatus::Failed {
            return None;
        }
        let owed = self.refunds.iter().find(|refund| {
            refund.payment_id == told.payment_id
                && refund.amount == told.amount
                && refund.status != RefundStatus::Processed
                && refund.razorpay_id.is_none()
        });
        if let Some(owed) = owed {
            return self.refund_moved(&owed.id, &razorpay_id, told.status, now);
        }
        self.refundable(&told.payment_id).and_then(|left| left.minus(told.amount))?;
        let (id, status) = (told.id.clone(), told.status);
        let mut next = self.next();
        next.add_refund(Refund { status: RefundStatus::Pending, ..told }, now);
        match status {
            RefundStatus::Processed => {
                let refund = next.refunds.iter_mut().find(|refund| refund.id == id)?;
                refund.status = status;
                next.went_back(&id, now);
            }
            _ => next.ask_later(now),
        }
        Some(next)
    }

    /// What of a captured payment is neither owed back nor gone back nor lost to a dispute.
    pub fn refundable(&self, payment: &PaymentId) -> Option<Money> {
        let captured = |known: &&super::Payment| {
            known.id == *payment && known.status >= PaymentStatus::Captured
        };
        let amount = self.payments.iter().find(captured)?.amount;
        let refunds = self.refunds.iter().filter(|refund| refund.payment_id == *payment);
        let lost = self.disputes.iter().filter(|dispute| dispute.is_lost_of(payment));
        let gone = refunds.map(|refund| refund.amount).chain(lost.map(|dispute| dispute.amount));
        let mut left = amount;
        for part in gone {
            left = left.minus(part).unwrap_or(Money::zero(amount.currency()));
        }
        Some(left)
    }
}
