//! Limits on the public log-in routes, and the keeping of OTPs: each request is one script.

use super::{
    Counted, Error, Result, Service, Standing, Upstash,
    quota::{SLIDE, window_keys},
};
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
    /// OTPs an hour for all of a hospital's people.
    pub otp_per_hospital: i64,
}

/// What a request for OTPs came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpRequested {
    /// They are kept, and are to be mailed.
    Mail,
    /// One is out, or was sent too often: it stays good.
    StaysGood,
    /// The hospital's people were sent as many as it may have in an hour.
    HospitalFull,
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
    /// Under what the hospital's are.
    pub hospital: &'a str,
    /// Where each account's OTP goes, and its keyed hash.
    pub places: &'a [(String, String)],
}

const KEEP: &str = "
local function keep(key, hash, now, lifetime)
  redis.call('HSET', key, 'h', hash, 'a', 0, 'e', now + lifetime)
  redis.call('PEXPIRE', key, lifetime)
end
";

const COUNT: &str = "
local wait, left = slide(KEYS[1], KEYS[2], tonumber(ARGV[2]), tonumber(ARGV[1]))
return {wait, left, 1}
";

/// 1: to be mailed; 0: the one that is out stays good; -1: the hospital has had enough for an hour.
const REQUEST: &str = "
local now = tonumber(ARGV[1])
local wait, left = slide(KEYS[1], KEYS[2], tonumber(ARGV[2]), now)
if wait > 0 then return {wait, left, 0} end
local last = tonumber(redis.call('HGET', KEYS[3], 'l') or '-1')
if last >= 0 and now - last < tonumber(ARGV[3]) then return {0, left, 0} end
local start = tonumber(redis.call('HGET', KEYS[3], 's') or '0')
local count = tonumber(redis.call('HGET', KEYS[3], 'c') or '0')
if now - start >= 3600000 then start = now; count = 0 end
if count >= tonumber(ARGV[4]) then return {0, left, 0} end
local mails = redis.call('INCR', KEYS[4])
if mails == 1 then redis.call('PEXPIRE', KEYS[4], 3600000) end
if mails > tonumber(ARGV[6]) then return {0, left, -1} end
redis.call('HSET', KEYS[3], 'l', now, 's', start, 'c', count + 1)
redis.call('PEXPIRE', KEYS[3], 3600000)
for i = 5, #KEYS do keep(KEYS[i], ARGV[i + 2], now, tonumber(ARGV[5])) end
return {0, left, 1}
";

/// The number of the place whose OTP it was, from 1; 0 for none.
const VERIFY: &str = "
local now = tonumber(ARGV[1])
local wait, left = slide(KEYS[1], KEYS[2], tonumber(ARGV[2]), now)
if wait > 0 then return {wait, left, 0} end
for i = 3, #KEYS do
  local ends = tonumber(redis.call('HGET', KEYS[i], 'e') or '0')
  if ends > now and redis.call('HINCRBY', KEYS[i], 'a', 1) <= tonumber(ARGV[3])
     and redis.call('HGET', KEYS[i], 'h') == ARGV[i + 1] then
    redis.call('DEL', KEYS[i])
    return {0, left, i - 2}
  end
end
return {0, left, 0}
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

    fn client(&self, address: &str, now: Instant) -> [String; 2] {
        window_keys(&self.clients.hex(&[address]), now)
    }

    /// Counts a request of a client on a public log-in route.
    pub async fn count(&self, address: &str, now: Instant) -> Result<Counted<()>> {
        let keys = self.client(address, now);
        let args = [now.millis().to_string(), self.limits.requests_per_minute.to_string()];
        let counted = self.counted(COUNT, &keys.each_ref().map(String::as_str), &args, now).await?;
        Ok(counted.map(|_| ()))
    }

    /// Counts a request for OTPs and keeps them; whether they are to be mailed. Within the resend
    /// time and past the hour's number nothing changes, and the OTP that is out stays good.
    pub async fn request_otp(
        &self,
        address: &str,
        request: &OtpRequest<'_>,
        now: Instant,
    ) -> Result<Counted<OtpRequested>> {
        let client = self.client(address, now);
        let mut keys: Vec<&str> = client.iter().map(String::as_str).collect();
        keys.extend([request.counter, request.hospital]);
        let mut args = vec![
            now.millis().to_string(),
            self.limits.requests_per_minute.to_string(),
            (self.limits.otp_resend_seconds * 1000).to_string(),
            self.limits.otp_per_hour.to_string(),
            (Otps::LIFETIME_SECONDS * 1000).to_string(),
            self.limits.otp_per_hospital.to_string(),
        ];
        for (place, hash) in request.places {
            keys.push(place);
            args.push(hash.clone());
        }
        let counted = self.counted(&format!("{KEEP}{REQUEST}"), &keys, &args, now).await?;
        Ok(counted.map(|said| match said {
            1 => OtpRequested::Mail,
            0 => OtpRequested::StaysGood,
            _ => OtpRequested::HospitalFull,
        }))
    }

    /// Keeps an OTP that nobody asked for by himself, in the place of any before it.
    pub async fn keep_otp(
        &self,
        place: &str,
        hash: &str,
        seconds: i64,
        now: Instant,
    ) -> Result<()> {
        let script =
            format!("{KEEP} keep(KEYS[1], ARGV[2], tonumber(ARGV[1]), tonumber(ARGV[3])) return 0");
        let lifetime = (seconds * 1000).to_string();
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
    ) -> Result<Counted<Option<usize>>> {
        let client = self.client(address, now);
        let mut keys: Vec<&str> = client.iter().map(String::as_str).collect();
        let mut args = vec![
            now.millis().to_string(),
            self.limits.requests_per_minute.to_string(),
            Otps::GUESSES.to_string(),
        ];
        for (place, hash) in places {
            keys.push(place);
            args.push(hash.clone());
        }
        let counted = self.counted(VERIFY, &keys, &args, now).await?;
        Ok(counted.map(|place| usize::try_from(place).ok().and_then(|place| place.checked_sub(1))))
    }

    async fn counted(
        &self,
        script: &str,
        keys: &[&str],
        args: &[String],
        now: Instant,
    ) -> Result<Counted<i64>> {
        let answer = self.run(&format!("{SLIDE}{script}"), keys, args).await?;
        let number = |n: usize| answer.get(n).and_then(serde_json::Value::as_i64);
        let (Some(wait), Some(left), Some(said)) = (number(0), number(1), number(2)) else {
            return Err(Error::unavailable(Service::Upstash, "a script gave no numbers"));
        };
        let limit = self.limits.requests_per_minute;
        let (standing, in_time) = Standing::of("log-in", limit, (wait, left), now);
        Ok(Counted { standing, outcome: in_time.then_some(said) })
    }

    async fn run(&self, script: &str, keys: &[&str], args: &[String]) -> Result<serde_json::Value> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.upstash.eval(script, keys, &args).await
    }
}
