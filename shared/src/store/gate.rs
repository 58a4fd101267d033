//! The look-ups that come before a hospital is known: a log-in, a refresh, an order in a webhook,
//! an object in the bucket, the sweeps of `scheduled`. Each finds a hospital and vouches for it;
//! nothing else reads across hospitals.

use super::{
    Error, Result, Store, WebhookEvent,
    accounts::LogInKey,
    connection::{Database, bounded},
    payment_accounts::{as_it_was, with_accounts},
    platform::{find_hospital, hospital_by_id, platform_scope, tenant_of},
    scoped::{PLATFORM, Stored, read},
};
use crate::{
    auth::Membership,
    models::{
        Account, AccountId, Appointment, AppointmentId, Hospital, HospitalCode, HospitalId,
        Instant, OrderId, Parse as _, PaymentAccount, PaymentAccountId, Role,
    },
    tenancy::{CreatePeople, Grant, Tenant},
};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Document, RawDocumentBuf, doc},
};
use serde::de::DeserializeOwned;

/// Look-ups across hospitals.
#[derive(Debug, Clone)]
pub struct Gate(Database);

/// An account that was found before its hospital was known.
#[derive(Debug, Clone)]
pub struct Found {
    /// The account.
    pub account: Account,
    pub(super) owner: String,
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
    /// The hospital's own accounts at Razorpay.
    pub accounts: Vec<PaymentAccount>,
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

    pub(super) async fn accounts(&self) -> Result<Collection<RawDocumentBuf>> {
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

    /// The account a token speaks of.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Found>> {
        let accounts = self.accounts().await?;
        bounded(accounts.find_one(doc! { "_id": id.as_str() }))
            .await?
            .as_ref()
            .map(found)
            .transpose()
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

    /// The hospital and the appointment a payment is for, by its order, or by what its payment
    /// link says.
    pub async fn by_payment(
        &self,
        order: Option<&OrderId>,
        appointment: Option<&AppointmentId>,
    ) -> Result<Option<Due>> {
        let by_order = order.map(|order| doc! { "order.id": order.as_str() });
        let by_link = appointment.map(|id| doc! { "_id": id.as_str() });
        let any: Vec<Document> = by_order.into_iter().chain(by_link).collect();
        if any.is_empty() {
            return Ok(None);
        }
        let found = self.appointments(doc! { "$or": any }, None, 2).await?;
        let of_order = |due: &Due| due.appointment.order.as_ref().map(|own| &own.id) == order;
        let at = found.iter().position(of_order).unwrap_or_default();
        Ok(found.into_iter().nth(at))
    }

    /// A hospital's own account at Razorpay, to which a webhook came.
    pub async fn payment_account(&self, id: &PaymentAccountId) -> Result<Option<PaymentAccount>> {
        let handle = self.0.handle().await?;
        let accounts: Collection<RawDocumentBuf> = handle.collection(PaymentAccount::COLLECTION);
        let found = bounded(accounts.find_one(doc! { "_id": id.as_str() })).await?;
        found.as_ref().map(read).transpose()
    }

    /// Every hospital's own accounts at Razorpay, to seal their secrets anew.
    pub async fn payment_accounts(&self) -> Result<Vec<PaymentAccount>> {
        let handle = self.0.handle().await?;
        let accounts: Collection<RawDocumentBuf> = handle.collection(PaymentAccount::COLLECTION);
        let cursor = accounts.find(doc! {});
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        raws.iter().map(read).collect()
    }

    /// Writes an account's secrets as they were sealed anew; whether it still had the old ones.
    pub async fn reseal(&self, before: &PaymentAccount, after: &PaymentAccount) -> Result<bool> {
        let handle = self.0.handle().await?;
        let accounts: Collection<RawDocumentBuf> = handle.collection(PaymentAccount::COLLECTION);
        let mut set = doc! {
            "keySecret.sealed": &after.key_secret.sealed.0,
            "webhookSecret.sealed": &after.webhook_secret.sealed.0,
        };
        if let Some(replaced) = &after.previous_webhook_secret {
            set.insert("previousWebhookSecret.sealed", &replaced.sealed.0);
        }
        let change = accounts.update_one(as_it_was(before), doc! { "$set": set });
        Ok(bounded(async { change.await }).await?.matched_count == 1)
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
        let due = doc! { sweep.field(): { "$lte": now.millis() } };
        self.appointments(due, Some(sweep.field()), limit).await
    }

    async fn appointments(
        &self,
        filter: Document,
        sort: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Due>> {
        let handle = self.0.handle().await?;
        let appointments: Collection<RawDocumentBuf> = handle.collection(Appointment::COLLECTION);
        let mut stages = vec![doc! { "$match": filter }];
        stages.extend(sort.map(|field| doc! { "$sort": { field: 1 } }));
        stages.extend([doc! { "$limit": limit }, with_hospital(), with_accounts()]);
        let cursor = appointments.aggregate(stages).with_type::<RawDocumentBuf>();
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        Ok(readable::<Appointment, _>(&raws, due))
    }

    /// What a filter finds in all hospitals, each with its own.
    pub(super) async fn with_hospitals<T: Stored + DeserializeOwned>(
        &self,
        filter: Document,
        sort: Document,
        limit: i64,
    ) -> Result<Vec<(Tenant, Hospital, T)>> {
        let handle = self.0.handle().await?;
        let found: Collection<RawDocumentBuf> = handle.collection(T::COLLECTION);
        let stages = vec![
            doc! { "$match": filter },
            doc! { "$sort": sort },
            doc! { "$limit": limit },
            with_hospital(),
        ];
        let cursor = found.aggregate(stages).with_type::<RawDocumentBuf>();
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        Ok(readable::<T, _>(&raws, |raw| {
            let hospital = owner(raw)?.hospital;
            Ok((tenant_of(&hospital), hospital, read(raw)?))
        }))
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
}

impl Store {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        bounded(self.0.handle().await?.run_command(doc! { "ping": 1 })).await.map(|_| ())
    }
}

pub(super) fn by_key(key: &LogInKey) -> Document {
    let mut filter = doc! { "email": key.email.as_str() };
    if let Some(hospital) = &key.hospital {
        filter.insert("hospitalCode", hospital.as_str());
    }
    filter
}

pub(super) fn found(raw: &RawDocumentBuf) -> Result<Found> {
    let owner = raw.get_str("hospitalId").unwrap_or(PLATFORM).to_owned();
    Ok(Found { account: read(raw)?, owner })
}

fn due(raw: &RawDocumentBuf) -> Result<Due> {
    let Owner { hospital, accounts } = owner(raw)?;
    Ok(Due { tenant: tenant_of(&hospital), appointment: read(raw)?, accounts })
}

/// Looks up the hospital a document belongs to.
pub(super) fn with_hospital() -> Document {
    doc! { "$lookup": {
        "from": "hospitals",
        "localField": "hospitalId",
        "foreignField": "_id",
        "as": "hospital",
    } }
}

/// Whose a document is that was looked up with its hospital.
struct Owner {
    hospital: Hospital,
    accounts: Vec<PaymentAccount>,
}

fn owner(raw: &RawDocumentBuf) -> Result<Owner> {
    #[derive(serde::Deserialize)]
    struct Looked {
        hospital: Vec<Hospital>,
        #[serde(default)]
        accounts: Vec<PaymentAccount>,
    }
    let Looked { hospital, accounts } = read(raw)?;
    let gone = || Error::Corrupt("a document's hospital is gone".to_owned());
    let hospital = hospital.into_iter().next().ok_or_else(gone)?;
    Ok(Owner { hospital, accounts })
}

/// Reads what a run found. What cannot be read is told and left out: a run is for all hospitals, and
/// one document of one of them is no reason to leave out the others.
fn readable<T: Stored, R>(
    raws: &[RawDocumentBuf],
    read: impl Fn(&RawDocumentBuf) -> Result<R>,
) -> Vec<R> {
    let one = |raw: &RawDocumentBuf| read(raw).inspect_err(|_| tell_unreadable::<T>(raw)).ok();
    raws.iter().filter_map(one).collect()
}

/// Tells of a document that cannot be read. The error is not told: it may have people's data in it.
pub(super) fn tell_unreadable<T: Stored>(raw: &RawDocumentBuf) {
    let (collection, id) = (T::COLLECTION, raw.get_str("_id").unwrap_or_default());
    tracing::error!(alarm = "document-unreadable", collection, id, "a document was left out");
}
