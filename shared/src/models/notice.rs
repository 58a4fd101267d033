//! When patients may book: how short before, how far ahead, and how long they have to pay.

use super::{Day, Holidays, Hospital, Instant, Slot, SlotRefusal, Span, Zone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A hospital's rules of booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingRules {
    /// How long before the start of a slot it is booked at the latest.
    #[schema(maximum = 43_200)]
    pub min_notice_minutes: u32,
    /// How many of the hospital's days ahead a slot may be; 0 is today.
    #[schema(maximum = 366)]
    pub max_days_ahead: u32,
    /// How long an unpaid slot is kept; without it the installation's own time goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440)]
    pub hold_minutes: Option<u32>,
}

impl Default for BookingRules {
    /// Up to the start, and as far ahead as anything is published.
    fn default() -> Self {
        Self { min_notice_minutes: 0, max_days_ahead: Self::MOST_DAYS, hold_minutes: None }
    }
}

impl BookingRules {
    /// As far ahead as anything is published.
    const MOST_DAYS: u32 = 366;
    /// The longest hold: a day.
    pub const MOST_HOLD: u32 = 24 * 60;

    /// When slots begin that can be booked now; `None` if the rules leave out nothing.
    pub fn window(&self, zone: &Zone, now: Instant) -> Option<Span> {
        let open = self.min_notice_minutes == 0 && self.max_days_ahead >= Self::MOST_DAYS;
        (!open).then(|| Span {
            start: now.plus_seconds(i64::from(self.min_notice_minutes) * 60),
            end: zone.bounds(zone.day(now).plus_days(i64::from(self.max_days_ahead))).1,
        })
    }

    /// Which slots can be booked now in a hospital that is closed on these days.
    pub fn on_offer(&self, closed: &[Day], zone: &Zone, now: Instant) -> OnOffer {
        let today = zone.day(now);
        let closed = closed.iter().copied().filter(|day| *day >= today).collect();
        OnOffer { window: self.window(zone, now), closed }
    }

    /// How long an unpaid slot is kept, in seconds, where the installation says `otherwise`.
    pub fn hold_seconds(&self, otherwise: i64) -> i64 {
        self.hold_minutes.map_or(otherwise, |minutes| i64::from(minutes) * 60)
    }
}

/// Which of the slots that are free can be booked, by what a hospital says for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnOffer {
    /// Only those that begin then; `None` if the rules leave out nothing.
    pub window: Option<Span>,
    /// None of these days, on which the hospital is closed: what is given back on one is free, and
    /// nobody's.
    pub closed: Vec<Day>,
}

/// What a hospital lets book, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// When patients may book.
    pub rules: BookingRules,
    /// When the hospital is closed.
    pub holidays: Holidays,
    /// Where its days begin and end.
    pub zone: Zone,
}

impl Offer {
    /// What this hospital lets book.
    pub fn of(hospital: &Hospital) -> Self {
        Self {
            rules: hospital.booking,
            holidays: hospital.holidays.clone(),
            zone: hospital.time_zone.clone(),
        }
    }

    /// Whether it lets somebody have this slot, if it is free. Notice and days ahead are for
    /// patients; whoever runs the day may do as he likes.
    pub fn check(&self, slot: &Slot, by_patient: bool, now: Instant) -> Result<(), SlotRefusal> {
        if slot.start <= now {
            return Err(SlotRefusal::InPast);
        }
        if self.holidays.has(slot.day) {
            return Err(SlotRefusal::Closed);
        }
        if !by_patient {
            return Ok(());
        }
        let window = self.rules.window(&self.zone, now);
        if window.is_some_and(|window| slot.start < window.start)
            || slot.closes_at.is_some_and(|until| until < now)
        {
            return Err(SlotRefusal::TooSoon);
        }
        if window.is_some_and(|window| window.end <= slot.start)
            || slot.opens_at.is_some_and(|from| now < from)
        {
            return Err(SlotRefusal::TooFar);
        }
        Ok(())
    }
}

/// What a doctor narrows for the slots he publishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// How long before its start a slot is booked at the latest.
    pub min_notice_minutes: Option<u32>,
    /// How many days ahead it may be.
    pub max_days_ahead: Option<u32>,
}

impl Narrowing {
    /// From when on a slot of this day and start can be booked, and until when.
    pub fn of(
        self,
        (day, start): (Day, Instant),
        zone: &Zone,
    ) -> (Option<Instant>, Option<Instant>) {
        let opens = self.max_days_ahead.map(|days| zone.bounds(day.plus_days(-i64::from(days))).0);
        let closes =
            self.min_notice_minutes.map(|least| start.plus_seconds(-i64::from(least) * 60));
        (opens, closes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Parse as _;
    use proptest::prelude::*;

    proptest! {
        /// Narrowed to the same, a slot can be booked exactly when the hospital's rule says so.
        #[test]
        fn a_doctors_rule_is_the_hospitals(
            notice in 0..3000_u32, days in 0..40_u32, ahead in 0..60 * 24 * 60_i64,
            zone in prop::sample::select(vec!["Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
        ) {
            let zone = Zone::parse(zone).unwrap();
            let now = Instant::parse_rfc3339("2026-10-20T15:00:00Z").unwrap();
            let start = now.plus_seconds(ahead * 60);
            let rules = BookingRules { min_notice_minutes: notice, max_days_ahead: days, hold_minutes: None };
            let window = rules.window(&zone, now).unwrap();
            let by_hospital = window.start <= start && start < window.end;
            let narrowing = Narrowing { min_notice_minutes: Some(notice), max_days_ahead: Some(days) };
            let (opens, closes) = narrowing.of((zone.day(start), start), &zone);
            prop_assert_eq!(by_hospital, opens.unwrap() <= now && now <= closes.unwrap());
        }
    }

    #[test]
    fn days_on_which_the_hospital_is_closed_are_not_on_offer_until_they_are_over() {
        let zone = Zone::default();
        let now = Instant::parse_rfc3339("2026-12-24T23:00:00+05:30").unwrap();
        let closed = ["2026-12-23", "2026-12-24", "2026-12-25"].map(|day| Day::parse(day).unwrap());
        let rules = BookingRules::default();
        let on_offer = rules.on_offer(&closed, &zone, now);
        assert_eq!((on_offer.window, &on_offer.closed[..]), (None, &closed[1..]));
        let later = rules.on_offer(&closed, &zone, now.plus_seconds(2 * 24 * 3600));
        assert_eq!(later, OnOffer::default());
    }

    #[test]
    fn rules_that_leave_out_nothing_are_no_window() {
        let now = Instant::from_seconds(0);
        assert_eq!(BookingRules::default().window(&Zone::default(), now), None);
        assert_eq!(BookingRules::default().hold_seconds(600), 600);
    }
}
