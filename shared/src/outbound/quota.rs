//! Limits on requests: a sliding window in Redis, counted by the script that does the rest of the
//! request's business there, so that a limit costs no request of its own.

use crate::models::Instant;

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub policy: &'static str,
    /// How many requests a minute it allows.
    pub limit: i64,
    /// How many are left now.
    pub remaining: i64,
    /// Seconds after which there are more.
    pub reset: i64,
}

/// What a request that was counted came to: nothing, if it was one too many.
#[derive(Debug)]
pub struct Counted<T> {
    /// How much of the limit is used.
    pub standing: Standing,
    /// The rest of the script's business.
    pub outcome: Option<T>,
}

impl<T> Counted<T> {
    pub(super) fn map<U>(self, with: impl FnOnce(T) -> U) -> Counted<U> {
        Counted { standing: self.standing, outcome: self.outcome.map(with) }
    }
}

/// The window in milliseconds: a minute.
const WINDOW: i64 = 60_000;

/// Counts one more in a sliding window, which is this minute's and, for the part of it that still
/// counts, the minute's before (Upstash's `slidingWindow`). Gives the milliseconds to wait, 0 if it
/// was counted, and how many are left. What is refused is not counted.
pub(super) const SLIDE: &str = "
local function slide(current, previous, limit, now)
  local window = 60000
  local elapsed = now % window
  local before = tonumber(redis.call('GET', previous) or '0')
  local count = tonumber(redis.call('GET', current) or '0')
  local used = math.floor(before * (window - elapsed) / window) + count
  if used >= limit then
    if count < limit then
      return math.ceil(window * (1 - (limit - count) / before)) - elapsed + 1, 0
    end
    return window - elapsed + math.ceil(window * (1 - limit / count)) + 1, 0
  end
  redis.call('INCR', current)
  redis.call('PEXPIRE', current, 2 * window + 1000)
  return 0, limit - used - 1
end
";

/// The two keys of a window: this minute's and the one before.
pub(super) fn window_keys(who: &str, now: Instant) -> [String; 2] {
    let minute = now.millis().div_euclid(WINDOW);
    [format!("rate:{who}:{minute}"), format!("rate:{who}:{}", minute.saturating_sub(1))]
}

impl Standing {
    /// What [`SLIDE`] said; whether the request was counted.
    pub(super) fn of(
        policy: &'static str,
        limit: i64,
        (wait, remaining): (i64, i64),
        now: Instant,
    ) -> (Self, bool) {
        let left = if wait > 0 { wait } else { WINDOW - now.millis().rem_euclid(WINDOW) };
        // Whole seconds, rounded up: whoever waits as long as he is told is let in.
        let reset = left.saturating_add(999).div_euclid(1000);
        (Self { policy, limit, remaining, reset }, wait == 0)
    }
}
