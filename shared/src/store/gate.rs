//! The look-ups that come before a hospital is known: a log-in, a refresh, an order in a webhook,
//! an object in the bucket, the sweeps of `scheduled`. Each finds a hospital and vouches for it;
//! nothing else reads across hospitals.

use super::{
    Error, HospitalStore, Result, Store, WebhookEvent,
    accounts::{LogInKey, not_locked},
    connection::{Database, bounded},
    platform::{find_hospital, hospital_by_id, platform_scope, tenant_of},
    scoped::{PLATFORM, Stored, read},
    transaction::{Ended, Tx, transact},
};
use crate::{
    auth::Membership,
    models::{
        Account, AccountId, AccountStatus, Appointment, Hospital, HospitalCode, HospitalId,
        Instant, OrderId, Parse as _, PasswordGuard, Role, SESSIONS_PER_ACCOUNT, Session,
        SessionId,
    },
    tenancy::{CreatePeople, Grant, Tenant},
};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Document, RawDocumentBuf, doc, serialize_to_bson},
    options::ReturnDocument,
};

/// Look-ups across hospitals.
#[derive(Debug, Clone)]
pub struct Gate(Database);

/// An account that was found before its hospital was known.
#[derive(Debug, Clone)]
pub struct Found {
    /// The account.
    pub account: Account,
    owner: String,
}

impl Found {
    /// Its hospital; the platform's accounts have none.
    pub fn hospital(&self) -> Option<HospitalId> {
        HospitalId::parse(&self.owner).ok()
    }
}

/// What a sweep found due, with its hospital.
#[derive(Debug, Clone)]
pub struct Due {
    /// The hospital.
    pub tenant: Tenant,
    /// What is due.
    pub appointment: Appointment,
}

/// Which sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Effects that are due.
    Effects,
    /// Holds that ran out.
    Holds,
    /// Orders to ask Razorpay about.
    Reconcile,
}

impl Sweep {
    const fn field(self) -> &'static str {
        match self {
            Self::Effects => "nextEffectAt",
            Self::Holds => "holdExpiresAt",
            Self::Reconcile => "reconcileAt",
        }
    }
}

impl Gate {
    pub(super) const fn new(database: Database) -> Self {
        Self(database)
    }

    pub(super) const fn database(&self) -> &Database {
        &self.0
    }

    async fn accounts(&self) -> Result<Collection<RawDocumentBuf>> {
        Ok(self.0.handle().await?.collection(Account::COLLECTION))
    }

    /// The hospital with this id, for a token or a file that names it.
    pub async fn hospital(&self, id: &HospitalId) -> Result<Option<(Tenant, Hospital)>> {
        let found = hospital_by_id(&self.0, id).await?;
        Ok(found.map(|hospital| (tenant_of(&hospital), hospital)))
    }

    /// The hospital with this code, for a file dropped under it.
    pub async fn hospital_by_code(
        &self,
        code: &HospitalCode,
    ) -> Result<Option<(Tenant, Hospital)>> {
        let found = find_hospital(&self.0, doc! { "code": code.as_str() }).await?;
        Ok(found.map(|hospital| (tenant_of(&hospital), hospital)))
    }

    /// The hospital the platform's administrator names in a body.
    pub async fn named_by_admin(
        &self,
        grant: &Grant<CreatePeople>,
        id: &HospitalId,
    ) -> Result<Option<Tenant>> {
        if grant.role() != Role::Admin {
            return Ok(None);
        }
        Ok(hospital_by_id(&self.0, id).await?.map(|hospital| tenant_of(&hospital)))
    }

    /// The accounts an address may mean, the one used last first. Without a hospital named there
    /// may be several.
    pub async fn accounts_of(&self, key: &LogInKey) -> Result<Vec<Found>> {
        let accounts = self.accounts().await?;
        let cursor = accounts.find(by_key(key)).sort(doc! { "lastLogInAt": -1, "_id": 1 }).limit(5);
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        raws.iter().map(found).collect()
    }

    /// Counts an attempt to log in with a password, before it is compared, and gives the account
    /// to compare with: the active one, of several the one used last. `None` for an unknown, a
    /// pending, a blocked and a locked one alike. It is [`PasswordGuard::count`] as one write.
    pub async fn count_attempt(&self, key: &LogInKey, now: Instant) -> Result<Option<Found>> {
        let mut filter = by_key(key);
        filter.insert("status", AccountStatus::Active.as_str());
        filter.insert("$or", not_locked(now));
        let attempts = doc! { "$add": [{ "$ifNull": ["$guard.attempts", 0_i64] }, 1_i64] };
        let locks = doc! { "$ifNull": ["$guard.locks", 0_i64] };
        let last = doc! { "$gte": [&attempts, PasswordGuard::ATTEMPTS] };
        let durations: Vec<i64> = (0..=6).map(|n| PasswordGuard::lock_seconds(n) * 1000).collect();
        let duration = doc! { "$arrayElemAt": [durations, { "$min": [&locks, 6_i64] }] };
        let count = vec![doc! { "$set": { "guard": {
            "attempts": { "$cond": [&last, 0_i64, &attempts] },
            "locks": { "$cond": [&last, { "$add": [&locks, 1_i64] }, &locks] },
            "lockedUntil": { "$cond": [&last, { "$add": [now.millis(), duration] }, null_value()] },
        } } }];
        let accounts = self.accounts().await?;
        let change = accounts
            .find_one_and_update(filter, count)
            .sort(doc! { "lastLogInAt": -1, "_id": 1 })
            .return_document(ReturnDocument::After);
        bounded(change).await?.as_ref().map(found).transpose()
    }

    /// Begins a session for an account whose owner has proved himself, and forgets its wrong
    /// passwords. With `proved_address` a pending account becomes active, and its patients with
    /// it. With `password_hash` that is its password from now on and every other session ends.
    /// `None` if the account may not log in.
    pub async fn begin_session(
        &self,
        who: &Found,
        session: &Session,
        with: SessionStart,
    ) -> Result<Option<Account>> {
        let mut statuses = vec![AccountStatus::Active.as_str()];
        let mut set = doc! {
            "guard": serialize_to_bson(&PasswordGuard::default())?,
            "lastLogInAt": session.started_at.millis(),
        };
        if with.proved_address {
            statuses.push(AccountStatus::Pending.as_str());
            set.insert("status", AccountStatus::Active.as_str());
        }
        let session = serialize_to_bson(session)?;
        let mut update = Document::new();
        if let Some(hash) = with.password_hash {
            set.insert("passwordHash", hash);
            set.insert("sessions", vec![session]);
        } else {
            let push = doc! { "$each": [session], "$slice": -SESSIONS_PER_ACCOUNT };
            update.insert("$push", doc! { "sessions": push });
        }
        update.insert("$set", set);
        let filter = doc! {
            "_id": who.account.id.as_str(),
            "hospitalId": &who.owner,
            "status": { "$in": statuses },
        };
        let accounts = self.accounts().await?;
        let activates = with.proved_address && who.account.status == AccountStatus::Pending;
        if !activates {
            let change =
                accounts.find_one_and_update(filter, update).return_document(ReturnDocument::After);
            return bounded(change).await?.as_ref().map(read).transpose();
        }
        let patients = self.store_of(who);
        let begin = async |tx: &mut Tx| {
            let change = accounts
                .find_one_and_update(filter.clone(), update.clone())
                .return_document(ReturnDocument::After)
                .session(tx.session());
            let Some(raw) = bounded(change).await? else {
                return Ok(Ended::Abort(None));
            };
            let account: Account = read(&raw)?;
            patients.activate_patients(&account.id, tx).await?;
            Ok(Ended::Commit(Some(account)))
        };
        transact!(&self.0, |tx| begin(&mut tx))
    }

    /// Replaces a session's refresh token: takes this generation to the next, once.
    pub async fn refresh(
        &self,
        account: &AccountId,
        session: (&SessionId, i64),
        now: Instant,
        expires_at: Instant,
    ) -> Result<Option<Found>> {
        let current = doc! {
            "id": session.0.as_str(),
            "generation": session.1,
            "expiresAt": { "$gt": now.millis() },
        };
        let filter = doc! {
            "_id": account.as_str(),
            "status": AccountStatus::Active.as_str(),
            "sessions": { "$elemMatch": current },
        };
        let update = doc! {
            "$inc": { "sessions.$[current].generation": 1_i64 },
            "$set": {
                "sessions.$[current].refreshedAt": now.millis(),
                "sessions.$[current].expiresAt": expires_at.millis(),
            },
        };
        let accounts = self.accounts().await?;
        let change = accounts
            .find_one_and_update(filter, update)
            .array_filters(vec![doc! { "current.id": session.0.as_str() }])
            .return_document(ReturnDocument::After);
        bounded(change).await?.as_ref().map(found).transpose()
    }

    /// The account a token speaks of.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Found>> {
        let accounts = self.accounts().await?;
        bounded(accounts.find_one(doc! { "_id": id.as_str() }))
            .await?
            .as_ref()
            .map(found)
            .transpose()
    }

    /// Ends a session of an account.
    pub async fn end_session(&self, account: &AccountId, session: &SessionId) -> Result<()> {
        let accounts = self.accounts().await?;
        let pull = doc! { "$pull": { "sessions": { "id": session.as_str() } } };
        bounded(accounts.update_one(doc! { "_id": account.as_str() }, pull)).await.map(|_| ())
    }

    /// Whether a session goes on, as the database knows: asked when Redis does not say.
    pub async fn session_is_live(
        &self,
        account: &AccountId,
        session: &SessionId,
        now: Instant,
    ) -> Result<bool> {
        let live = doc! { "id": session.as_str(), "expiresAt": { "$gt": now.millis() } };
        let filter = doc! {
            "_id": account.as_str(),
            "status": AccountStatus::Active.as_str(),
            "sessions": { "$elemMatch": live },
        };
        let accounts = self.accounts().await?;
        let found = bounded(accounts.find_one(filter).projection(doc! { "_id": 1 })).await?;
        Ok(found.is_some())
    }

    /// The hospital an account belongs to, as its tokens carry it.
    pub async fn membership(&self, of: &Found) -> Result<Option<Membership>> {
        let Some(id) = of.hospital() else {
            return Ok(None);
        };
        let hospital = hospital_by_id(&self.0, &id).await?;
        let hospital =
            hospital.ok_or_else(|| Error::Corrupt("an account's hospital is gone".to_owned()))?;
        Ok(Some(tenant_of(&hospital).membership().clone()))
    }

    /// The hospital and the appointment an order belongs to.
    pub async fn by_order(&self, order: &OrderId) -> Result<Option<Due>> {
        let found = self.appointments(doc! { "order.id": order.as_str() }, 1).await?;
        Ok(found.into_iter().next())
    }

    /// Keeps a webhook's event that belongs to no appointment of ours; whether it is new.
    pub async fn keep_event(&self, event: &WebhookEvent) -> Result<bool> {
        let scope = platform_scope(&self.0);
        match scope.collection::<WebhookEvent>().await?.insert(event, None).await {
            Err(error) if error.is_duplicate_of("webhook_event") => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// What a sweep finds due, the longest due first.
    pub async fn due(&self, sweep: Sweep, now: Instant, limit: i64) -> Result<Vec<Due>> {
        self.appointments(doc! { sweep.field(): { "$lte": now.millis() } }, limit).await
    }

    async fn appointments(&self, filter: Document, limit: i64) -> Result<Vec<Due>> {
        let handle = self.0.handle().await?;
        let appointments: Collection<RawDocumentBuf> = handle.collection(Appointment::COLLECTION);
        let hospital = doc! { "from": "hospitals", "localField": "hospitalId", "foreignField": "_id", "as": "hospital" };
        let sort = filter.keys().next().cloned().unwrap_or_default();
        let stages = vec![
            doc! { "$match": filter },
            doc! { "$sort": { sort: 1 } },
            doc! { "$limit": limit },
            doc! { "$lookup": hospital },
        ];
        let cursor = appointments.aggregate(stages).with_type::<RawDocumentBuf>();
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        raws.iter().map(due).collect()
    }

    /// Whether the platform has an administrator with this address; if not, enters this one.
    pub async fn ensure_admin(&self, admin: &Account) -> Result<bool> {
        let scope = platform_scope(&self.0);
        let accounts = scope.collection::<Account>().await?;
        if accounts.find_one(doc! { "email": admin.email.as_str() }).await?.is_some() {
            return Ok(false);
        }
        match accounts.insert(admin, None).await {
            Err(error) if error.is_duplicate_of("account_email") => Ok(false),
            result => result.map(|()| true),
        }
    }

    fn store_of(&self, who: &Found) -> HospitalStore {
        HospitalStore { scope: super::Scope::owned(self.0.clone(), who.owner.clone()) }
    }
}

/// How a session begins.
#[derive(Debug, Default)]
pub struct SessionStart {
    /// The owner has just proved the address by an OTP.
    pub proved_address: bool,
    /// The owner has chosen this password.
    pub password_hash: Option<String>,
}

impl Store {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        bounded(self.0.handle().await?.run_command(doc! { "ping": 1 })).await.map(|_| ())
    }
}

fn null_value() -> mongodb::bson::Bson {
    mongodb::bson::Bson::Null
}

fn by_key(key: &LogInKey) -> Document {
    let mut filter = doc! { "email": key.email.as_str() };
    if let Some(hospital) = &key.hospital {
        filter.insert("hospitalCode", hospital.as_str());
    }
    filter
}

fn found(raw: &RawDocumentBuf) -> Result<Found> {
    let owner = raw.get_str("hospitalId").unwrap_or(PLATFORM).to_owned();
    Ok(Found { account: read(raw)?, owner })
}

fn due(raw: &RawDocumentBuf) -> Result<Due> {
    #[derive(serde::Deserialize)]
    struct Owner {
        hospital: Vec<Hospital>,
    }
    let owner: Owner = read(raw)?;
    let gone = || Error::Corrupt("an appointment's hospital is gone".to_owned());
    let tenant = owner.hospital.first().map(tenant_of).ok_or_else(gone)?;
    Ok(Due { tenant, appointment: read(raw)? })
}
