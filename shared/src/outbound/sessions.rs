//! What Redis remembers of sessions, so that a request need not ask the database.

use super::{
    Counted, Error, Result, Service, Standing, Upstash,
    quota::{SLIDE, window_keys},
};
use crate::models::{Instant, SessionId};

/// Marks of sessions that go on and of sessions that have ended. A mark that is missing says
/// nothing: then the database is asked.
#[derive(Debug, Clone)]
pub struct SessionMarks(Upstash);

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
local mark = tonumber(redis.call('GET', KEYS[1]) or '-1')
if mark == 0 then return {0, 0, 0} end
local wait, left = slide(KEYS[2], KEYS[3], tonumber(ARGV[2]), tonumber(ARGV[1]))
return {wait, left, mark}
";

/// How long «goes on» is believed, in seconds.
const LIVE_SECONDS: &str = "300";
/// How long «has ended» is kept: longer than any access token is good.
const ENDED_SECONDS: &str = "1200";

impl SessionMarks {
    /// Marks in this Redis.
    pub const fn new(upstash: Upstash) -> Self {
        Self(upstash)
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
        let keys = [key(session), current, previous];
        let keys = keys.each_ref().map(String::as_str);
        let (at, most) = (now.millis().to_string(), limit.to_string());
        let answer = self.0.eval(&format!("{SLIDE}{CHECK}"), &keys, &[&at, &most]).await?;
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

    /// Notes that a session goes on, unless it is noted to have ended meanwhile.
    pub async fn note_live(&self, session: &SessionId) -> Result<()> {
        self.0.command(&["SET", &key(session), "1", "EX", LIVE_SECONDS, "NX"]).await.map(|_| ())
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
        self.0.eval(script, &keys, &[ENDED_SECONDS]).await.map(|_| ())
    }
}

fn key(session: &SessionId) -> String {
    format!("session:{}", session.as_str())
}
