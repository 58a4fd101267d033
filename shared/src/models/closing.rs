//! Closed days of the ledger: what all entries before a midnight come to, so that nobody has to
//! add up a hospital's whole history.

use super::{Currency, Instant, LedgerAccount, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What went over the two sides of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerTotal {
    /// The account.
    pub account: LedgerAccount,
    /// The currency.
    pub currency: Currency,
    /// To its debit, in minor units.
    pub debit: i64,
    /// To its credit, in minor units.
    pub credit: i64,
}

/// What some entries come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSum {
    /// How many entries.
    pub entries: i64,
    /// What went over each account, in the order of the accounts; those nothing went over are
    /// left out.
    pub totals: Vec<LedgerTotal>,
}

impl LedgerSum {
    /// What both come to together.
    pub fn plus(&self, other: &Self) -> Self {
        self.with(other, 1)
    }

    /// What is left without the other, which is part of this.
    pub fn minus(&self, other: &Self) -> Self {
        self.with(other, -1)
    }

    fn with(&self, other: &Self, sign: i64) -> Self {
        let mut sides: BTreeMap<(LedgerAccount, Currency), (i64, i64)> = BTreeMap::new();
        let own = self.totals.iter().map(|total| (total, 1));
        for (total, sign) in own.chain(other.totals.iter().map(|total| (total, sign))) {
            let side = sides.entry((total.account, total.currency)).or_default();
            *side = (side.0 + sign * total.debit, side.1 + sign * total.credit);
        }
        sides.retain(|_, side| *side != (0, 0));
        let total = |((account, currency), (debit, credit))| LedgerTotal {
            account,
            currency,
            debit,
            credit,
        };
        Self {
            entries: self.entries + sign * other.entries,
            totals: sides.into_iter().map(total).collect(),
        }
    }
}

/// The end of a closed day, and what the entries before it come to, counted from the hospital's
/// first closing. It is a cache: whoever takes a hospital's closings away loses nothing but time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerClosing {
    /// Midnight on the hospital's clocks; the entries made before it are counted.
    pub before: Instant,
    /// What they come to.
    #[serde(flatten)]
    pub sum: LedgerSum,
}

impl LedgerClosing {
    /// How long after its end a day is closed. An entry bears the instant its request or its job
    /// began; none of ours may run longer than this (Lambda's own limit is a quarter of it), so
    /// nothing comes into a day that is closed.
    pub const AFTER_SECONDS: i64 = 3600;

    /// Where a hospital's closings begin: at the midnight before it joined.
    pub fn first(joined: Instant, zone: &Zone) -> Self {
        Self { before: zone.bounds(zone.day(joined)).0, sum: LedgerSum::default() }
    }

    /// The end of the next day that can be closed by now. A hospital that changed its time zone
    /// goes on with what is left of the day on its new clocks.
    pub fn next(&self, zone: &Zone, now: Instant) -> Option<Instant> {
        let end = zone.bounds(zone.day(self.before)).1;
        (end > self.before && end.plus_seconds(Self::AFTER_SECONDS) <= now).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Parse as _;
    use proptest::prelude::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn sum() -> impl Strategy<Value = LedgerSum> {
        let currency = prop::sample::select(vec!["INR", "USD"]);
        let account = prop::sample::select(LedgerAccount::ALL.to_vec());
        let side = 0..1_000_000_i64;
        let total = (account, currency, side.clone(), side);
        let total = total.prop_map(|(account, currency, debit, credit)| LedgerSum {
            entries: 1,
            totals: vec![LedgerTotal {
                account,
                currency: Currency::parse(currency).unwrap(),
                debit,
                credit,
            }],
        });
        let all = prop::collection::vec(total, 0..12);
        all.prop_map(|all| all.iter().fold(LedgerSum::default(), |sum, one| sum.plus(one)))
    }

    proptest! {
        #[test]
        fn sums_add_up_and_come_apart_again(one in sum(), two in sum()) {
            let both = one.plus(&two);
            prop_assert_eq!(&both, &two.plus(&one));
            prop_assert_eq!(both.minus(&two), one.clone());
            prop_assert_eq!(both.minus(&one), two);
            prop_assert_eq!(one.minus(&one), LedgerSum::default());
        }

        #[test]
        fn days_are_closed_one_after_the_other_and_none_too_early(
            name in prop::sample::select(vec!["Asia/Kolkata", "Europe/Berlin", "Pacific/Apia", "America/New_York"]),
            seconds in 1_600_000_000_i64..2_000_000_000,
            days in 0..40_i64,
        ) {
            let (zone, joined) = (zone(name), Instant::from_seconds(seconds));
            let now = joined.plus_seconds(days * 24 * 3600);
            let mut last = LedgerClosing::first(joined, &zone);
            prop_assert!(last.before <= joined);
            while let Some(end) = last.next(&zone, now) {
                prop_assert_eq!(end, zone.bounds(zone.day(last.before)).1);
                prop_assert!(now.seconds_since(end) >= LedgerClosing::AFTER_SECONDS);
                last.before = end;
            }
            // What is left open is today, and yesterday for an hour.
            prop_assert!(now.seconds_since(last.before) < 25 * 3600 + LedgerClosing::AFTER_SECONDS);
        }
    }

    #[test]
    fn a_new_time_zone_leaves_no_hour_out() {
        let kolkata = zone("Asia/Kolkata");
        let joined = Instant::parse_rfc3339("2026-12-01T10:00:00+05:30").unwrap();
        let closed = LedgerClosing::first(joined, &kolkata);
        let later = joined.plus_seconds(30 * 24 * 3600);
        // Midnight in Kolkata is 18:30 in London: what is left of that day there is closed next.
        let next = closed.next(&zone("Europe/London"), later);
        assert_eq!(next, Instant::parse_rfc3339("2026-12-01T00:00:00Z"));
    }
}
