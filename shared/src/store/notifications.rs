//! Mails that wait to be sent to people.

use super::{
    Error, Result,
    connection::bounded,
    gate::{Gate, tell_unreadable, with_hospital},
    platform::tenant_of,
    scoped::{PLATFORM, Stored, read, to_document},
};
use crate::{
    models::{Account, Hospital, HospitalId, Instant, Notification, NotificationId},
    tenancy::Tenant,
};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Document, RawDocumentBuf, doc},
    options::ReturnDocument,
};

impl Stored for Notification {
    const COLLECTION: &'static str = "notifications";
}

/// For how long a mail is its sender's, in seconds. One whose sender was killed is due again
/// after that.
const LEASE_SECONDS: i64 = 60;

/// A mail on its way, with whom it is for.
#[derive(Debug)]
pub struct Addressed {
    /// The mail.
    pub notification: Notification,
    /// Its account, unless that is gone.
    pub account: Option<Account>,
    /// The account's hospital; the platform's accounts have none.
    pub hospital: Option<(Tenant, Hospital)>,
}

/// The hospital that was looked up with an account.
#[derive(serde::Deserialize)]
struct Looked {
    hospital: Vec<Hospital>,
}

impl Gate {
    pub(super) async fn notifications<T: Send + Sync>(&self) -> Result<Collection<T>> {
        Ok(self.database().handle().await?.collection(Notification::COLLECTION))
    }

    /// Writes mails to be sent, each with its hospital, in one command.
    pub async fn notify(&self, mails: &[(Option<HospitalId>, Notification)]) -> Result<()> {
        if mails.is_empty() {
            return Ok(());
        }
        let document = |(hospital, mail): &(Option<HospitalId>, Notification)| {
            to_document(mail, hospital.as_ref().map_or(PLATFORM, HospitalId::as_str))
        };
        let documents = mails.iter().map(document).collect::<Result<Vec<Document>>>()?;
        bounded(self.notifications().await?.insert_many(documents)).await.map(|_| ())
    }

    /// Takes the mail that has been due longest, for a minute: of two who send at the same time,
    /// each takes another. What cannot be read is told, and the next one taken.
    pub async fn take_due_notification(&self, now: Instant) -> Result<Option<Addressed>> {
        self.take(doc! { "dueAt": { "$lte": now.millis() } }, now).await
    }

    /// Takes this mail, due or not, unless somebody has taken it before.
    pub async fn take_new_notification(
        &self,
        id: &NotificationId,
        now: Instant,
    ) -> Result<Option<Addressed>> {
        self.take(doc! { "_id": id.as_str(), "attempts": 0 }, now).await
    }

    async fn take(&self, which: Document, now: Instant) -> Result<Option<Addressed>> {
        let lease = doc! {
            "$set": { "dueAt": now.plus_seconds(LEASE_SECONDS).millis() },
            "$inc": { "attempts": 1 },
        };
        let notifications = self.notifications::<RawDocumentBuf>().await?;
        loop {
            let take = notifications
                .find_one_and_update(which.clone(), lease.clone())
                .sort(doc! { "dueAt": 1 })
                .return_document(ReturnDocument::After);
            let Some(raw) = bounded(take).await? else {
                return Ok(None);
            };
            let owner = raw.get_str("hospitalId").unwrap_or(PLATFORM);
            let addressed = match read(&raw) {
                Ok(notification) => self.addressed(notification, owner).await,
                Err(error) => Err(error),
            };
            match addressed {
                // It is taken by now, so the next one is another.
                Err(Error::Corrupt(_)) => tell_unreadable::<Notification>(&raw),
                addressed => return addressed.map(Some),
            }
        }
    }

    /// The account and its hospital, in one look-up.
    async fn addressed(&self, notification: Notification, owner: &str) -> Result<Addressed> {
        let accounts: Collection<RawDocumentBuf> =
            self.database().handle().await?.collection(Account::COLLECTION);
        let own = doc! { "_id": notification.account_id.as_str(), "hospitalId": owner };
        let stages = vec![doc! { "$match": own }, with_hospital()];
        let cursor = accounts.aggregate(stages).with_type::<RawDocumentBuf>();
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        let Some(raw) = raws.first() else {
            return Ok(Addressed { notification, account: None, hospital: None });
        };
        let looked: Looked = read(raw)?;
        let hospital = looked.hospital.into_iter().next();
        Ok(Addressed {
            notification,
            account: Some(read(raw)?),
            hospital: hospital.map(|hospital| (tenant_of(&hospital), hospital)),
        })
    }

    /// Forgets a mail that was sent, or is of no use any more.
    pub async fn drop_notification(&self, id: &NotificationId) -> Result<()> {
        let notifications = self.notifications::<Document>().await?;
        bounded(notifications.delete_one(doc! { "_id": id.as_str() })).await.map(|_| ())
    }

    /// Puts a mail off that could not be sent.
    pub async fn postpone_notification(&self, mail: &Notification, now: Instant) -> Result<()> {
        let postpone = doc! { "$set": { "dueAt": mail.next_try(now).millis() } };
        let notifications = self.notifications::<Document>().await?;
        bounded(notifications.update_one(doc! { "_id": mail.id.as_str() }, postpone))
            .await
            .map(|_| ())
    }
}
