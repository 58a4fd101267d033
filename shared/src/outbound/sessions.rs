//! What Redis remembers of sessions, so that a request need not ask the database.

use super::{
    Counted, Error, Result, Service, Standing, Upstash,
    quota::{SLIDE, window_keys},
};
use crate::models::{Instant, SessionId};
use std::sync::{Arc, Mutex, PoisonError};

/// Marks of sessions that go on and of sessions that have ended. A mark that is missing says
/// nothing: then the database is asked, and what it said is noted with the next request that is
/// counted, which asks Redis anyhow.
#[derive(Debug, Clone)]
pub struct SessionMarks {
    upstash: Upstash,
    to_note: Arc<Mutex<Vec<(SessionId, Instant)>>>,
}

/// What Redis knows of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionMark {
    /// It goes on.
    Live,
    /// It has ended.
    Ended,
    /// Nothing: the database is to be asked.
    Unknown,
}

const CHECK: &str = "
for n = 4, #KEYS do redis.call('SET', KEYS[n], '1', 'EX', ARGV[3], 'NX') end
local mark = tonumber(redis.call('GET', KEYS[1]) or '-1')
if mark == 0 then return {0, 0, 0} end
local wait, left = slide(KEYS[2], KEYS[3], tonumber(ARGV[2]), tonumber(ARGV[1]))
return {wait, left, mark}
";

/// How long «goes on» is believed, in seconds.
const LIVE_SECONDS: &str = "300";
/// How long what the database said may wait to be noted, in seconds.
const NOTE_SECONDS: i64 = 60;
/// How many sessions may wait to be noted.
const MOST_TO_NOTE: usize = 32;
/// How long «has ended» is kept: longer than any access token is good.
const ENDED_SECONDS: &str = "1200";

impl SessionMarks {
    /// Marks in this Redis.
    pub fn new(upstash: Upstash) -> Self {
        Self { upstash, to_note: Arc::default() }
    }

    /// Counts a request of a session's account, named by `who`, and says whether the session goes
    /// on: one request for both. Those of an ended session are not counted.
    pub async fn count(
        &self,
        session: &SessionId,
        who: &str,
        limit: i64,
        now: Instant,
    ) -> Result<Counted<SessionMark>> {
        let [current, previous] = window_keys(who, now);
        let mut keys = vec![key(session), current, previous];
        keys.extend(self.take_to_note(now).iter().map(key));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let (at, most) = (now.millis().to_string(), limit.to_string());
        let arguments = [at.as_str(), &most, LIVE_SECONDS];
        let answer = self.upstash.eval(&format!("{SLIDE}{CHECK}"), &keys, &arguments).await?;
        let number = |n: usize| answer.get(n).and_then(serde_json::Value::as_i64);
        let (Some(wait), Some(left), Some(mark)) = (number(0), number(1), number(2)) else {
            return Err(Error::unavailable(Service::Upstash, "a script gave no numbers"));
        };
        let mark = match mark {
            1 => SessionMark::Live,
            0 => SessionMark::Ended,
            _ => SessionMark::Unknown,
        };
        let (standing, in_time) = Standing::of("requests", limit, (wait, left), now);
        Ok(Counted { standing, outcome: in_time.then_some(mark) })
    }

    /// Has it noted with the next count that a session goes on, unless it is noted to have ended
    /// meanwhile.
    pub fn goes_on(&self, session: &SessionId, now: Instant) {
        let mut waiting = self.to_note.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST_TO_NOTE {
            waiting.push((session.clone(), now));
        }
    }

    fn take_to_note(&self, now: Instant) -> Vec<SessionId> {
        let waiting =
            std::mem::take(&mut *self.to_note.lock().unwrap_or_else(PoisonError::into_inner));
        let fresh = waiting.into_iter().filter(|(_, said)| said.plus_seconds(NOTE_SECONDS) > now);
        fresh.map(|(session, _)| session).collect()
    }

    /// Notes that sessions have ended: their access tokens are refused from the next request on.
    pub async fn note_ended(&self, sessions: &[SessionId]) -> Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = sessions.iter().map(key).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let script =
            "for _, k in ipairs(KEYS) do redis.call('SET', k, '0', 'EX', ARGV[1]) end return 1";
        self.upstash.eval(script, &keys, &[ENDED_SECONDS]).await.map(|_| ())
    }
}

fn key(session: &SessionId) -> String {
    format!("session:{}", session.as_str())
}
