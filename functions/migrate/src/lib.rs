//! Indexes and the first administrator. Run at deployment and by hand; a second run changes
//! nothing.

use serde_json::{Value, json};
use shared::{
    auth::PasswordHasher,
    clock::Clock,
    entropy::Entropy,
    models::{
        Account, AccountStatus, Email, Mobile, Name, NewPassword, Parse as _, PasswordGuard, Role,
    },
    store::{Database, Store},
    web::{Environment, Error},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Migrate {
    /// The time.
    pub clock: Clock,
    entropy: Entropy,
    store: Store,
    admin: Option<FirstAdmin>,
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
        Self { clock: env.clock(), entropy: Entropy, store: Store::new(database), admin }
    }

    /// Makes what is not there yet: how many indexes there are, and whether the administrator is
    /// new.
    pub async fn run(&self) -> Result<(usize, bool), Error> {
        let indexes = self.store.apply_indexes().await?;
        self.store.gate().ensure_nobodies().await?;
        let Some(first) = &self.admin else {
            return Ok((indexes, false));
        };
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
            last_log_in_at: None,
            created_at: now,
        };
        Ok((indexes, self.store.gate().ensure_admin(&admin).await?))
    }
}

/// Runs the migration. The event is CloudFormation's or empty; nothing in it matters.
pub async fn handle(
    migrate: Arc<Migrate>,
    _event: Value,
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    match migrate.run().await {
        Ok((indexes, admin_created)) => {
            tracing::info!(indexes, admin_created, "the database is ready");
            Ok(json!({ "indexes": indexes, "adminCreated": admin_created }))
        }
        Err(error) => {
            tracing::error!(?error, "the migration failed");
            Err("the migration failed; the log says why".into())
        }
    }
}
