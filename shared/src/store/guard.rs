//! Wrong passwords, counted before a hospital is known, and the locks that follow.

use super::{
    Error, Result,
    accounts::{LogInKey, not_locked},
    connection::bounded,
    gate::{Found, Gate, by_key, found},
    scoped::{Stored as _, to_document},
    transaction::{Ended, Tx, transact},
};
use crate::{
    entropy::NoEntropy,
    models::{
        Account, AccountStatus, Email, Instant, Message, Notification, NotificationId,
        PasswordGuard,
    },
};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Bson, Document, RawDocumentBuf, doc},
    options::ReturnDocument,
};

/// How many of nobody's accounts there are, so that attempts do not wait for one another.
const NOBODIES: usize = 64;
/// How long after a lock began its owner is told, in seconds: longer than a password is compared.
const COMPARED_SECONDS: i64 = 5;

/// The address of the account of nobody's at which attempts at this address are counted.
fn nobodys(email: &Email) -> String {
    let sum = email
        .as_str()
        .bytes()
        .fold(0_usize, |sum, b| sum.wrapping_mul(31).wrapping_add(usize::from(b)));
    format!("nobody-{}", sum % NOBODIES)
}

impl Gate {
    /// Counts an attempt to log in with a password, before it is compared, and gives the account
    /// to compare with: the active one, of several the one used last. `None` for an unknown, a
    /// pending, a blocked and a locked one alike; for these the same is written to nobody's
    /// account, so that the time tells nothing (ASVS 6.3.8). It is [`PasswordGuard::count`] as one
    /// write.
    pub async fn count_attempt(&self, key: &LogInKey, now: Instant) -> Result<Option<Found>> {
        let mut somebody = by_key(key);
        somebody.insert("status", AccountStatus::Active.as_str());
        somebody.insert("$or", not_locked(now));
        let filter = doc! { "$or": [somebody, { "email": nobodys(&key.email) }] };
        let attempts = doc! { "$add": [{ "$ifNull": ["$guard.attempts", 0_i64] }, 1_i64] };
        let locks = doc! { "$ifNull": ["$guard.locks", 0_i64] };
        let last = doc! { "$gte": [&attempts, PasswordGuard::ATTEMPTS] };
        let durations: Vec<i64> = (0..=6).map(|n| PasswordGuard::lock_seconds(n) * 1000).collect();
        let duration = doc! { "$arrayElemAt": [durations, { "$min": [&locks, 6_i64] }] };
        let owned_lock = doc! { "$and": [&last, { "$ne": ["$nobody", true] }] };
        let count = vec![doc! { "$set": { "guard": {
            "attempts": { "$cond": [&last, 0_i64, &attempts] },
            "locks": { "$cond": [&last, { "$add": [&locks, 1_i64] }, &locks] },
            "lockedUntil": { "$cond": [&last, { "$add": [now.millis(), duration] }, Bson::Null] },
            "tellAt": { "$cond": [&owned_lock, now.millis(), { "$ifNull": ["$guard.tellAt", "$$REMOVE"] }] },
        } } }];
        let accounts = self.accounts().await?;
        let change = accounts
            .find_one_and_update(filter, count)
            .sort(doc! { "nobody": 1, "lastLogInAt": -1, "_id": 1 })
            .return_document(ReturnDocument::After);
        let counted = bounded(change).await?;
        counted
            .filter(|raw| raw.get("nobody").is_ok_and(|mark| mark.is_none()))
            .as_ref()
            .map(found)
            .transpose()
    }

    /// Enters nobody's accounts, where they are not: attempts at addresses that log nobody in are
    /// counted there. They belong to no hospital, and have addresses nobody can send.
    pub async fn ensure_nobodies(&self) -> Result<()> {
        let accounts: Collection<Document> =
            self.database().handle().await?.collection(Account::COLLECTION);
        let all = (0..NOBODIES).map(|n| {
            let name = format!("nobody-{n}");
            doc! { "_id": &name, "hospitalId": "nobody", "email": &name, "nobody": true }
        });
        match bounded(accounts.insert_many(all).ordered(false)).await {
            Err(Error::Duplicate(_)) => Ok(()),
            result => result.map(|_| ()),
        }
    }

    /// Turns locks whose owners are still to be told into mails.
    pub async fn tell_of_locks(
        &self,
        now: Instant,
        id: impl Fn() -> std::result::Result<NotificationId, NoEntropy>,
    ) -> Result<()> {
        // A lock this young may be lifted yet: its last attempt is still being compared.
        let due = doc! { "guard.tellAt": { "$lte": now.plus_seconds(-COMPARED_SECONDS).millis() } };
        let accounts = self.accounts().await?;
        let cursor = accounts.find(due).limit(100);
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        for raw in &raws {
            let who = found(raw)?;
            let id = id().map_err(|error| Error::Unavailable(error.to_string()))?;
            self.tell_of_lock(&who, id, now).await?;
        }
        Ok(())
    }

    async fn tell_of_lock(&self, who: &Found, id: NotificationId, now: Instant) -> Result<()> {
        let guard = &who.account.guard;
        let Some(told) = guard.tell_at else {
            return Ok(());
        };
        // The next attempt after a lock takes its end away.
        let lasted = PasswordGuard::lock_seconds(guard.locks.saturating_sub(1));
        let until = guard.locked_until.unwrap_or_else(|| told.plus_seconds(lasted));
        let mail = Notification::new(id, &who.account.id, Message::Locked { until }, now);
        let mail = to_document(&mail, &who.owner)?;
        let (accounts, mails) = (self.accounts().await?, self.notifications::<Document>().await?);
        let tell = async |tx: &mut Tx| {
            let same = doc! { "_id": who.account.id.as_str(), "guard.tellAt": told.millis() };
            let unset = doc! { "$unset": { "guard.tellAt": true } };
            let change = accounts.update_one(same, unset).session(tx.session());
            if bounded(change).await?.matched_count == 0 {
                return Ok(Ended::Abort(()));
            }
            bounded(mails.insert_one(&mail).session(tx.session())).await?;
            Ok(Ended::Commit(()))
        };
        transact!(self.database(), |tx| tell(&mut tx))
    }
}
