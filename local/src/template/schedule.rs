//! `rate(...)` and `cron(...)`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use jiff::{Timestamp, ToSpan as _, Zoned, tz::TimeZone};

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rate {
    /// Every so often.
    Every(Duration),
    /// At the minutes (UTC) that match; AWS's six fields.
    Cron(Vec<String>),
}

impl Rate {
    /// Parses AWS's expression.
    ///
    /// # Errors
    /// When it is neither a `rate` nor a `cron` of six fields.
    pub fn parse(expression: &str) -> Result<Self> {
        let inside =
            |name: &str| expression.trim().strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(rate) = inside("rate") {
            let (count, unit) = rate.trim().split_once(' ').context("rate needs a unit")?;
            let seconds = match unit.trim().trim_end_matches('s') {
                "minute" => 60,
                "hour" => 3_600,
                "day" => 86_400,
                other => bail!("rate's unit is {other}"),
            };
            let count: u64 = count.parse().context("rate needs a number")?;
            return Ok(Self::Every(Duration::from_secs(count.max(1).saturating_mul(seconds))));
        }
        let fields: Vec<String> = inside("cron")
            .with_context(|| format!("{expression} is neither rate(...) nor cron(...)"))?
            .split_whitespace()
            .map(str::to_ascii_uppercase)
            .collect();
        if fields.len() != 6 {
            bail!("cron needs six fields");
        }
        Ok(Self::Cron(fields))
    }

    /// How long to wait from `now` for the next tick; the first of a rate is one period away.
    pub fn wait(&self, now: Timestamp) -> Duration {
        match self {
            Self::Every(period) => *period,
            Self::Cron(fields) => {
                let start = now.to_zoned(TimeZone::UTC);
                let mut at = start.clone();
                // A year of minutes is enough for every expression that can fire at all.
                for _ in 0..527_040 {
                    at = next_minute(&at);
                    if matches(fields, &at) {
                        break;
                    }
                }
                Duration::try_from(at.timestamp() - now).unwrap_or(Duration::from_mins(1))
            }
        }
    }
}

fn next_minute(at: &Zoned) -> Zoned {
    let seconds = 60 - i64::from(at.second());
    let floor = at.clone() - i64::from(at.subsec_nanosecond()).nanoseconds();
    floor + seconds.seconds()
}

fn matches(fields: &[String], at: &Zoned) -> bool {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let [minute, hour, day, month, weekday, year] = fields else {
        return false;
    };
    field(minute, i32::from(at.minute()), &[])
        && field(hour, i32::from(at.hour()), &[])
        && field(day, i32::from(at.day()), &[])
        && field(month, i32::from(at.month()), &MONTHS)
        && field(weekday, i32::from(at.weekday().to_sunday_one_offset()), &DAYS)
        && field(year, i32::from(at.year()), &[])
}

/// Lists, ranges, steps, `*` and `?`; names count from one.
fn field(pattern: &str, value: i32, names: &[&str]) -> bool {
    let number = |text: &str| -> Option<i32> {
        let by_name = names.iter().position(|name| *name == text);
        by_name.and_then(|at| i32::try_from(at + 1).ok()).or_else(|| text.parse().ok())
    };
    pattern.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step = step.parse().unwrap_or(1).max(1);
        let (from, to) = match (range, range.split_once('-')) {
            ("*" | "?", _) => (Some(0), Some(i32::MAX)),
            (_, Some((from, to))) => (number(from), number(to)),
            (one, None) if part.contains('/') => (number(one), Some(i32::MAX)),
            (one, None) => (number(one), number(one)),
        };
        match (from, to) {
            (Some(from), Some(to)) => value >= from && value <= to && (value - from) % step == 0,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_count_in_their_unit() {
        for (expression, seconds) in
            [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7_200)]
        {
            let rate = Rate::parse(expression).unwrap();
            assert_eq!(rate.wait(Timestamp::UNIX_EPOCH), Duration::from_secs(seconds));
        }
        assert!(Rate::parse("rate(5)").is_err());
        assert!(Rate::parse("at(2026-01-01)").is_err());
    }

    #[test]
    fn cron_waits_for_the_next_matching_minute_in_utc() {
        // A Thursday.
        let now: Timestamp = "2026-03-12T19:03:58Z".parse().unwrap();
        for (expression, seconds) in [
            ("cron(* * * * ? *)", 2),
            ("cron(0/5 * * * ? *)", 62),
            ("cron(30 19 * * ? *)", 26 * 60 + 2),
            ("cron(0 0 ? * FRI *)", 4 * 3600 + 56 * 60 + 2),
            ("cron(0 20 13,14 MAR ? 2026)", 24 * 3600 + 56 * 60 + 2),
        ] {
            let rate = Rate::parse(expression).unwrap();
            assert_eq!(rate.wait(now), Duration::from_secs(seconds), "{expression}");
        }
    }
}
