//! From a doctor's working hours to spans of time.

use super::{Day, Instant, Issue, Parse, Slot, Span, TimeOfDay, Zone};
use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

/// The most slots one request may ask for.
pub const SLOTS_PER_REQUEST: usize = 1000;
/// How far ahead slots may be published, in days.
pub const DAYS_AHEAD: i64 = 366;

/// Minutes of one slot, 5 to 480.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotMinutes(u16);

impl SlotMinutes {
    /// From a number, if it is in the bounds.
    pub fn new(minutes: u64) -> Result<Self, Issue> {
        u16::try_from(minutes)
            .ok()
            .filter(|minutes| (5..=480).contains(minutes))
            .map(Self)
            .ok_or_else(|| Issue::invalid("must be 5 to 480 minutes"))
    }
}

/// Minutes kept free after each slot, 0 to 240.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BufferMinutes(u16);

impl BufferMinutes {
    /// From a number, if it is in the bounds.
    pub fn new(minutes: u64) -> Result<Self, Issue> {
        u16::try_from(minutes)
            .ok()
            .filter(|minutes| *minutes <= 240)
            .map(Self)
            .ok_or_else(|| Issue::invalid("must be 0 to 240 minutes"))
    }
}

/// Minutes before its start up to which a slot is booked, 0 to thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeMinutes(u32);

impl NoticeMinutes {
    /// From a number, if it is in the bounds.
    pub fn new(minutes: u64) -> Result<Self, Issue> {
        let minutes = u32::try_from(minutes).ok().filter(|minutes| *minutes <= 43_200);
        minutes.map(Self).ok_or_else(|| Issue::invalid("must be 0 to 43200 minutes"))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// How many may come to one slot, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capacity(u32);

impl Default for Capacity {
    fn default() -> Self {
        Self(1)
    }
}

impl Capacity {
    /// From a number, if it is in the bounds.
    pub fn new(seats: u64) -> Result<Self, Issue> {
        let seats = u32::try_from(seats).ok().filter(|seats| (1..=100).contains(seats));
        seats.map(Self).ok_or_else(|| Issue::invalid("must be 1 to 100"))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether it is a group's.
    pub const fn is_group(self) -> bool {
        self.0 > 1
    }
}

/// How many days ahead a slot is booked, 0 to 366; 0 is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysAhead(u32);

impl DaysAhead {
    /// From a number, if it is in the bounds.
    pub fn new(days: u64) -> Result<Self, Issue> {
        let days = u32::try_from(days).ok().filter(|days| *days <= 366);
        days.map(Self).ok_or_else(|| Issue::invalid("must be 0 to 366 days"))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// From one time of a day to a later one of the same day, or to one of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: TimeOfDay,
    to: TimeOfDay,
    overnight: bool,
}

impl Window {
    /// A window; refused if it does not end after it begins.
    pub fn new(from: TimeOfDay, to: TimeOfDay) -> Result<Self, Issue> {
        if from < to {
            return Ok(Self { from, to, overnight: false });
        }
        Err(Issue::invalid("must be later than from"))
    }

    /// A window across midnight; refused if it lasts a day or longer.
    pub fn overnight(from: TimeOfDay, to: TimeOfDay) -> Result<Self, Issue> {
        if to <= from {
            return Ok(Self { from, to, overnight: true });
        }
        Err(Issue::invalid("must not be later than from, for it is a time of the next day"))
    }

    /// A break of this window: one that begins before the window does is on the next day.
    pub fn pause(self, from: TimeOfDay, to: TimeOfDay) -> Result<Pause, Issue> {
        if self.overnight && self.from <= from && to < from {
            return Self::overnight(from, to).map(|window| Pause { window, next_day: false });
        }
        let next_day = self.overnight && from < self.from;
        Self::new(from, to).map(|window| Pause { window, next_day })
    }

    fn on(self, day: Day, zone: &Zone) -> Span {
        let last = if self.overnight { day.next() } else { day };
        Span { start: zone.between(day, self.from), end: zone.between(last, self.to) }
    }
}

/// A time inside a window in which there are no slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    window: Window,
    next_day: bool,
}

impl Pause {
    fn on(self, day: Day, zone: &Zone) -> Span {
        let first = if self.next_day { day.next() } else { day };
        let last = if self.window.overnight { first.next() } else { first };
        let (from, to) = (self.window.from, self.window.to);
        Span { start: zone.between(first, from), end: zone.between(last, to) }
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekDay(Weekday);

impl Parse for WeekDay {
    fn parse(text: &str) -> Result<Self, Issue> {
        Ok(Self(match text {
            "mon" => Weekday::Monday,
            "tue" => Weekday::Tuesday,
            "wed" => Weekday::Wednesday,
            "thu" => Weekday::Thursday,
            "fri" => Weekday::Friday,
            "sat" => Weekday::Saturday,
            "sun" => Weekday::Sunday,
            _ => {
                return Err(Issue::invalid("must be one of mon, tue, wed, thu, fri, sat, sun"));
            }
        }))
    }
}

impl utoipa::PartialSchema for WeekDay {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A day of the week."))
            .enum_values(Some(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
            .into()
    }
}

impl utoipa::ToSchema for WeekDay {}

/// Working hours on one day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyWindow {
    /// On which day.
    pub day: WeekDay,
    /// From when to when.
    pub window: Window,
    /// Times between, in which there are no slots.
    pub breaks: Vec<Pause>,
}

/// When a doctor works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hours {
    /// Once.
    Single {
        /// The day.
        date: Day,
        /// From when to when.
        window: Window,
    },
    /// Every week, from one day to another, both included.
    Weekly {
        /// The first day.
        start: Day,
        /// The last day.
        end: Day,
        /// The hours of the week.
        weekly: Vec<WeeklyWindow>,
    },
}

/// Working hours cut into slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// When the doctor works.
    pub hours: Hours,
    /// How long a slot is.
    pub slot: SlotMinutes,
    /// What is kept free after each.
    pub buffer: BufferMinutes,
}

/// A slot to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planned {
    /// When.
    pub span: Span,
    /// The day of whose hours it is: a night's go on after midnight.
    pub of: Day,
}

/// Days whose hours take the place of what was published for them before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// The first of them.
    pub first: Day,
    /// The last.
    pub last: Day,
    /// The time in which all slots of their hours begin: the last night's on the day after too.
    pub within: Span,
}

impl Replaced {
    /// Whether a slot is of the hours of one of these days.
    pub fn has(&self, slot: &Slot) -> bool {
        self.covers(slot.of_day())
    }

    /// Whether it speaks of a day's hours.
    pub fn covers(&self, day: Day) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// Why a schedule gives no slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleRefusal {
    /// It begins on a day that is over.
    InPast,
    /// All of it has begun.
    Begun,
    /// It ends before it begins, or reaches further than [`DAYS_AHEAD`].
    TooFar,
    /// No slot fits into its hours.
    Empty,
    /// More than [`SLOTS_PER_REQUEST`].
    TooMany,
    /// Two of its windows overlap.
    Overlapping,
}

impl Schedule {
    /// The days it speaks of, for it to take the place of their hours.
    pub fn replaced(&self, zone: &Zone) -> Replaced {
        let (first, last) = self.days();
        let within = Span { start: zone.bounds(first).0, end: zone.bounds(last.next()).1 };
        Replaced { first, last, within }
    }

    /// The first day it speaks of, and the last.
    const fn days(&self) -> (Day, Day) {
        match self.hours {
            Hours::Single { date, .. } => (date, date),
            Hours::Weekly { start, end, .. } => (start, end),
        }
    }

    /// The slots to be, in order, in the hospital's time: those that have not begun. What is left of
    /// last night's hours can still be changed. Where they `replace` others, all of them may have
    /// begun: then what is left of the others goes.
    pub fn plan(
        &self,
        zone: &Zone,
        (replace, now): (bool, Instant),
    ) -> Result<Vec<Planned>, ScheduleRefusal> {
        let today = zone.day(now);
        let (first, last) = self.days();
        if first.next() < today {
            return Err(ScheduleRefusal::InPast);
        }
        if last < first || last.days_since(today) > DAYS_AHEAD {
            return Err(ScheduleRefusal::TooFar);
        }
        let mut planned = Vec::new();
        let mut day = first;
        while day <= last {
            let mut spans = Vec::new();
            self.cut_day(day, zone, &mut spans);
            planned.extend(spans.into_iter().map(|span| Planned { span, of: day }));
            if planned.len() > SLOTS_PER_REQUEST {
                return Err(ScheduleRefusal::TooMany);
            }
            day = day.next();
        }
        let any = !planned.is_empty();
        planned.retain(|one| now <= one.span.start);
        if any && !replace {
            if first < today && planned.iter().all(|one| one.of != first) {
                return Err(ScheduleRefusal::InPast);
            }
            if planned.is_empty() {
                return Err(ScheduleRefusal::Begun);
            }
        }
        planned.sort_unstable();
        let mut pairs = planned.iter().zip(planned.iter().skip(1));
        let overlapping = pairs.any(|(one, other)| one.span.overlaps(other.span));
        match (any, overlapping) {
            (false, _) => Err(ScheduleRefusal::Empty),
            (_, true) => Err(ScheduleRefusal::Overlapping),
            _ => Ok(planned),
        }
    }

    fn cut_day(&self, day: Day, zone: &Zone, spans: &mut Vec<Span>) {
        match &self.hours {
            Hours::Single { window, .. } => self.cut(window.on(day, zone), &[], spans),
            Hours::Weekly { weekly, .. } => {
                for hours in weekly.iter().filter(|hours| hours.day.0 == day.date().weekday()) {
                    // One that clocks skip is none.
                    let breaks = hours.breaks.iter().map(|pause| pause.on(day, zone));
                    let breaks: Vec<Span> = breaks.filter(|one| one.start < one.end).collect();
                    self.cut(hours.window.on(day, zone), &breaks, spans);
                }
            }
        }
    }

    /// Cuts `window` into slots; one that touches a break starts after it instead.
    fn cut(&self, window: Span, breaks: &[Span], spans: &mut Vec<Span>) {
        let mut start = window.start;
        loop {
            let end = start.plus_seconds(i64::from(self.slot.0) * 60);
            if end > window.end {
                return;
            }
            let span = Span { start, end };
            if let Some(pause) = breaks.iter().find(|pause| pause.overlaps(span)) {
                start = pause.end;
            } else {
                spans.push(span);
                start = end.plus_seconds(i64::from(self.buffer.0) * 60);
            }
        }
    }
}

macro_rules! number_schema {
    ($($type:ident $least:literal $most:literal;)*) => {$(
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::Integer)
                    .minimum(Some($least))
                    .maximum(Some($most))
                    .into()
            }
        }
        impl utoipa::ToSchema for $type {}
    )*};
}

number_schema! {
    SlotMinutes 5 480;
    BufferMinutes 0 240;
    NoticeMinutes 0 43_200;
    DaysAhead 0 366;
    Capacity 1 100;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Currency, Money, Published, examples, publish};
    use proptest::prelude::*;

    fn time(text: &str) -> TimeOfDay {
        TimeOfDay::parse(text).unwrap()
    }

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn schedule(hours: Hours, slot: u64, buffer: u64) -> Schedule {
        let slot = SlotMinutes::new(slot).unwrap();
        Schedule { hours, slot, buffer: BufferMinutes::new(buffer).unwrap() }
    }

    const NOW: Instant = Instant::from_seconds(1_796_000_000); // 2026-11-30

    #[test]
    fn two_hours_are_eight_quarters() {
        let window = Window::new(time("10:00"), time("12:00")).unwrap();
        let zone = Zone::default();
        let hours = Hours::Single { date: day("2026-12-01"), window };
        let planned = schedule(hours.clone(), 15, 0).plan(&zone, (false, NOW)).unwrap();
        assert_eq!(planned.len(), 8);
        assert_eq!(zone.show(planned[0].span.start), "2026-12-01T10:00:00+05:30");
        assert_eq!(zone.show(planned[7].span.end), "2026-12-01T12:00:00+05:30");
        assert_eq!(schedule(hours, 25, 10).plan(&zone, (false, NOW)).unwrap().len(), 3);
    }

    #[test]
    fn breaks_are_kept_free() {
        let window = Window::new(time("11:00"), time("14:00")).unwrap();
        let lunch = window.pause(time("12:00"), time("13:00")).unwrap();
        let weekly =
            vec![WeeklyWindow { day: WeekDay::parse("tue").unwrap(), window, breaks: vec![lunch] }];
        let hours = Hours::Weekly { start: day("2026-12-01"), end: day("2026-12-14"), weekly };
        let zone = Zone::default();
        let planned = schedule(hours, 40, 0).plan(&zone, (false, NOW)).unwrap();
        let shown: Vec<String> = planned.iter().map(|one| zone.show(one.span.start)).collect();
        assert_eq!(
            shown,
            [
                "2026-12-01T11:00:00+05:30",
                "2026-12-01T13:00:00+05:30",
                "2026-12-08T11:00:00+05:30",
                "2026-12-08T13:00:00+05:30",
            ]
        );
    }

    fn shown(hours: Hours, slot: u64, zone: &str, now: Instant) -> Vec<String> {
        let zone = Zone::parse(zone).unwrap();
        let planned = schedule(hours, slot, 0).plan(&zone, (false, now)).unwrap();
        planned.iter().map(|one| zone.show(one.span.start)).collect()
    }

    #[test]
    fn of_a_break_that_clocks_skip_the_rest_is_kept_free() {
        let window = Window::overnight(time("22:00"), time("06:00")).unwrap();
        let now = Instant::parse_rfc3339("2031-03-01T00:00:00Z").unwrap();
        // Clocks in Berlin go from 02:00 to 03:00 on Sunday, 30 March 2031.
        let night = |from: &str, to: &str, minutes: u64| {
            let breaks = vec![window.pause(time(from), time(to)).unwrap()];
            let day_of = WeekDay::parse("sat").unwrap();
            let weekly = vec![WeeklyWindow { day: day_of, window, breaks }];
            let hours = Hours::Weekly { start: day("2031-03-29"), end: day("2031-03-29"), weekly };
            shown(hours, minutes, "Europe/Berlin", now)
        };
        let half = night("02:30", "03:30", 30);
        assert_eq!(half.len(), 13);
        assert_eq!(half[7..9], ["2031-03-30T01:30:00+01:00", "2031-03-30T03:30:00+02:00"]);
        let all = night("02:00", "03:00", 60);
        assert_eq!(all.len(), 7);
        assert_eq!(all[3..5], ["2031-03-30T01:00:00+01:00", "2031-03-30T03:00:00+02:00"]);
        let end = night("01:30", "02:30", 30);
        assert_eq!(end.len(), 13);
        assert_eq!(end[6..8], ["2031-03-30T01:00:00+01:00", "2031-03-30T03:00:00+02:00"]);
    }

    #[test]
    fn nights_go_over_midnight_and_changes_of_the_clocks() {
        let window = Window::overnight(time("22:00"), time("06:00")).unwrap();
        assert!(Window::overnight(time("06:00"), time("22:00")).is_err());
        let night = |date: &str| Hours::Single { date: day(date), window };
        let now = Instant::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
        // Clocks in New York go from 02:00 to 03:00 on 8 March, and back on 1 November.
        let spring = shown(night("2026-03-07"), 120, "America/New_York", now);
        assert_eq!(
            spring,
            ["2026-03-07T22:00:00-05:00", "2026-03-08T00:00:00-05:00", "2026-03-08T03:00:00-04:00"]
        );
        let autumn = shown(night("2026-10-31"), 120, "America/New_York", now);
        assert_eq!(
            autumn,
            [
                "2026-10-31T22:00:00-04:00",
                "2026-11-01T00:00:00-04:00",
                "2026-11-01T01:00:00-05:00",
                "2026-11-01T03:00:00-05:00",
            ]
        );
        // On Lord Howe Island they go by half an hour.
        let spring = shown(night("2026-10-03"), 60, "Australia/Lord_Howe", now);
        assert_eq!(spring.len(), 7);
        assert_eq!(spring[4], "2026-10-04T02:30:00+11:00");
        let autumn = shown(night("2026-04-04"), 60, "Australia/Lord_Howe", now);
        assert_eq!(autumn.len(), 8);
        assert_eq!(autumn[4..6], ["2026-04-05T01:30:00+10:30", "2026-04-05T02:30:00+10:30"]);
        assert_eq!(shown(night("2026-10-03"), 60, "Asia/Kolkata", now).len(), 8);
    }

    #[test]
    fn breaks_of_a_night_are_on_either_side_of_midnight_or_over_it() {
        let window = Window::overnight(time("22:00"), time("04:00")).unwrap();
        let breaks = [("23:30", "00:30"), ("02:00", "03:00")];
        let breaks = breaks.map(|(from, to)| window.pause(time(from), time(to)).unwrap());
        let weekly = vec![WeeklyWindow {
            day: WeekDay::parse("wed").unwrap(),
            window,
            breaks: breaks.to_vec(),
        }];
        let hours = Hours::Weekly { start: day("2026-12-01"), end: day("2026-12-07"), weekly };
        let spans = shown(hours, 30, "Asia/Kolkata", NOW);
        let times: Vec<&str> = spans.iter().map(|text| &text[8..16]).collect();
        let expected = [
            "02T22:00", "02T22:30", "02T23:00", "03T00:30", "03T01:00", "03T01:30", "03T03:00",
            "03T03:30",
        ];
        assert_eq!(times, expected);
    }

    /// A doctor's slots once a schedule is published, in the place of what was before if so.
    fn published(there: &[Slot], schedule: &Schedule, replace: bool) -> (Published, Vec<Slot>) {
        let zone = Zone::default();
        let (planned, replaced) =
            (schedule.plan(&zone, (replace, NOW)).unwrap(), schedule.replaced(&zone));
        let replaced = replace.then_some(replaced);
        let done = publish(&planned, there.to_vec(), (replaced, NOW), |_| true);
        let mut after: Vec<Slot> =
            there.iter().filter(|one| !done.removed.contains(one)).cloned().collect();
        after.extend(done.missing.iter().map(|one| slot(*one, &zone)));
        (done, after)
    }

    fn slot(planned: Planned, zone: &Zone) -> Slot {
        let Planned { span, of } = planned;
        let day = zone.day(span.start);
        Slot {
            id: crate::models::Id::from_parts(span.start, 1),
            end: span.end,
            day,
            night_of: (of != day).then_some(of),
            ..examples::slot(span.start, Money::zero(Currency::INR))
        }
    }

    #[test]
    fn a_night_is_replaced_as_a_whole_and_only_by_its_own_day() {
        let night = |date: &str, from: &str, to: &str, minutes: u64| {
            let window = Window::overnight(time(from), time(to)).unwrap();
            schedule(Hours::Single { date: day(date), window }, minutes, 0)
        };
        let morning = |date: &str, from: &str, to: &str, minutes: u64| {
            let window = Window::new(time(from), time(to)).unwrap();
            schedule(Hours::Single { date: day(date), window }, minutes, 0)
        };
        let whole = night("2026-12-01", "22:00", "06:00", 30);
        let (_, there) = published(&[], &whole, true);
        assert_eq!(there.len(), 16);
        // The same again changes nothing.
        let (again, same) = published(&there, &whole, true);
        assert_eq!((again.unchanged.len(), again.removed.len(), same.len()), (16, 0, 16));
        // Other slots of the same night.
        let (other, after) = published(&there, &night("2026-12-01", "22:00", "06:00", 20), true);
        assert_eq!((other.clashes, other.removed.len(), after.len()), (vec![], 16, 24));
        // A shorter evening: nothing is left after midnight.
        let (_, after) = published(&there, &morning("2026-12-01", "22:00", "23:00", 30), true);
        assert_eq!(after.len(), 2);
        // The next day's hours leave the night alone, unless they reach into it.
        let next = morning("2026-12-02", "09:00", "12:00", 30);
        let (done, after) = published(&there, &next, true);
        assert_eq!((done.removed.len(), done.staying.len(), after.len()), (0, 0, 22));
        let (done, _) = published(&there, &morning("2026-12-02", "05:30", "08:30", 30), true);
        assert_eq!((done.clashes.len(), done.unchanged.len()), (0, 1));
        let (done, _) = published(&there, &morning("2026-12-02", "05:00", "08:00", 45), true);
        assert_eq!(done.clashes.len(), 2);
        // Its own hours are replaced.
        let (_, after) = published(&after, &morning("2026-12-02", "07:00", "08:00", 30), true);
        assert_eq!(after.len(), 18);
        // One that was stored without a day of its own is of the day it begins on.
        let stored: Vec<Slot> =
            there.iter().map(|one| Slot { night_of: None, ..one.clone() }).collect();
        let (done, _) = published(&stored, &next, true);
        assert_eq!(done.removed.len(), 12);
    }

    #[test]
    fn a_break_that_ends_before_it_begins_is_a_mistake_at_night_too() {
        let night = Window::overnight(time("21:00"), time("03:00")).unwrap();
        for (from, to) in [("02:00", "01:30"), ("00:00", "00:00"), ("22:00", "22:00")] {
            assert!(night.pause(time(from), time(to)).is_err(), "{from} to {to}");
        }
        for (from, to) in [("22:00", "23:00"), ("23:30", "00:30"), ("01:00", "01:30")] {
            assert!(night.pause(time(from), time(to)).is_ok(), "{from} to {to}");
        }
    }

    /// On 28 March 2027 clocks in Berlin go from 02:00 to 03:00.
    #[test]
    fn hours_that_end_where_clocks_skip_do_not_go_on_after_it() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let starts = |from: &str, to: &str| {
            let window = Window::new(time(from), time(to)).unwrap();
            let hours = Hours::Single { date: day("2027-03-28"), window };
            let planned = schedule(hours, 30, 0).plan(&zone, (false, NOW));
            planned.map(|all| all.iter().map(|one| zone.show(one.span.start)).collect::<Vec<_>>())
        };
        let early = starts("01:00", "02:30").unwrap();
        assert_eq!(early, ["2027-03-28T01:00:00+01:00", "2027-03-28T01:30:00+01:00"]);
        assert_eq!(starts("02:00", "02:30"), Err(ScheduleRefusal::Empty));
        assert_eq!(starts("02:30", "04:00").unwrap()[0], "2027-03-28T03:00:00+02:00");
        let window = |from: &str, to: &str| WeeklyWindow {
            day: WeekDay::parse("sun").unwrap(),
            window: Window::new(time(from), time(to)).unwrap(),
            breaks: vec![],
        };
        let (start, end) = (day("2027-03-22"), day("2027-03-28"));
        let weekly = vec![window("00:00", "02:30"), window("03:00", "06:00")];
        let both = schedule(Hours::Weekly { start, end, weekly }, 30, 0)
            .plan(&zone, (false, NOW))
            .unwrap();
        assert_eq!(both.len(), 10, "they overlap on no clock");
    }

    #[test]
    fn what_has_begun_is_not_published_and_what_is_left_of_last_night_can_be() {
        let zone = Zone::default();
        let plan = |hours: Hours, at: &str| {
            let now = Instant::parse_rfc3339(at).unwrap();
            schedule(hours, 60, 0).plan(&zone, (false, now)).map(|planned| planned.len())
        };
        let morning = |date: &str| Hours::Single {
            date: day(date),
            window: Window::new(time("09:00"), time("12:00")).unwrap(),
        };
        let noon = "2026-12-02T12:00:00+05:30";
        assert_eq!(plan(morning("2026-12-02"), noon), Err(ScheduleRefusal::Begun));
        assert_eq!(plan(morning("2026-12-02"), "2026-12-02T10:00:00+05:30"), Ok(2));
        assert_eq!(plan(morning("2026-12-01"), noon), Err(ScheduleRefusal::InPast));
        let night = |date: &str| Hours::Single {
            date: day(date),
            window: Window::overnight(time("22:00"), time("06:00")).unwrap(),
        };
        let after_midnight = "2026-12-02T00:30:00+05:30";
        assert_eq!(plan(night("2026-12-01"), after_midnight), Ok(5));
        assert_eq!(plan(night("2026-12-01"), noon), Err(ScheduleRefusal::InPast));
        assert_eq!(plan(night("2026-11-30"), after_midnight), Err(ScheduleRefusal::InPast));
        // In the place of what was, it leaves nothing.
        let now = Instant::parse_rfc3339(after_midnight).unwrap();
        for hours in [
            night("2026-12-01"),
            Hours::Single {
                date: day("2026-12-01"),
                window: Window::new(time("22:00"), time("24:00")).unwrap(),
            },
        ] {
            let left = schedule(hours, 60, 0).plan(&zone, (true, now)).unwrap();
            assert!(left.iter().all(|one| now <= one.span.start && one.of == day("2026-12-01")));
        }
        // A week that began yesterday has nothing of yesterday left.
        let hours = WeeklyWindow {
            day: WeekDay::parse("wed").unwrap(),
            window: Window::new(time("09:00"), time("12:00")).unwrap(),
            breaks: vec![],
        };
        let (start, end) = (day("2026-12-01"), day("2026-12-07"));
        let week = Hours::Weekly { start, end, weekly: vec![hours] };
        assert_eq!(plan(week, after_midnight), Err(ScheduleRefusal::InPast));
    }

    proptest! {
        #[test]
        fn slots_stay_inside_and_apart(
            from in 0..1440_u16, length in 1..1440_u16, slot in 5..=480_u64, buffer in 0..=240_u64,
            zone in prop::sample::select(vec!["Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
            shift in 0..300_i64,
        ) {
            let to = (from + length).min(1440);
            prop_assume!(from < to);
            let zone = Zone::parse(zone).unwrap();
            let date = zone.day(NOW.plus_seconds(shift * 86_400));
            let window = Window::new(
                TimeOfDay::from_minutes(from).unwrap(), TimeOfDay::from_minutes(to).unwrap(),
            ).unwrap();
            let bounds = window.on(date, &zone);
            if let Ok(planned) = schedule(Hours::Single { date, window }, slot, buffer).plan(&zone, (false, NOW)) {
                let buffer = i64::try_from(buffer).unwrap();
                prop_assert!(planned.iter().all(|one| one.of == date));
                let spans: Vec<Span> = planned.iter().map(|one| one.span).collect();
                prop_assert!(spans.iter().all(|s| s.start >= bounds.start && s.end <= bounds.end));
                prop_assert!(spans.windows(2).all(|p| p[1].start >= p[0].end.plus_seconds(buffer * 60)));
            }
        }
    }
}
