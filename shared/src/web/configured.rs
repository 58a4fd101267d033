//! What a function is made of, and how it follows its secrets.
//!
//! A value of the environment may name a member of a secret instead of holding it:
//! `secret:mediconnect:JWT_SECRET`. Such secrets are read when the function starts and looked at
//! again every five minutes, so that a new one needs no deployment.

use super::{Environment, Missing};
use crate::{
    clock::Clock,
    models::Instant,
    outbound::{self, AwsIdentity, Secret, SecretStore},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What a value that names a secret begins with; its name and the member's follow.
const REFERENCE: &str = "secret:";
/// How long secrets are taken for what they were, in seconds.
const FRESH_SECONDS: i64 = 300;
/// How long until they are looked at again when that failed, in seconds.
const AGAIN_SECONDS: i64 = 60;

type Values = BTreeMap<String, String>;
type Secrets = BTreeMap<String, Secret>;
type Configure<T> = Box<dyn Fn(Environment) -> Result<T, Missing> + Send + Sync>;

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum NotConfigured {
    /// Its settings are wrong.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// Its secrets cannot be read.
    #[error(transparent)]
    Secrets(#[from] outbound::Error),
}

/// A function as its settings make it; made anew when a secret changes.
pub struct Configured<T> {
    clock: Clock,
    values: Values,
    store: SecretStore,
    configure: Configure<T>,
    current: Mutex<Current<T>>,
}

struct Current<T> {
    made: T,
    of: Secrets,
    look_at: Instant,
}

impl<T: Clone> Configured<T> {
    /// Reads the secrets that the values name, and makes the function of them.
    pub async fn start(
        values: impl IntoIterator<Item = (String, String)>,
        clock: Clock,
        configure: impl Fn(Environment) -> Result<T, Missing> + Send + Sync + 'static,
    ) -> Result<Self, NotConfigured> {
        let values: Values = values.into_iter().collect();
        let store = store(&values);
        let now = clock.now();
        // At a start nothing else can be done without them; so it is tried twice.
        let secrets = match read(&store, &values, now).await {
            Err(_) => read(&store, &values, now).await?,
            Ok(secrets) => secrets,
        };
        let made = configure(filled(&values, &secrets, &clock))?;
        let current =
            Mutex::new(Current { made, of: secrets, look_at: now.plus_seconds(FRESH_SECONDS) });
        Ok(Self { clock, values, store, configure: Box::new(configure), current })
    }

    /// The function as it is now. That its secrets cannot be looked at again, or are wrong, leaves
    /// it as it was.
    pub async fn current(&self) -> T {
        let now = self.clock.now();
        let due = {
            let current = self.lock();
            let due = !current.of.is_empty() && current.look_at <= now;
            due.then(|| current.of.clone())
        };
        if let Some(known) = due {
            let (next, seconds) = self.look_again(&known, now).await;
            let mut current = self.lock();
            current.look_at = now.plus_seconds(seconds);
            if let Some((made, of)) = next {
                (current.made, current.of) = (made, of);
            }
        }
        self.lock().made.clone()
    }

    /// The function made anew, if a secret has changed; and when to look again.
    async fn look_again(&self, known: &Secrets, now: Instant) -> (Option<(T, Secrets)>, i64) {
        let secrets = match read(&self.store, &self.values, now).await {
            Ok(secrets) => secrets,
            Err(error) => {
                tracing::warn!(%error, "the secrets could not be looked at again");
                return (None, AGAIN_SECONDS);
            }
        };
        if secrets == *known {
            return (None, FRESH_SECONDS);
        }
        match (self.configure)(filled(&self.values, &secrets, &self.clock)) {
            Ok(made) => {
                tracing::info!("the secrets have changed");
                (Some((made, secrets)), FRESH_SECONDS)
            }
            Err(error) => {
                tracing::error!(%error, alarm = "secrets-wrong", "the new secrets are wrong");
                (None, FRESH_SECONDS)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current<T>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> std::fmt::Debug for Configured<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Configured(…)")
    }
}

fn store(values: &Values) -> SecretStore {
    let of = |name: &str| values.get(name).filter(|value| !value.is_empty()).cloned();
    let needed = |name| of(name).unwrap_or_default();
    let identity = AwsIdentity {
        region: needed("AWS_REGION"),
        access_key_id: needed("AWS_ACCESS_KEY_ID"),
        secret_access_key: needed("AWS_SECRET_ACCESS_KEY"),
        session_token: of("AWS_SESSION_TOKEN"),
    };
    SecretStore::new(identity, of("AWS_ENDPOINT_URL_SECRETS_MANAGER"))
}

/// The secret and its member that a value names. The secret's name may be an ARN, with colons.
fn reference(value: &str) -> Option<(&str, &str)> {
    value.strip_prefix(REFERENCE)?.rsplit_once(':')
}

/// Every secret that is named, read once.
async fn read(store: &SecretStore, values: &Values, now: Instant) -> outbound::Result<Secrets> {
    let named: BTreeSet<&str> =
        values.values().filter_map(|value| reference(value)).map(|(id, _)| id).collect();
    let reading = named.into_iter().map(async |id| Ok((id.to_owned(), store.read(id, now).await?)));
    futures_util::future::try_join_all(reading).await.map(|read| read.into_iter().collect())
}

/// The values with the secrets in their places; what a secret does not have is not set.
fn filled(values: &Values, secrets: &Secrets, clock: &Clock) -> Environment {
    let value = |value: &String| match reference(value) {
        None => Some(value.clone()),
        Some((id, member)) => secrets.get(id)?.members.get(member).cloned(),
    };
    let all = values.iter().filter_map(|(name, set)| Some((name.clone(), value(set)?)));
    Environment::of(all).with_clock(clock.clone())
}
