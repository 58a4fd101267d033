//! Slots: stretches of a doctor's time.

use super::{
    AccountId, AppointmentId, Capacity, Day, FeeTerms, Instant, Issue, LeaveId, Money, Name, Parse,
    Planned, Replaced, SlotId, Speciality,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A doctor as an appointment shows him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoctorRef {
    /// The doctor's account.
    pub id: AccountId,
    /// His name when the slot was published.
    pub name: Name,
    /// His field.
    pub speciality: Speciality,
}

/// What a slot is.
// As stored: a hold that has run out is still `held`, and `Slot::status` knows better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SlotStatus {
    /// Free.
    Open,
    /// Kept for somebody who is paying.
    Held,
    /// Taken.
    Booked,
    /// Withdrawn by the doctor or the hospital.
    Blocked,
}

impl SlotStatus {
    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Held => "held",
            Self::Booked => "booked",
            Self::Blocked => "blocked",
        }
    }
}

/// A stretch of time, its end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// When it begins.
    pub start: Instant,
    /// When it is over.
    pub end: Instant,
}

impl Span {
    /// Whether the two share any time.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The minutes it covers, counted since the epoch. Two spans overlap exactly if they share a
    /// minute, which lets a unique index refuse the overlap.
    pub fn minutes(self) -> std::ops::Range<i32> {
        self.start.minutes()..self.end.minutes()
    }
}

/// A seat of a slot that has several, as somebody has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// Which appointment's it is.
    pub appointment_id: AppointmentId,
    /// Until when it is its own: while it is not paid, as long as it is held; then for good.
    pub until: Instant,
}

/// A stretch of a doctor's time that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: SlotId,
    /// Whose time it is.
    pub doctor: DoctorRef,
    /// When it begins.
    pub start: Instant,
    /// When it is over.
    pub end: Instant,
    /// The hospital's day it begins on.
    pub day: Day,
    /// The day of whose hours it is, where that is another: a night's go on after midnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub night_of: Option<Day>,
    /// What a consultation in it costs.
    pub fee: Money,
    /// What other visits in it cost.
    #[serde(default, skip_serializing_if = "FeeTerms::is_plain")]
    pub terms: FeeTerms,
    /// What it is, as stored.
    pub status: SlotStatus,
    /// Until when it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_expires_at: Option<Instant>,
    /// For which appointment it is held or booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment_id: Option<AppointmentId>,
    /// Whether its doctor is shut out: nobody new gets it, be it open or become so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// The leaves of its doctor it lies in: while there is one nobody new gets it, be it open or
    /// become so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<LeaveId>,
    /// Whether somebody on the waiting list waited for such a slot, so that it is kept for the list
    /// when it opens. It stays, for nothing but a short delay comes of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wanted: bool,
    /// Until when it is kept for the waiting list, having just opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Instant>,
    /// From when on it can be booked, where its doctor narrows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Instant>,
    /// Until when it can be booked, where its doctor narrows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Instant>,
    /// How many may come at that time.
    #[serde(default)]
    pub capacity: Capacity,
    /// The seats that are taken, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<Seat>,
}

impl Slot {
    /// How long a slot that opens is kept for the waiting list, in seconds: longer than it takes the
    /// schedule to offer it. Then it is anybody's by itself.
    pub const KEEP_SECONDS: i64 = 180;

    /// When a slot closes whose hours are no more: long ago.
    pub const NO_HOURS: Instant = Instant::from_millis(0);

    /// What it is at this instant: a hold that has run out leaves it open, and what would be open
    /// of a doctor who is shut out or away, or of hours that are no more, is blocked.
    pub fn status(&self, now: Instant) -> SlotStatus {
        let ran_out = self.hold_expires_at.is_some_and(|until| until <= now);
        match self.status {
            SlotStatus::Held if !ran_out => SlotStatus::Held,
            SlotStatus::Held | SlotStatus::Open if self.is_shut() => SlotStatus::Blocked,
            SlotStatus::Open if self.capacity.is_group() && self.free_seats(now) == 0 => {
                SlotStatus::Booked
            }
            SlotStatus::Held | SlotStatus::Open if self.is_kept(now) => SlotStatus::Held,
            SlotStatus::Held => SlotStatus::Open,
            status => status,
        }
    }

    /// Whether it is kept for the waiting list: it was given back, or its hold ran out, a moment ago.
    fn is_kept(&self, now: Instant) -> bool {
        let then = now.plus_seconds(-Self::KEEP_SECONDS);
        let lately = match self.status {
            SlotStatus::Held => self.hold_expires_at.is_some_and(|until| then < until),
            _ => self.capacity.is_group() && self.free_seats(then) == 0,
        };
        self.kept_until.is_some_and(|until| now < until) || (self.wanted && lately)
    }

    /// As whom it is kept for finds it: without what is held for that, and whatever its doctor says
    /// of the time to book, which was asked when it was offered.
    pub fn kept_for(&self, by: &AppointmentId) -> Self {
        let own = self.appointment_id.as_ref() == Some(by);
        let mut seats = self.seats.clone();
        seats.retain(|seat| seat.appointment_id != *by);
        Self {
            status: if own { SlotStatus::Open } else { self.status },
            hold_expires_at: self.hold_expires_at.filter(|_| !own),
            kept_until: None,
            opens_at: None,
            closes_at: None,
            seats,
            ..self.clone()
        }
    }

    /// How many seats of several are free at this instant.
    pub fn free_seats(&self, now: Instant) -> u32 {
        let lasts = |seat: &&Seat| now < seat.until;
        let taken = u32::try_from(self.seats.iter().filter(lasts).count()).unwrap_or(u32::MAX);
        self.capacity.get().saturating_sub(taken)
    }

    /// Whether it, or a seat of it, is this appointment's.
    pub fn is_had_by(&self, appointment: &AppointmentId) -> bool {
        self.appointment_id.as_ref() == Some(appointment)
            || self.seats.iter().any(|seat| seat.appointment_id == *appointment)
    }

    /// Whether nobody has any part of it.
    pub fn is_untouched(&self, now: Instant) -> bool {
        let opened = Self { withdrawn: false, leaves: Vec::new(), closes_at: None, ..self.clone() };
        opened.status(now) == SlotStatus::Open && self.free_seats(now) == self.capacity.get()
    }

    /// Whether its doctor is shut out or away, or keeps those hours no more.
    pub fn is_shut(&self) -> bool {
        self.withdrawn || !self.leaves.is_empty() || self.has_no_hours()
    }

    /// Whether it is of hours that are no more.
    pub fn has_no_hours(&self) -> bool {
        self.closes_at == Some(Self::NO_HOURS)
    }

    /// Whether patients could not book it any more at this instant, were it free.
    fn is_closed(&self, now: Instant) -> bool {
        self.closes_at.is_some_and(|until| until < now)
    }

    /// Whether another of the same time would be sold in the same way.
    pub fn is_sold_as(&self, other: &Self) -> bool {
        let terms = |slot: &Self| (slot.fee, slot.opens_at, slot.closes_at, slot.capacity);
        terms(self) == terms(other) && self.terms == other.terms && self.doctor == other.doctor
    }

    /// The same slot, sold like another of the same time. How many it is for stays.
    pub fn sold_as(&self, like: &Self) -> Self {
        Self {
            doctor: like.doctor.clone(),
            night_of: like.night_of,
            fee: like.fee,
            terms: like.terms.clone(),
            opens_at: like.opens_at,
            closes_at: like.closes_at,
            ..self.clone()
        }
    }

    /// The time it covers.
    pub const fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }

    /// The day of whose hours it is. What was stored without one is of the day it begins on.
    pub fn of_day(&self) -> Day {
        self.night_of.unwrap_or(self.day)
    }
}

/// Why a slot is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotRefusal {
    /// Somebody has it, or it is withdrawn.
    Taken,
    /// It has begun.
    InPast,
    /// The hospital is closed on that day.
    Closed,
    /// Its start is too near.
    TooSoon,
    /// Its day is too far ahead.
    TooFar,
}

/// What a doctor's wish for slots comes to, given those that are there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Not there yet.
    pub missing: Vec<Planned>,
    /// There already, at exactly that time.
    pub unchanged: Vec<Slot>,
    /// There, at a time that overlaps without being the same.
    pub clashes: Vec<Slot>,
    /// Open, and no longer wanted.
    pub removed: Vec<Slot>,
    /// Held or booked and no longer wanted: they stay, and whatever would overlap them is left out.
    pub staying: Vec<Slot>,
    /// Of those that stay, those whose hours are no more: given back, they are not sold again.
    pub closing: Vec<SlotId>,
    /// Of the unchanged, those somebody has and that are sold from now on as others are: their hours
    /// were no more, or what they cost has changed.
    pub renewed: Vec<Planned>,
}

/// Compares what is wanted with a doctor's existing slots of that time. With `replaced`, what is of
/// those days' hours and is not wanted goes, as far as it is open; and so does what `fits` says is
/// no longer sold as it was, to be made anew.
pub fn publish(
    wanted: &[Planned],
    existing: Vec<Slot>,
    (replaced, now): (Option<Replaced>, Instant),
    fits: impl Fn(&Slot) -> bool,
) -> Published {
    let mut missing = wanted.to_vec();
    let mut published = Published::default();
    // What has begun is left as it is, unless it is in the way.
    let in_the_way = |slot: &Slot| wanted.iter().any(|one| one.span.overlaps(slot.span()));
    for slot in existing.into_iter().filter(|slot| now <= slot.start || in_the_way(slot)) {
        let span = slot.span();
        let overlaps = missing.iter().any(|wanted| wanted.span.overlaps(span));
        let open = slot.is_untouched(now);
        let nobodys = open && slot.has_no_hours();
        let replaceable = nobodys && overlaps || replaced.is_some_and(|days| days.has(&slot));
        let same = missing.iter().position(|wanted| wanted.span == span);
        // The same time may be of another day's hours from now on.
        let of = same.and_then(|at| missing.get(at)).map(|wanted| wanted.of);
        let covered = of.filter(|of| replaced.is_some_and(|days| days.covers(*of)));
        let other_day = covered.is_some_and(|of| of != slot.of_day());
        let misfit = !fits(&slot);
        let stale = other_day || (replaceable || slot.is_closed(now)) && misfit;
        let anew = open && misfit && (replaceable || other_day);
        if let Some(same) = same.filter(|_| !anew) {
            let wanted = missing.swap_remove(same);
            published.renewed.extend(stale.then_some(wanted));
            published.unchanged.push(slot);
        } else if anew || (replaceable && open) {
            published.removed.push(slot);
        } else if replaceable || (replaced.is_some() && overlaps && !open) {
            published.closing.extend(replaceable.then(|| slot.id.clone()));
            published.staying.push(slot);
        } else if overlaps {
            published.clashes.push(slot);
        }
    }
    let stays_there =
        |wanted: &Planned| published.staying.iter().any(|slot| wanted.span.overlaps(slot.span()));
    missing.retain(|wanted| !stays_there(wanted));
    missing.sort_unstable();
    published.missing = missing;
    published
}

impl Parse for SlotStatus {
    fn parse(text: &str) -> Result<Self, Issue> {
        [Self::Open, Self::Held, Self::Booked, Self::Blocked]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Issue::invalid("must be one of open, held, booked, blocked"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::examples;
    use proptest::prelude::*;

    fn span(start: i64, minutes: i64) -> Span {
        let start = Instant::from_seconds(start * 60);
        Span { start, end: start.plus_seconds(minutes * 60) }
    }

    /// Of a day's hours, be it on that day or after its midnight.
    fn slot(Planned { span, of }: Planned, taken: bool) -> Slot {
        Slot {
            id: crate::models::Id::from_parts(span.start, 1),
            end: span.end,
            night_of: Some(of),
            status: if taken { SlotStatus::Booked } else { SlotStatus::Open },
            ..examples::slot(span.start, Money::zero(crate::models::Currency::INR))
        }
    }

    /// Days' hours begin every hundred minutes, and the first so long after the beginning.
    fn planned(span: Span, first: i64) -> Planned {
        let day = Day::parse("2026-12-01").unwrap();
        let hours = (i64::from(span.start.minutes()) - first).max(0) / 100;
        Planned { span, of: day.plus_days(hours) }
    }

    /// Spans one after the other, of these lengths and gaps.
    fn row(steps: &[(i64, i64)]) -> Vec<Span> {
        let mut at = 0;
        let place = |&(gap, minutes): &(i64, i64)| {
            let start = at + gap;
            at = start + minutes;
            span(start, minutes)
        };
        steps.iter().map(place).collect()
    }

    proptest! {
        #[test]
        fn changing_a_rule_touches_only_what_is_open(
            there in prop::collection::vec((0..20_i64, 5..30_i64, any::<bool>()), 0..12),
            wanted in prop::collection::vec((0..20_i64, 5..30_i64), 0..12),
            (night, from, length) in (0..60_i64, 0..4_i64, 0..3_i64),
        ) {
            let now = Instant::from_seconds(0);
            let spans = row(&there.iter().map(|one| (one.0, one.1)).collect::<Vec<_>>());
            let existing: Vec<Slot> = spans
                .iter()
                .zip(&there)
                .map(|(span, one)| slot(planned(*span, night), one.2))
                .collect();
            let first = Day::parse("2026-12-01").unwrap().plus_days(from);
            let last = first.plus_days(length);
            let days = Replaced { first, last, within: span(0, 600) };
            let wanted: Vec<Planned> = row(&wanted)
                .into_iter()
                .map(|span| planned(span, night))
                .filter(|one| (first..=last).contains(&one.of))
                .collect();
            let plan = publish(&wanted, existing.clone(), (Some(days), now), |_| true);
            prop_assume!(plan.clashes.is_empty());
            prop_assert!(plan.removed.iter().all(|one| one.status == SlotStatus::Open));
            prop_assert!(plan.removed.iter().all(|one| days.has(one)));
            let mut after: Vec<Slot> =
                existing.into_iter().filter(|one| !plan.removed.contains(one)).collect();
            after.extend(plan.missing.iter().map(|one| slot(*one, false)));
            after.sort_by_key(|one| one.start);
            let apart = |pair: &[Slot]| !pair[0].span().overlaps(pair[1].span());
            prop_assert!(after.windows(2).all(apart), "no two overlap");
            let is_wanted = |one: &Slot| wanted.iter().any(|wanted| wanted.span == one.span());
            let mut open = after.iter().filter(|one| one.status == SlotStatus::Open && days.has(one));
            prop_assert!(open.all(is_wanted), "no other is open");
            // The same once more changes nothing.
            let again = publish(&wanted, after.clone(), (Some(days), now), |_| true);
            prop_assert_eq!((again.missing, again.removed), (vec![], vec![]));
            prop_assert_eq!(again.staying, plan.staying);
            // What is sold in another way is made anew, as far as it is open.
            let other = publish(&wanted, after, (Some(days), now), |_| false);
            let open = |one: &Slot| one.status == SlotStatus::Open;
            prop_assert!(other.unchanged.iter().all(|one| !open(one)));
            prop_assert_eq!(other.removed.len(), other.missing.len());
        }

        #[test]
        fn spans_overlap_exactly_if_they_share_a_minute(
            a in 0..200_i64, b in 0..200_i64, m in 1..60_i64, n in 1..60_i64,
        ) {
            let (one, two) = (span(a, m), span(b, n));
            let shared = one.minutes().any(|minute| two.minutes().contains(&minute));
            prop_assert_eq!(one.overlaps(two), shared);
        }
    }
}
