//! Days on which a hospital is closed.

use super::{Day, Issue, Name, Planned, Zone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A day on which a hospital is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holiday {
    /// Which.
    pub date: Day,
    /// What people call it.
    pub name: Name,
}

/// The days on which a hospital is closed, in order, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Holidays(Vec<Holiday>);

impl Holidays {
    /// The most days a hospital names.
    const MOST: usize = 100;

    /// Days, in order. One that stands twice is a mistake.
    pub fn new(mut days: Vec<Holiday>) -> Result<Self, Issue> {
        if days.len() > Self::MOST {
            return Err(Issue::invalid("must have at most 100 days"));
        }
        days.sort_by_key(|holiday| holiday.date);
        let mut pairs = days.iter().zip(days.iter().skip(1));
        if pairs.any(|(one, other)| one.date == other.date) {
            return Err(Issue::invalid("must not have the same day twice"));
        }
        Ok(Self(days))
    }

    /// Whether the hospital is closed on this day.
    pub fn has(&self, day: Day) -> bool {
        self.0.binary_search_by_key(&day, |holiday| holiday.date).is_ok()
    }

    /// Those from this day on.
    pub fn since(&self, today: Day) -> Vec<Day> {
        self.0.iter().map(|holiday| holiday.date).filter(|day| *day >= today).collect()
    }

    /// Takes out what begins on one of them, and gives those days.
    pub fn clear(&self, planned: &mut Vec<Planned>, zone: &Zone) -> Vec<Day> {
        let mut closed = Vec::new();
        planned.retain(|one| {
            let day = zone.day(one.span.start);
            let open = !self.has(day);
            if !open && closed.last() != Some(&day) {
                closed.push(day);
            }
            open
        });
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Instant, Parse as _, Span};

    fn on(date: &str) -> Holiday {
        Holiday { date: Day::parse(date).unwrap(), name: Name::parse("Diwali").unwrap() }
    }

    #[test]
    fn what_begins_on_a_holiday_is_left_out() {
        let zone = Zone::default();
        let holidays = Holidays::new(vec![on("2026-12-25"), on("2026-12-02")]).unwrap();
        assert!(Holidays::new(vec![on("2026-12-25"), on("2026-12-25")]).is_err());
        let at = |text: &str| Instant::parse_rfc3339(text).unwrap();
        let of = Day::parse("2026-12-01").unwrap();
        let span = |text: &str| Span { start: at(text), end: at(text).plus_seconds(3600) };
        let span = |text: &str| Planned { span: span(text), of };
        let eve = span("2026-12-01T23:30:00+05:30");
        let mut spans =
            vec![eve, span("2026-12-02T00:30:00+05:30"), span("2026-12-02T10:00:00+05:30")];
        assert_eq!(holidays.clear(&mut spans, &zone), [Day::parse("2026-12-02").unwrap()]);
        assert_eq!(spans, [eve]);
        let today = Day::parse("2026-12-03").unwrap();
        assert_eq!(holidays.since(today), [Day::parse("2026-12-25").unwrap()]);
    }
}
