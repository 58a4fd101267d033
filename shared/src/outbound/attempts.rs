//! Limits on the public log-in routes, and the keeping of OTPs: each request is one script.

use super::{Error, Result, Service, Upstash};
use crate::{
    auth::{MacKey, Otps},
    models::Instant,
};

/// How much is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests a minute from one client address on the public log-in routes.
    pub requests_per_minute: i64,
    /// Seconds before an address is sent another OTP.
    pub otp_resend_seconds: i64,
    /// OTPs an hour for one address.
    pub otp_per_hour: i64,
}

/// Too many requests from one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    /// Come back after this many seconds.
    pub retry_after: i64,
}

/// Counts attempts and keeps OTPs. Without Redis nobody logs in: the errors are passed on
/// (ASVS 16.5.3: never fail open).
#[derive(Debug, Clone)]
pub struct Attempts {
    upstash: Upstash,
    clients: MacKey,
    limits: Limits,
}

/// An OTP to be kept, or the pretence of one for an unknown address.
#[derive(Debug)]
pub struct OtpRequest<'a> {
    /// Under what the address's requests are counted.
    pub counter: &'a str,
    /// Where each account's OTP goes, and its keyed hash.
    pub places: &'a [(String, String)],
}

/// Counts a client's request in the minute's window; the answer is 0 or the seconds to wait.
const COUNT: &str = "
local function throttled(key, limit, now)
  local n = redis.call('INCR', key)
  if n == 1 then redis.call('PEXPIRE', key, 61000) end
  if n > limit then return 60 - math.floor(now / 1000) % 60 end
  return 0
end
";

const KEEP: &str = "
local function keep(key, hash, now, lifetime)
  redis.call('HSET', key, 'h', hash, 'a', 0, 'e', now + lifetime)
  redis.call('PEXPIRE', key, lifetime)
end
";

const REQUEST: &str = "
local now = tonumber(ARGV[1])
local wait = throttled(KEYS[1], tonumber(ARGV[2]), now)
if wait > 0 then return wait end
local last = tonumber(redis.call('HGET', KEYS[2], 'l') or '-1')
if last >= 0 and now - last < tonumber(ARGV[3]) then return -1 end
local start = tonumber(redis.call('HGET', KEYS[2], 's') or '0')
local count = tonumber(redis.call('HGET', KEYS[2], 'c') or '0')
if now - start >= 3600000 then start = now; count = 0 end
if count >= tonumber(ARGV[4]) then return -1 end
redis.call('HSET', KEYS[2], 'l', now, 's', start, 'c', count + 1)
redis.call('PEXPIRE', KEYS[2], 3600000)
for i = 3, #KEYS do keep(KEYS[i], ARGV[i + 3], now, tonumber(ARGV[5])) end
return 0
";

const VERIFY: &str = "
local now = tonumber(ARGV[1])
local wait = throttled(KEYS[1], tonumber(ARGV[2]), now)
if wait > 0 then return -wait end
for i = 2, #KEYS do
  local ends = tonumber(redis.call('HGET', KEYS[i], 'e') or '0')
  if ends > now and redis.call('HINCRBY', KEYS[i], 'a', 1) <= tonumber(ARGV[3])
     and redis.call('HGET', KEYS[i], 'h') == ARGV[i + 2] then
    redis.call('DEL', KEYS[i])
    return i - 1
  end
end
return 0
";

impl Attempts {
    /// Attempts under these limits; client addresses are hashed under a key of their own.
    pub fn new(upstash: Upstash, secret: &[u8], limits: Limits) -> Self {
        Self { upstash, clients: MacKey::derive(secret, "client-address"), limits }
    }

    /// Seconds before an address is sent another OTP.
    pub const fn resend_seconds(&self) -> i64 {
        self.limits.otp_resend_seconds
    }

    fn client(&self, address: &str, now: Instant) -> String {
        let minute = now.seconds().div_euclid(60);
        format!("rate:{}:{minute}", self.clients.hex(&[address]))
    }

    /// Counts a request of a client on a public log-in route.
    pub async fn count(
        &self,
        address: &str,
        now: Instant,
    ) -> Result<std::result::Result<(), Throttled>> {
        let script =
            format!("{COUNT} return throttled(KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[1]))");
        let args = [now.millis().to_string(), self.limits.requests_per_minute.to_string()];
        let wait = self.run(&script, &[&self.client(address, now)], &args).await?;
        Ok(allowed(wait))
    }

    /// Counts a request for OTPs and keeps them; whether they are to be mailed. Within the resend
    /// time and past the hour's number nothing changes, and the OTP that is out stays good.
    pub async fn request_otp(
        &self,
        address: &str,
        request: &OtpRequest<'_>,
        now: Instant,
    ) -> Result<std::result::Result<bool, Throttled>> {
        let client = self.client(address, now);
        let mut keys = vec![client.as_str(), request.counter];
        let mut args = vec![
            now.millis().to_string(),
            self.limits.requests_per_minute.to_string(),
            (self.limits.otp_resend_seconds * 1000).to_string(),
            self.limits.otp_per_hour.to_string(),
            (Otps::LIFETIME_SECONDS * 1000).to_string(),
        ];
        for (place, hash) in request.places {
            keys.push(place);
            args.push(hash.clone());
        }
        let wait = self.run(&format!("{COUNT}{KEEP}{REQUEST}"), &keys, &args).await?;
        Ok(match wait {
            ..0 => Ok(false),
            wait => allowed(wait).map(|()| true),
        })
    }

    /// Keeps an OTP that the hospital asked for, in the place of any before it.
    pub async fn keep_otp(&self, place: &str, hash: &str, now: Instant) -> Result<()> {
        let script =
            format!("{KEEP} keep(KEYS[1], ARGV[2], tonumber(ARGV[1]), tonumber(ARGV[3])) return 0");
        let lifetime = (Otps::LIFETIME_SECONDS * 1000).to_string();
        let args = [now.millis().to_string(), hash.to_owned(), lifetime];
        self.run(&script, &[place], &args).await.map(|_| ())
    }

    /// Looks for an OTP in these places, each with the hash it would have there. The guess is
    /// counted before it is compared, and the right one is used up in the same step: of any
    /// number at the same instant one succeeds. The index of the place where it was.
    pub async fn verify_otp(
        &self,
        address: &str,
        places: &[(String, String)],
        now: Instant,
    ) -> Result<std::result::Result<Option<usize>, Throttled>> {
        let client = self.client(address, now);
        let mut keys = vec![client.as_str()];
        let mut args = vec![
            now.millis().to_string(),
            self.limits.requests_per_minute.to_string(),
            Otps::GUESSES.to_string(),
        ];
        for (place, hash) in places {
            keys.push(place);
            args.push(hash.clone());
        }
        let found = self.run(&format!("{COUNT}{VERIFY}"), &keys, &args).await?;
        Ok(match found {
            0 => Ok(None),
            ..0 => Err(Throttled { retry_after: found.saturating_neg() }),
            place => Ok(usize::try_from(place - 1).ok()),
        })
    }

    async fn run(&self, script: &str, keys: &[&str], args: &[String]) -> Result<i64> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let answer = self.upstash.eval(script, keys, &args).await?;
        answer
            .as_i64()
            .ok_or_else(|| Error::unavailable(Service::Upstash, "a script gave no number"))
    }
}

const fn allowed(wait: i64) -> std::result::Result<(), Throttled> {
    if wait > 0 { Err(Throttled { retry_after: wait }) } else { Ok(()) }
}
