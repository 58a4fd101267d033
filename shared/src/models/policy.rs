//! What a cancellation gives back: the hospital's terms.

use super::{Instant, Issue, Money, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One step of a policy: cancelling at least this long before the start gives back this part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundTier {
    /// Minutes before the start.
    #[schema(maximum = 527_040)]
    pub before_minutes: u32,
    /// Of what was paid, 0 to 100.
    #[schema(maximum = 100)]
    pub percent: u8,
}

/// What patients get back. It is copied to the appointment when it is booked, so that a later
/// change of the hospital's terms does not reach back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancellationPolicy {
    /// The longest before the start first.
    tiers: Vec<RefundTier>,
    /// What goes back to a patient who did not come, of what was paid.
    #[serde(default)]
    #[schema(maximum = 100, required = false)]
    no_show_percent: u8,
}

impl Default for CancellationPolicy {
    /// 100 % until 24 hours before the start, 50 % until 2 hours, then none; nothing for a
    /// patient who does not come.
    fn default() -> Self {
        let day = RefundTier { before_minutes: 24 * 60, percent: 100 };
        let hours = RefundTier { before_minutes: 120, percent: 50 };
        Self { tiers: vec![day, hours], no_show_percent: 0 }
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
    /// The most steps a policy has.
    const MOST_TIERS: usize = 10;

    /// A policy, its steps in order. Two steps for one time, and more back for a later
    /// cancellation, are mistakes.
    pub fn new(mut tiers: Vec<RefundTier>, no_show_percent: u8) -> Result<Self, Issue> {
        let wrong = |message: &'static str| Err(Issue::invalid(message));
        if tiers.len() > Self::MOST_TIERS {
            return wrong("must have at most 10 steps");
        }
        tiers.sort_by_key(|tier| std::cmp::Reverse(tier.before_minutes));
        let pairs = || tiers.iter().zip(tiers.iter().skip(1));
        if pairs().any(|(early, late)| early.before_minutes == late.before_minutes) {
            return wrong("must not have two steps for one time");
        }
        if pairs().any(|(early, late)| early.percent < late.percent) {
            return wrong("must not give back more for a later cancellation");
        }
        Ok(Self { tiers, no_show_percent })
    }

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

    /// What a patient who did not come gets back of `paid`.
    pub fn no_show(&self, paid: Money) -> Money {
        paid.percent(self.no_show_percent)
    }
}

fn span(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        _ => format!("{minutes} minutes"),
    }
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

    #[test]
    fn mistakes_in_a_policy_are_refused() {
        let tier = |before_minutes, percent| RefundTier { before_minutes, percent };
        let new = |tiers: &[RefundTier]| CancellationPolicy::new(tiers.to_vec(), 25);
        assert!(new(&[tier(60, 50), tier(60, 40)]).is_err());
        assert!(new(&[tier(60, 50), tier(120, 40)]).is_err());
        assert!(new(&[tier(1, 1); 11]).is_err());
        // The order in which steps are given does not matter.
        let sorted = new(&[tier(120, 50), tier(1440, 100)]).unwrap();
        assert_eq!(sorted.tiers, CancellationPolicy::default().tiers);
        let paid = Money::new(999, Currency::INR).unwrap();
        assert_eq!(sorted.no_show(paid).amount(), 249);
    }
}
