//! A doctor's queue of one day: numbers are given in the order in which patients come, and called
//! in that order.

use super::{AccountId, AppointmentId, Day, Instant, Issue, Name, PatientId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenState {
    /// Its patient waits.
    Waiting,
    /// Its patient is being seen.
    Called,
    /// Its patient was not there when it was called; it can be called again.
    Skipped,
    /// Its patient was seen.
    Done,
    /// Its patient is no longer there.
    Left,
}

impl TokenState {
    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Skipped => "skipped",
            Self::Done => "done",
            Self::Left => "left",
        }
    }
}

/// Who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// The patient.
    pub id: PatientId,
    /// His name.
    pub name: Name,
}

/// A number of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The number, from 1.
    pub number: u32,
    /// Who has it.
    pub patient: Waiting,
    /// For which appointment; a walk-in has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment_id: Option<AppointmentId>,
    /// How long the visit is thought to take.
    pub minutes: u32,
    /// Where it stands.
    pub state: TokenState,
    /// Since when it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_at: Option<Instant>,
}

/// A doctor's queue of one of the hospital's days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// Whose.
    pub doctor_id: AccountId,
    /// Which day.
    pub day: Day,
    /// Counts its changes; a write names the version it was decided on.
    pub version: i64,
    /// The latest number that was given.
    pub last: u32,
    /// Every number, in order.
    #[serde(default)]
    pub tokens: Vec<Token>,
}

/// Why nobody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueRefusal {
    /// Nobody waits.
    NobodyWaits,
    /// Nobody is called.
    NobodyCalled,
    /// That number was not skipped.
    NotSkipped,
}

/// How somebody stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePlace {
    /// Where his number stands.
    pub state: TokenState,
    /// The number that is called now.
    pub now_serving: Option<u32>,
    /// How many wait before him.
    pub ahead: usize,
    /// How long it may take until he is called.
    pub minutes: i64,
}

impl Queue {
    /// How many numbers a day has at most.
    pub const MOST: u32 = 1000;
    /// How long a walk-in is thought to take, in minutes.
    pub const WALK_IN_MINUTES: u32 = 15;

    /// The queue of a day on which nobody has come.
    pub fn empty(doctor_id: AccountId, day: Day) -> Self {
        Self { doctor_id, day, version: 0, last: 0, tokens: Vec::new() }
    }

    /// Which day's queue is run: today's, or yesterday's where that is named, for hours that began
    /// before midnight go on after it.
    pub fn day_run(named: Option<Day>, today: Day) -> Result<Day, Issue> {
        match named {
            None => Ok(today),
            Some(day) if day == today || day.next() == today => Ok(day),
            Some(_) => Err(Issue::invalid("must be today or yesterday")),
        }
    }

    /// Whether the links to a day's numbers are still good: a night goes on after midnight, and two
    /// days after nobody waits any more.
    pub fn is_followed(day: Day, today: Day) -> bool {
        today <= day.next()
    }

    /// The number that is called now.
    pub fn called(&self) -> Option<&Token> {
        self.tokens.iter().find(|token| token.state == TokenState::Called)
    }

    /// Those who wait, in order.
    pub fn waiting(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| token.state == TokenState::Waiting)
    }

    /// Its state with the next number called; who was called before has been seen. Where nobody
    /// waits any more, nobody is called then.
    pub fn call_next(&self, now: Instant) -> Result<Self, QueueRefusal> {
        match self.waiting().map(|token| token.number).min() {
            Some(number) => Ok(self.calling(number, now)),
            None => self.with_called(TokenState::Done).ok_or(QueueRefusal::NobodyWaits),
        }
    }

    /// Its state with whoever is called put aside, for he is not there.
    pub fn skip(&self) -> Result<Self, QueueRefusal> {
        self.with_called(TokenState::Skipped).ok_or(QueueRefusal::NobodyCalled)
    }

    /// Its state with a number called that was skipped; who was called before has been seen.
    pub fn recall(&self, number: u32, now: Instant) -> Result<Self, QueueRefusal> {
        let skipped = |token: &Token| token.number == number && token.state == TokenState::Skipped;
        if self.tokens.iter().any(skipped) {
            return Ok(self.calling(number, now));
        }
        Err(QueueRefusal::NotSkipped)
    }

    /// How the owner of a number stands.
    pub fn place(&self, number: u32, now: Instant) -> Option<QueuePlace> {
        let own = self.tokens.iter().find(|token| token.number == number)?;
        let waits = own.state == TokenState::Waiting;
        let before = self.waiting().filter(|token| waits && token.number < number);
        let (mut ahead, mut minutes) = (0, 0);
        for token in before {
            ahead += 1;
            minutes += i64::from(token.minutes);
        }
        if let Some(called) = self.called().filter(|_| waits) {
            let since = called.called_at.map_or(0, |at| now.seconds_since(at).max(0) / 60);
            minutes += i64::from(called.minutes).saturating_sub(since).max(0);
        }
        let now_serving = self.called().map(|token| token.number);
        Some(QueuePlace { state: own.state, now_serving, ahead, minutes })
    }

    /// Its state with whoever is called in another; `None` if nobody is.
    fn with_called(&self, state: TokenState) -> Option<Self> {
        self.called()?;
        let mut next = self.next();
        for token in next.tokens.iter_mut().filter(|token| token.state == TokenState::Called) {
            token.state = state;
        }
        Some(next)
    }

    fn calling(&self, number: u32, now: Instant) -> Self {
        let mut next = self.next();
        for token in &mut next.tokens {
            if token.number == number {
                token.state = TokenState::Called;
                token.called_at = Some(now);
            } else if token.state == TokenState::Called {
                token.state = TokenState::Done;
            }
        }
        next
    }

    fn next(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Id, Parse as _};
    use proptest::prelude::*;

    const NOW: Instant = Instant::from_seconds(1_796_000_000);

    fn queue(count: u32) -> Queue {
        let token = |number: u32| Token {
            number,
            patient: Waiting {
                id: Id::derived(u128::from(number)),
                name: Name::parse("Asha Rao").unwrap(),
            },
            appointment_id: None,
            minutes: 10,
            state: TokenState::Waiting,
            called_at: None,
        };
        Queue {
            doctor_id: Id::derived(1),
            day: Day::parse("2026-12-01").unwrap(),
            version: 1,
            last: count,
            tokens: (1..=count).map(token).collect(),
        }
    }

    #[test]
    fn a_patient_sees_how_long_it_may_take() {
        let queue = queue(3).call_next(NOW).unwrap();
        let place = queue.place(3, NOW.plus_seconds(4 * 60)).unwrap();
        let expected =
            QueuePlace { state: TokenState::Waiting, now_serving: Some(1), ahead: 1, minutes: 16 };
        assert_eq!(place, expected);
        // One who takes longer than was thought does not make it shorter.
        assert_eq!(queue.place(2, NOW.plus_seconds(3600)).unwrap().minutes, 0);
        assert_eq!(queue.place(4, NOW), None);
        let own = queue.place(1, NOW).unwrap();
        assert_eq!((own.state, own.ahead, own.minutes), (TokenState::Called, 0, 0));
    }

    #[test]
    fn the_last_number_ends_when_nobody_comes_after_it() {
        let called = queue(1).call_next(NOW).unwrap();
        let ended = called.call_next(NOW).unwrap();
        assert_eq!((ended.version, ended.called()), (called.version + 1, None));
        assert_eq!(ended.place(1, NOW).unwrap().state, TokenState::Done);
        assert_eq!(ended.call_next(NOW), Err(QueueRefusal::NobodyWaits));
        assert_eq!(ended.skip(), Err(QueueRefusal::NobodyCalled));
        assert_eq!(queue(0).call_next(NOW), Err(QueueRefusal::NobodyWaits));
    }

    #[test]
    fn a_night_is_run_until_the_day_after() {
        let day = |text: &str| Day::parse(text).unwrap();
        let today = day("2026-03-01");
        assert_eq!(Queue::day_run(None, today), Ok(today));
        for good in ["2026-03-01", "2026-02-28"] {
            assert_eq!(Queue::day_run(Some(day(good)), today), Ok(day(good)));
        }
        for bad in ["2026-02-27", "2026-03-02", "2025-03-01"] {
            assert!(Queue::day_run(Some(day(bad)), today).is_err(), "{bad}");
        }
        let followed = ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
            .map(|named| Queue::is_followed(day(named), today));
        assert_eq!(followed, [false, true, true, true]);
    }

    proptest! {
        #[test]
        fn nobody_is_lost_and_one_is_called_at_a_time(
            count in 0..8_u32, deeds in prop::collection::vec((0..3_u8, 1..9_u32), 0..40),
        ) {
            let mut current = queue(count);
            let mut called: Vec<u32> = Vec::new();
            for (deed, number) in deeds {
                let next = match deed {
                    0 => current.call_next(NOW),
                    1 => current.skip(),
                    _ => current.recall(number, NOW),
                };
                let Ok(next) = next else { continue };
                prop_assert_eq!(next.version, current.version + 1);
                let of = |queue: &Queue| queue.tokens.iter().map(|one| one.number).collect::<Vec<_>>();
                prop_assert_eq!(of(&next), of(&current));
                let now = next.tokens.iter().filter(|one| one.state == TokenState::Called).count();
                let ends = deed == 1 || (deed == 0 && current.waiting().count() == 0);
                prop_assert_eq!(now, usize::from(!ends));
                prop_assert!(!ends || current.called().is_some(), "somebody was called");
                if deed == 0 && !ends {
                    called.push(next.called().unwrap().number);
                }
                // Whoever was seen stays so.
                for (before, after) in current.tokens.iter().zip(&next.tokens) {
                    prop_assert!(before.state != TokenState::Done || after.state == TokenState::Done);
                }
                current = next;
            }
            prop_assert!(called.is_sorted_by(|one, other| one < other), "in order, each once");
            let waiting = current.waiting().count();
            prop_assert_eq!(waiting + called.len(), usize::try_from(count).unwrap());
        }
    }
}
