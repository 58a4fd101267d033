//! Indexes, changes of what is there, the first administrator, and secrets sealed under the key of
//! today. Run at deployment and by hand; a second run changes nothing.

mod deployment;

use deployment::Deployment;
use serde_json::{Value, json};
use shared::{
    auth::PasswordHasher,
    clock::Clock,
    entropy::Entropy,
    models::{
        Account, AccountStatus, Email, Mobile, Name, NewPassword, Parse as _, PasswordGuard, Role,
    },
    outbound::{AccountVault, CloudFormation},
    store::{Database, Store},
    web::{Environment, Error},
};
use std::{sync::Arc, time::Duration};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Migrate {
    /// The time.
    pub clock: Clock,
    entropy: Entropy,
    store: Store,
    vault: AccountVault,
    deployments: CloudFormation,
    admin: Option<FirstAdmin>,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// How many indexes there are.
    pub indexes: usize,
    /// The versions of the changes that were made.
    pub migrations: Vec<i64>,
    /// Indexes that are none of ours, and stay: `collection.index`.
    pub unknown_indexes: Vec<String>,
    /// Whether the administrator is new.
    pub admin_created: bool,
    /// How many hospitals' own payment accounts had secrets sealed under the key before, and have
    /// none any more.
    pub accounts_resealed: usize,
}

/// The platform's first administrator.
#[derive(Debug, Clone)]
struct FirstAdmin {
    email: Email,
    password: NewPassword,
    mobile: Mobile,
}

impl Migrate {
    /// Reads its settings.
    pub fn configure(env: &mut Environment) -> Self {
        let uri = env.url("MONGODB_URI", &["mongodb://", "mongodb+srv://"]);
        let database = Database::new(uri, env.required("MONGODB_DATABASE"));
        let (email, password) = (env.required("ADMIN_EMAIL"), env.required("ADMIN_PASSWORD"));
        let email = Email::parse(&email)
            .map_err(|issue| env.fault(format!("ADMIN_EMAIL {}", issue.message)));
        let password = NewPassword::parse(&password);
        let password =
            password.map_err(|issue| env.fault(format!("ADMIN_PASSWORD {}", issue.message)));
        let mobile = env.optional("ADMIN_MOBILE").unwrap_or_else(|| "+919000000000".to_owned());
        let mobile = Mobile::parse(&mobile)
            .map_err(|issue| env.fault(format!("ADMIN_MOBILE {}", issue.message)));
        let admin = email.ok().zip(password.ok()).zip(mobile.ok());
        let admin = admin.map(|((email, password), mobile)| FirstAdmin { email, password, mobile });
        Self {
            clock: env.clock(),
            entropy: Entropy,
            store: Store::new(database),
            vault: AccountVault::configure(env),
            deployments: CloudFormation::default(),
            admin,
        }
    }

    /// Makes what is not there yet.
    pub async fn run(&self) -> Result<Migrated, Error> {
        let indexes = self.store.apply_indexes().await?;
        let migrations = self.store.migrate(self.clock.now()).await?;
        let unknown_indexes = self.store.unknown_indexes().await?;
        self.store.gate().ensure_nobodies().await?;
        let accounts_resealed = self.reseal().await?;
        let admin_created = match &self.admin {
            Some(first) => self.ensure(first).await?,
            None => false,
        };
        Ok(Migrated { indexes, migrations, unknown_indexes, admin_created, accounts_resealed })
    }

    /// Runs, and says in the log what it came to.
    async fn told(&self) -> Result<Value, &'static str> {
        match self.run().await {
            Ok(done) => {
                tracing::info!(?done, "the database is ready");
                if !done.unknown_indexes.is_empty() {
                    let unknown = &done.unknown_indexes;
                    tracing::warn!(?unknown, "indexes that are none of ours stay as they are");
                }
                Ok(json!({
                    "indexes": done.indexes,
                    "migrations": done.migrations.len(),
                    "unknownIndexes": done.unknown_indexes.len(),
                    "adminCreated": done.admin_created,
                    "accountsResealed": done.accounts_resealed,
                }))
            }
            Err(error) => {
                let (dependency, cause) = error.told();
                tracing::error!(dependency, cause, "the migration failed");
                Err(FAILED)
            }
        }
    }

    /// Seals under the current key what is sealed under the one before, which can be dropped then.
    async fn reseal(&self) -> Result<usize, Error> {
        let gate = self.store.gate();
        let mut resealed = 0;
        for account in gate.payment_accounts().await? {
            let nonces = [self.entropy.bytes()?, self.entropy.bytes()?, self.entropy.bytes()?];
            let Some(again) = self.vault.resealed(&account, nonces)? else {
                continue;
            };
            if !gate.reseal(&account, &again).await? {
                let id = &account.id;
                return Err(Error::internal(format!("{id} changed meanwhile: run this again")));
            }
            resealed += 1;
        }
        Ok(resealed)
    }

    async fn ensure(&self, first: &FirstAdmin) -> Result<bool, Error> {
        let now = self.clock.now();
        let hash = PasswordHasher::new().hash(first.password.clone(), self.entropy).await?;
        let text = |issue: shared::models::Issue| Error::internal(issue.message);
        let admin = Account {
            id: self.entropy.id(now)?,
            role: Role::Admin,
            // Whoever deploys vouches for this address.
            status: AccountStatus::Active,
            email: first.email.clone(),
            name: Name::parse("Platform administrator").map_err(text)?,
            mobile: first.mobile.clone(),
            hospital_code: None,
            password_hash: Some(hash),
            doctor: None,
            guard: PasswordGuard::default(),
            sessions: Vec::new(),
            calendar: None,
            last_log_in_at: None,
            mail_problem: None,
            created_at: now,
        };
        Ok(self.store.gate().ensure_admin(&admin).await?)
    }
}

/// Why a migration failed, for everybody to see.
const FAILED: &str = "the migration failed; the log says why";

/// Why a migration had no time to end.
const TOO_LONG: &str =
    "the migration takes longer than a function may; invoke it until it ends, and deploy again";

/// How long a migration may take, for its end to be told before the function's own time is over.
const LONGEST: Duration = Duration::from_secs(270);

/// Runs the migration, for a deployment that waits for the answer or for somebody who invokes it by
/// hand. A stack that goes leaves its database as it is.
pub async fn handle(migrate: Arc<Migrate>, event: Value) -> Handled {
    let Some(deployment) = Deployment::of(&event) else {
        return Ok(migrate.told().await?);
    };
    let outcome = if deployment.is_the_end() {
        Ok(json!({}))
    } else {
        tokio::time::timeout(LONGEST, migrate.told()).await.unwrap_or(Err(TOO_LONG))
    };
    answered(&migrate.deployments, &deployment, outcome).await
}

/// Answers a deployment that has given wrong settings: it would wait for as long as it may, and for
/// as long again when all is taken back. The settings are named, their values are not.
pub async fn unconfigured(event: Value, wrong: String) -> Handled {
    let Some(deployment) = Deployment::of(&event) else {
        return Err(wrong.into());
    };
    let outcome = if deployment.is_the_end() { Ok(json!({})) } else { Err(wrong.as_str()) };
    answered(&CloudFormation::default(), &deployment, outcome).await
}

/// What an event came to.
type Handled = Result<Value, Box<dyn std::error::Error + Send + Sync>>;

async fn answered(
    deployments: &CloudFormation,
    deployment: &Deployment<'_>,
    outcome: Result<Value, &str>,
) -> Handled {
    let answer = deployment.answer(outcome.as_ref().map_err(|failed| *failed));
    deployments.answer(deployment.answer_to(), &answer).await?;
    // A failure was answered; an error here would have Lambda do it again while all is taken back.
    Ok(outcome.unwrap_or_else(|failed| json!({ "error": failed })))
}
