//! What every HTTP function has.

use super::Environment;
use crate::{
    auth::{AccessTokens, AuditChain, Links, MacKey, SealingKey},
    clock::Clock,
    entropy::Entropy,
    outbound::{
        AccountVault, AwsIdentity, DispatchSettings, Dispatcher, Keys, Mailer, Merchants, Razorpay,
        SessionMarks, Upstash,
    },
    store::{Database, Store},
};
use std::{ops::Deref, sync::Arc};

/// What every HTTP function has. It is shared: each route and each layer around it has one.
#[derive(Debug, Clone)]
pub struct Core(Arc<CoreParts>);

/// Time, chance, the store, and how callers are known.
#[derive(Debug)]
pub struct CoreParts {
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
    /// Redis itself: one client, and with it one connection, for everything that asks it.
    pub(super) upstash: Upstash,
    /// Requests a minute of one account.
    pub(super) requests_per_minute: i64,
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
        Self(Arc::new(CoreParts {
            clock: env.clock(),
            entropy: Entropy,
            store: Store::new(database),
            access: AccessTokens::new(secret.as_bytes(), previous.as_ref().map(String::as_bytes)),
            sessions: SessionMarks::new(upstash.clone()),
            upstash,
            requests_per_minute: env.number("REQUESTS_PER_MINUTE", 3000, 1..=1_000_000),
            seal: MacKey::derive(secret.as_bytes(), "cursors-and-keys"),
        }))
    }
}

impl Deref for Core {
    type Target = CoreParts;

    fn deref(&self) -> &CoreParts {
        &self.0
    }
}

fn configure_upstash(env: &mut Environment) -> Upstash {
    let url =
        env.url("UPSTASH_REDIS_REST_URL", &["https://", "http://127.0.0.1", "http://localhost"]);
    Upstash::new(url, env.required("UPSTASH_REDIS_REST_TOKEN"))
}

impl Links {
    /// Reads what links that work without a log-in are sealed with.
    pub fn configure(env: &mut Environment) -> Self {
        let secret = env.secret("JWT_SECRET");
        let previous = env.optional("JWT_PREVIOUS_SECRET");
        Self::new(secret.as_bytes(), previous.as_ref().map(String::as_bytes))
    }
}

impl AuditChain {
    /// Reads what the audit trail is sealed with.
    pub fn configure(env: &mut Environment) -> Self {
        let secret = env.secret("AUDIT_SECRET");
        let previous = env.optional("AUDIT_PREVIOUS_SECRET");
        Self::new(secret.as_bytes(), previous.as_ref().map(String::as_bytes))
    }
}

impl Dispatcher {
    /// Reads who invokes the function that `name` names. Lambda sets all the rest.
    pub fn configure(env: &mut Environment, name: &'static str) -> Self {
        Self::new(DispatchSettings {
            function: env.required(name),
            identity: AwsIdentity {
                region: env.required("AWS_REGION"),
                access_key_id: env.required("AWS_ACCESS_KEY_ID"),
                secret_access_key: env.required("AWS_SECRET_ACCESS_KEY"),
                session_token: env.optional("AWS_SESSION_TOKEN"),
            },
            endpoint: env.optional("AWS_ENDPOINT_URL_LAMBDA"),
        })
    }
}

impl Mailer {
    /// Reads the settings of mail.
    pub fn configure(env: &mut Environment) -> Self {
        let (from, app_url) =
            (env.required("MAIL_FROM"), env.url("APP_URL", &["https://", "http://"]));
        Self::new(from, app_url, env.optional("MAIL_EVENTS"))
    }
}

impl Merchants {
    /// Reads the settings of the platform's Razorpay account, and of hospitals' own.
    pub fn configure(env: &mut Environment) -> Self {
        Self::new(Razorpay::configure(env), AccountVault::configure(env))
    }
}

impl AccountVault {
    /// Reads what the keys of hospitals' own accounts are sealed with.
    pub fn configure(env: &mut Environment) -> Self {
        let secret = env.secret("KEYS_SECRET");
        let previous = env.optional("KEYS_PREVIOUS_SECRET");
        let previous = previous.as_ref().map(String::as_bytes);
        Self::new(SealingKey::new(secret.as_bytes(), previous))
    }
}

impl Razorpay {
    /// Reads the settings of the platform's Razorpay account.
    fn configure(env: &mut Environment) -> Self {
        let keys = Keys {
            id: env.required("RAZORPAY_KEY_ID"),
            secret: env.required("RAZORPAY_KEY_SECRET"),
            previous: env.optional("RAZORPAY_KEY_PREVIOUS_SECRET"),
        };
        let url = env.optional("RAZORPAY_API_URL");
        Self::new(url.as_deref().unwrap_or("https://api.razorpay.com"), keys)
    }
}
