//! What every HTTP function has.

use super::Environment;
use crate::{
    auth::{AccessTokens, MacKey, Otps, PasswordHasher, RefreshTokens},
    clock::Clock,
    entropy::Entropy,
    outbound::{Attempts, Limits, SessionMarks, Upstash},
    store::{Database, Store},
};

/// What every HTTP function has: time, chance, the store, and how callers are known.
#[derive(Debug, Clone)]
pub struct Core {
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// The database, before a hospital is known.
    pub store: Store,
    /// Access tokens.
    pub access: AccessTokens,
    /// What Redis remembers of sessions.
    pub sessions: SessionMarks,
    /// What cursors are sealed and idempotency keys are hashed with.
    pub(super) seal: MacKey,
}

impl Core {
    /// Reads the settings every HTTP function has.
    pub fn configure(env: &mut Environment) -> Self {
        let uri = env.url("MONGODB_URI", &["mongodb://", "mongodb+srv://"]);
        let database = Database::new(uri, env.required("MONGODB_DATABASE"));
        let secret = env.secret("JWT_SECRET");
        let previous = env.optional("JWT_PREVIOUS_SECRET");
        let upstash = configure_upstash(env);
        Self {
            clock: env.clock(),
            entropy: Entropy,
            store: Store::new(database),
            access: AccessTokens::new(secret.as_bytes(), previous.as_ref().map(String::as_bytes)),
            sessions: SessionMarks::new(upstash),
            seal: MacKey::derive(secret.as_bytes(), "cursors-and-keys"),
        }
    }
}

fn configure_upstash(env: &mut Environment) -> Upstash {
    let url =
        env.url("UPSTASH_REDIS_REST_URL", &["https://", "http://127.0.0.1", "http://localhost"]);
    Upstash::new(url, env.required("UPSTASH_REDIS_REST_TOKEN"))
}

/// What the functions have that let people log in or make accounts.
#[derive(Debug, Clone)]
pub struct LogIns {
    /// Limits and OTPs in Redis.
    pub attempts: Attempts,
    /// The names and hashes of OTPs.
    pub otps: Otps,
    /// Password hashes.
    pub passwords: PasswordHasher,
    /// Refresh tokens.
    pub refresh: RefreshTokens,
}

impl LogIns {
    /// Reads the settings of log-ins.
    pub fn configure(env: &mut Environment) -> Self {
        let (jwt, otp) = (env.secret("JWT_SECRET"), env.secret("OTP_SECRET"));
        let limits = Limits {
            requests_per_minute: env.number("AUTH_REQUESTS_PER_MINUTE", 30, 1..=1_000_000),
            otp_resend_seconds: env.number("OTP_RESEND_SECONDS", 60, 0..=3600),
            otp_per_hour: env.number("OTP_PER_HOUR", 5, 1..=1_000_000),
        };
        Self {
            attempts: Attempts::new(configure_upstash(env), otp.as_bytes(), limits),
            otps: Otps::new(otp.as_bytes()),
            passwords: PasswordHasher::new(),
            refresh: RefreshTokens::new(jwt.as_bytes()),
        }
    }
}
