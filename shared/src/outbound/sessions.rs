//! What Redis remembers of sessions, so that a request need not ask the database.

use super::{Result, Upstash};
use crate::models::SessionId;

/// Marks of sessions that go on and of sessions that have ended. A mark that is missing says
/// nothing: then the database is asked.
#[derive(Debug, Clone)]
pub struct SessionMarks(Upstash);

/// How long «goes on» is believed, in seconds.
const LIVE_SECONDS: &str = "300";
/// How long «has ended» is kept: longer than any access token is good.
const ENDED_SECONDS: &str = "1200";

impl SessionMarks {
    /// Marks in this Redis.
    pub const fn new(upstash: Upstash) -> Self {
        Self(upstash)
    }

    /// Whether a session goes on, if Redis knows.
    pub async fn is_live(&self, session: &SessionId) -> Result<Option<bool>> {
        let value = self.0.command(&["GET", &key(session)]).await?;
        Ok(value.as_str().map(|mark| mark == "1"))
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
