//! What a cancellation gives back.

use super::{Instant, Money, PaymentId, RefundId, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One step of a policy: cancelling at least this long before the start gives back this part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundTier {
    /// Minutes before the start.
    pub before_minutes: u32,
    /// Of what was paid, 0 to 100.
    pub percent: u8,
}

/// What patients get back. It is copied to the appointment when it is booked, so that a later
/// change of the hospital's terms does not reach back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancellationPolicy {
    tiers: Vec<RefundTier>,
}

impl Default for CancellationPolicy {
    /// 100 % until 24 hours before the start, 50 % until 2 hours, then none.
    fn default() -> Self {
        let day = RefundTier { before_minutes: 24 * 60, percent: 100 };
        let hours = RefundTier { before_minutes: 120, percent: 50 };
        Self { tiers: vec![day, hours] }
    }
}

/// What cancelling would give back at one instant, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelQuote {
    /// What would be paid back.
    pub refund: Money,
    /// Of what was paid.
    pub percent: u8,
    /// The rule in words.
    pub rule: String,
}

impl CancellationPolicy {
    /// What `by` cancelling at `now` gives back of `paid`. A cancellation by the doctor or the
    /// hospital always gives back all.
    pub fn quote(&self, paid: Money, by: Role, start: Instant, now: Instant) -> CancelQuote {
        if by != Role::Patient {
            let rule = "100 % when the doctor or the hospital cancels".to_owned();
            return CancelQuote { refund: paid, percent: 100, rule };
        }
        let minutes_left = start.millis().saturating_sub(now.millis()).div_euclid(60_000);
        let reached = |tier: &&RefundTier| minutes_left >= i64::from(tier.before_minutes);
        match self.tiers.iter().filter(reached).max_by_key(|tier| tier.before_minutes) {
            Some(tier) => CancelQuote {
                refund: paid.percent(tier.percent),
                percent: tier.percent.min(100),
                rule: format!(
                    "{} % until {} before the start",
                    tier.percent,
                    span(tier.before_minutes)
                ),
            },
            None => CancelQuote {
                refund: Money::zero(paid.currency()),
                percent: 0,
                rule: "no refund this close to the start".to_owned(),
            },
        }
    }
}

fn span(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        _ => format!("{minutes} minutes"),
    }
}

/// Where a refund stands. It moves forward only, but for a failed one that is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RefundStatus {
    /// Owed; Razorpay has not confirmed it yet, or is at it.
    Pending,
    /// Paid back.
    Processed,
    /// Razorpay could not pay it back; it is tried again and an operator is told.
    Failed,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundCause {
    /// The appointment was cancelled.
    Cancelled,
    /// It was paid after the slot had gone to somebody else.
    Late,
    /// The order had been paid already.
    Duplicate,
    /// Its amount or currency is not what we asked for.
    Mismatch,
}

/// Money that goes back to the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// Our id, and the idempotency key at Razorpay.
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
    /// Why.
    pub cause: RefundCause,
    /// Since when we owe it.
    pub created_at: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Currency;

    #[test]
    fn the_default_policy_is_the_contracts() {
        let paid = Money::new(50_001, Currency::INR).unwrap();
        let start = Instant::from_seconds(10_000_000);
        let at = |minutes: i64| start.plus_seconds(-minutes * 60);
        let policy = CancellationPolicy::default();
        let percent = |by, now| policy.quote(paid, by, start, now).percent;
        assert_eq!(percent(Role::Patient, at(1440)), 100);
        assert_eq!(percent(Role::Patient, at(1440).plus_seconds(1)), 50);
        assert_eq!(percent(Role::Patient, at(120)), 50);
        assert_eq!(percent(Role::Patient, at(119)), 0);
        assert_eq!(percent(Role::Patient, at(-10)), 0);
        assert_eq!(percent(Role::Doctor, at(-10)), 100);
        let half = policy.quote(paid, Role::Patient, start, at(120));
        assert_eq!(
            (half.refund.amount(), half.rule.as_str()),
            (25_000, "50 % until 2 hours before the start")
        );
    }
}
