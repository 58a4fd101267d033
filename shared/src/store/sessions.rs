//! Sessions, before a hospital is known: they begin with a log-in, go on with a refresh, and end.

use super::{
    HospitalStore, Result, Scope,
    connection::bounded,
    gate::{Found, Gate, found},
    scoped::read,
    transaction::{Ended, Tx, transact},
};
use crate::models::{
    Account, AccountId, AccountStatus, Instant, PasswordGuard, SESSIONS_PER_ACCOUNT, Session,
    SessionId,
};
use mongodb::{
    bson::{Document, doc, serialize_to_bson},
    options::ReturnDocument,
};

/// How a session begins.
#[derive(Debug, Default)]
pub struct SessionStart {
    /// The owner has just proved the address by an OTP.
    pub proved_address: bool,
    /// The hash of the password from now on.
    pub password_hash: Option<String>,
    /// The owner has just chosen that password; otherwise it is the old one, hashed anew.
    pub chosen: bool,
}

impl Gate {
    /// Begins a session for an account whose owner has proved himself, and forgets its wrong
    /// passwords. With `proved_address` a pending account becomes active, and its patients with
    /// it. With a password that was chosen every other session ends.
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
        if let Some(hash) = &with.password_hash {
            set.insert("passwordHash", hash.as_str());
        }
        if with.chosen {
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
        transact!(self.database(), |tx| begin(&mut tx))
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

    /// Ends a session of an account; whether there was one.
    pub async fn end_session(&self, account: &AccountId, session: &SessionId) -> Result<bool> {
        let accounts = self.accounts().await?;
        let filter = doc! { "_id": account.as_str(), "sessions.id": session.as_str() };
        let pull = doc! { "$pull": { "sessions": { "id": session.as_str() } } };
        let ended = bounded(accounts.update_one(filter, pull)).await?;
        Ok(ended.matched_count == 1)
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

    fn store_of(&self, who: &Found) -> HospitalStore {
        HospitalStore { scope: Scope::owned(self.database().clone(), who.owner.clone()) }
    }
}
