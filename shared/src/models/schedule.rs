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
#[path = "schedule_tests.rs"]
mod tests;
