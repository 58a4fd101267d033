//! A point in time, to the millisecond.

use super::{Issue, Parse};
use jiff::{Timestamp, fmt::temporal::DateTimePrinter, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

/// A point in time, stored and compared as milliseconds since the Unix epoch. How it reads on a
/// clock is a question to ask a [`TimeZone`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the epoch, as JWT and Razorpay count.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole minutes since the epoch, rounded down: the grain in which overlaps are refused.
    pub fn minutes(self) -> i32 {
        i32::try_from(self.0.div_euclid(60_000)).unwrap_or(i32::MAX)
    }

    /// This much later; negative seconds are earlier.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Seconds from `earlier` to this, rounded down; negative if this is before it.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1000)
    }

    /// As jiff's type, for calendars and time zones.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The instant of an RFC 3339 text.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(Self::from)
    }

    /// RFC 3339 with the zone's offset at that instant: `2026-12-01T10:00:00+05:30`.
    pub fn rfc3339(self, zone: &TimeZone) -> String {
        let digits = if self.0.rem_euclid(1000) == 0 { 0 } else { 3 };
        let timestamp = self.timestamp();
        DateTimePrinter::new()
            .precision(Some(digits))
            .timestamp_with_offset_to_string(&timestamp, zone.to_offset(timestamp))
    }
}

impl Parse for Instant {
    fn parse(text: &str) -> Result<Self, Issue> {
        let shaped = text.len() <= 64;
        let instant = shaped.then(|| Self::parse_rfc3339(text)).flatten();
        instant.ok_or_else(|| Issue::invalid("must be an instant like 2026-12-01T10:00:00+05:30"))
    }
}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        let date_time = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An instant, with the offset of any time zone."))
            .format(Some(date_time))
            .max_length(Some(64))
            .into()
    }
}

impl ToSchema for Instant {}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_the_hospitals_time() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let instant = Instant::from_seconds(1_796_099_400);
        assert_eq!(instant.rfc3339(&zone), "2026-12-01T10:00:00+05:30");
        assert_eq!(Instant::from_millis(-1).seconds(), -1);
        let instant = Instant::from_millis(1_796_099_400_050);
        assert_eq!(instant.rfc3339(&zone), "2026-12-01T10:00:00.050+05:30");
        assert_eq!(instant.rfc3339(&TimeZone::UTC), "2026-12-01T04:30:00.050+00:00");
    }
}
