//! The hospital's time zone, and days and times on its clocks.

use super::{Instant, Issue, Parse, issue::texts_in_documents};
use jiff::{
    Timestamp, civil,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneTransition},
};
use utoipa::openapi::{KnownFormat, SchemaFormat};

/// A change of a zone's clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetChange {
    /// When, by the clocks as they were set before.
    pub begins: civil::DateTime,
    /// From UTC, before.
    pub before: Offset,
    /// From UTC, from then on.
    pub after: Offset,
    /// What the time is called from then on, such as `IST`.
    pub name: String,
    /// Whether it is daylight saving time.
    pub daylight: bool,
}

/// An IANA time zone, such as `Asia/Kolkata`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone's rules.
    pub const fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The local day at this instant.
    pub fn day(&self, at: Instant) -> Day {
        Day(at.timestamp().to_zoned(self.0.clone()).date())
    }

    /// When the local day begins and when the next one does. Days with a change of clocks are
    /// shorter or longer than 24 hours.
    pub fn bounds(&self, day: Day) -> (Instant, Instant) {
        (self.start_of(day), self.start_of(day.next()))
    }

    fn start_of(&self, day: Day) -> Instant {
        let zoned = day.0.to_zoned(self.0.clone()).and_then(|zoned| zoned.start_of_day());
        zoned.map_or(Instant::from_millis(0), |zoned| zoned.timestamp().into())
    }

    /// The instant at which clocks show this day and time. A time that clocks skip, as they do
    /// when they go forward, counts as the one they jump to; of two, when they go back, the first
    /// (RFC 5545 §3.3.5).
    pub fn at(&self, day: Day, time: TimeOfDay) -> Instant {
        let Some(civil) = time.civil() else {
            return self.start_of(day.next());
        };
        let ambiguous = self.0.to_ambiguous_timestamp(day.0.to_datetime(civil));
        ambiguous.compatible().map_or(Instant::from_millis(0), Instant::from)
    }

    /// The same of a time between two others: where clocks skip it, the moment at which they do. So hours
    /// and breaks are what is left of them, and no more.
    pub fn between(&self, day: Day, time: TimeOfDay) -> Instant {
        let Some(civil) = time.civil() else {
            return self.start_of(day.next());
        };
        let ambiguous = self.0.to_ambiguous_timestamp(day.0.to_datetime(civil));
        let skipped = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
        let before = if skipped { ambiguous.earlier().ok() } else { None };
        let skip = before.and_then(|before| self.0.following(before).next());
        skip.map_or_else(|| self.at(day, time), |skip| skip.timestamp().into())
    }

    /// How the clocks were set at an instant, and each change after it up to another.
    pub fn changes(&self, from: Instant, to: Instant) -> Vec<OffsetChange> {
        let (from, to) = (from.timestamp(), to.timestamp());
        // A transition at the very instant holds from it on.
        let next = from.checked_add(jiff::SignedDuration::from_nanos(1)).unwrap_or(from);
        let first = self.0.preceding(next).next();
        let later = self.0.following(from).take_while(|change| change.timestamp() < to);
        let changes: Vec<OffsetChange> =
            first.iter().chain(&later.collect::<Vec<_>>()).map(|at| self.change(at)).collect();
        if changes.is_empty() { vec![self.fixed(from)] } else { changes }
    }

    fn change(&self, change: &TimeZoneTransition<'_>) -> OffsetChange {
        let just_before = change.timestamp().checked_sub(jiff::SignedDuration::from_secs(1));
        let before = self.0.to_offset(just_before.unwrap_or(change.timestamp()));
        OffsetChange {
            begins: before.to_datetime(change.timestamp()),
            before,
            after: change.offset(),
            name: change.abbreviation().to_owned(),
            daylight: change.dst().is_dst(),
        }
    }

    /// A zone whose clocks never changed.
    fn fixed(&self, at: Timestamp) -> OffsetChange {
        let offset = self.0.to_offset(at);
        let name = self.0.to_offset_info(at).abbreviation().to_owned();
        let begins = civil::date(1970, 1, 1).at(0, 0, 0, 0);
        OffsetChange { begins, before: offset, after: offset, name, daylight: false }
    }

    /// For people: `Tuesday, 1 December 2026, 10:00 (IST)`. A zone without letters of its own is
    /// shown by its offset: `(UTC+05:45)`.
    pub fn in_words(&self, at: Instant) -> String {
        let zoned = at.timestamp().to_zoned(self.0.clone());
        let letters = zoned.strftime("%Z").to_string();
        let day = zoned.strftime("%A, %-d %B %Y, %H:%M");
        if letters.chars().all(|c| c.is_ascii_alphabetic()) {
            return format!("{day} ({letters})");
        }
        format!("{day} (UTC{})", zoned.strftime("%:z"))
    }

    /// The local day, for people: `1 December 2026`.
    pub fn day_in_words(&self, at: Instant) -> String {
        at.timestamp().to_zoned(self.0.clone()).strftime("%-d %B %Y").to_string()
    }

    /// RFC 3339 with this zone's offset.
    pub fn show(&self, at: Instant) -> String {
        at.rfc3339(&self.0)
    }
}

impl Default for Zone {
    /// `Asia/Kolkata`.
    fn default() -> Self {
        Self(TimeZone::get("Asia/Kolkata").unwrap_or(TimeZone::UTC))
    }
}

impl Parse for Zone {
    fn parse(text: &str) -> Result<Self, Issue> {
        let known = text.len() <= 64 && !text.contains(char::is_control);
        let zone = if known { TimeZone::get(text).ok() } else { None };
        zone.filter(|zone| zone.iana_name().is_some())
            .map(Self)
            .ok_or_else(|| Issue::invalid("must be an IANA time zone such as Asia/Kolkata"))
    }
}

texts_in_documents! {
    Zone: zone => zone.name();
}

/// A calendar day in the hospital's time zone, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(civil::Date);

impl Day {
    /// The calendar date.
    pub const fn date(self) -> civil::Date {
        self.0
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The day so many days later, or earlier.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(jiff::SignedDuration::from_hours(days.saturating_mul(24))))
    }

    /// Days from `earlier` to this.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.duration_since(earlier.0).as_hours() / 24
    }
}

impl Parse for Day {
    fn parse(text: &str) -> Result<Self, Issue> {
        let shaped = text.len() == 10
            && text.bytes().enumerate().all(|(i, b)| match i {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        let date = if shaped { text.parse::<civil::Date>().ok() } else { None };
        let date = date.ok_or_else(|| Issue::invalid("must be a date of the form YYYY-MM-DD"))?;
        if !(1900..=2200).contains(&date.year()) {
            return Err(Issue::invalid("must be a date from 1900 to 2200"));
        }
        Ok(Self(date))
    }
}

texts_in_documents! {
    Day: day => String::from(*day);
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.0.to_string()
    }
}

/// Minutes after midnight on the hospital's clocks, `HH:MM`; `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// From minutes after midnight, up to 24 hours.
    pub fn from_minutes(minutes: u16) -> Option<Self> {
        (minutes <= 24 * 60).then_some(Self(minutes))
    }

    /// Minutes after midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    fn civil(self) -> Option<civil::Time> {
        let hour = i8::try_from(self.0 / 60).ok()?;
        let minute = i8::try_from(self.0 % 60).ok()?;
        civil::Time::new(hour, minute, 0, 0).ok()
    }
}

impl Parse for TimeOfDay {
    fn parse(text: &str) -> Result<Self, Issue> {
        let parts =
            text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2);
        let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b':');
        let minutes = parts.filter(|_| digits).and_then(|(hour, minute)| {
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            (minute < 60 && (hour < 24 || (hour == 24 && minute == 0)))
                .then_some(hour * 60 + minute)
        });
        minutes.map(Self).ok_or_else(|| Issue::invalid("must be a time of the form HH:MM"))
    }
}

macro_rules! text_schema {
    ($(
        $type:ident $meaning:literal, example $example:literal $(, $rule:ident $value:expr)*;
    )*) => {$(
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($meaning))
                    $(.$rule(Some($value)))*
                    .examples([$example])
                    .into()
            }
        }
        impl utoipa::ToSchema for $type {}
    )*};
}

text_schema! {
    Zone "An IANA time zone.", example "Asia/Kolkata", max_length 64;
    Day "A calendar day in the hospital's time zone, from 1900 to 2200.",
        example "2026-12-01", format SchemaFormat::KnownFormat(KnownFormat::Date);
    TimeOfDay "A time on the hospital's clocks; `24:00` is the end of the day.",
        example "10:00", pattern "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let kolkata = zone("Asia/Kolkata");
        let at = Instant::from_seconds(1_796_149_800); // 2026-12-02T00:00 +05:30
        assert_eq!(String::from(kolkata.day(at)), "2026-12-02");
        assert_eq!(String::from(kolkata.day(at.plus_seconds(-1))), "2026-12-01");
        let (start, end) = kolkata.bounds(kolkata.day(at));
        assert_eq!((start, end), (at, at.plus_seconds(24 * 3600)));
    }

    #[test]
    fn skipped_times_do_not_exist_and_repeated_ones_are_the_first() {
        let berlin = zone("Europe/Berlin");
        let day = |text| Day::parse(text).unwrap();
        let time = |text| TimeOfDay::parse(text).unwrap();
        let skipped = berlin.at(day("2026-03-29"), time("02:30"));
        assert_eq!(berlin.show(skipped), "2026-03-29T03:30:00+02:00");
        assert_eq!(berlin.at(day("2026-03-29"), time("24:00")), berlin.bounds(day("2026-03-29")).1);
        let skipped = berlin.between(day("2026-03-29"), time("02:30"));
        assert_eq!(berlin.show(skipped), "2026-03-29T03:00:00+02:00");
        for there in ["01:59", "03:00", "03:30", "24:00"] {
            let (day, there) = (day("2026-03-29"), time(there));
            assert_eq!(berlin.between(day, there), berlin.at(day, there));
        }
        let first = berlin.at(day("2026-10-25"), time("02:30"));
        assert_eq!(berlin.show(first), "2026-10-25T02:30:00+02:00");
        let (start, end) = berlin.bounds(day("2026-03-29"));
        assert_eq!(end.seconds_since(start), 23 * 3600);
    }

    #[test]
    fn bad_days_and_times_are_refused() {
        for text in
            ["2026-02-30", "2026-2-3", "02-03-2026", "", "2026-02-03T00:00", "１２３４-12-01"]
        {
            assert!(Day::parse(text).is_err(), "{text}");
        }
        for text in ["9:00", "24:01", "12:60", "noon", "1200", "+1:00", "12:00:00"] {
            assert!(TimeOfDay::parse(text).is_err(), "{text}");
        }
        assert_eq!(TimeOfDay::parse("24:00").unwrap().minutes(), 1440);
        for text in ["IST", "+05:30", "Mars/Olympus", ""] {
            assert!(Zone::parse(text).is_err(), "{text}");
        }
    }
}
