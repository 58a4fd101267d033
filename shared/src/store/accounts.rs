//! Accounts of one hospital.

use super::{
    HospitalStore, Page, PageRequest, Place, Result,
    leaves::touch,
    scoped::{Find, Stored},
    transaction::{Ended, Tx, transact},
    waitlist::keep,
};
use crate::models::{
    Account, AccountId, AccountStatus, Calendar, Email, FeeTerms, HospitalCode, Instant, Mobile,
    Money, Name, Notification, Patient, Role, Search, Slot,
};
use mongodb::bson::{Bson, Document, doc, serialize_to_bson};

impl Stored for Account {
    const COLLECTION: &'static str = "accounts";

    fn extras(&self) -> Document {
        doc! { "nameKey": self.name.search_key() }
    }
}

/// The address somebody logs in with, and the hospital if he named one.
#[derive(Debug, Clone)]
pub struct LogInKey {
    /// The address.
    pub email: Email,
    /// The hospital's code.
    pub hospital: Option<HospitalCode>,
}

/// Which accounts are wanted.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only of this role.
    pub role: Option<Role>,
    /// Only with this status.
    pub status: Option<AccountStatus>,
    /// Only whose name or address begins with this.
    pub search: Option<Search>,
}

/// What became of somebody who was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Gone without a trace.
    Deleted,
    /// Has appointments: shut out, and kept for them.
    Deactivated,
    /// Not there.
    Missing,
}

impl HospitalStore {
    /// Enters an account with its first mail; a second one with its address is
    /// [`Error::Duplicate`](super::Error::Duplicate) of `account_email`.
    pub async fn insert_account(
        &self,
        account: &Account,
        mail: Option<&Notification>,
    ) -> Result<()> {
        let accounts = self.scope.collection::<Account>().await?;
        let mails = self.scope.collection::<Notification>().await?;
        let enter = async |tx: &mut Tx| {
            accounts.insert(account, Some(tx)).await?;
            if let Some(mail) = mail {
                mails.insert(mail, Some(tx)).await?;
            }
            Ok(Ended::Commit(()))
        };
        transact!(self.scope.database(), |tx| enter(&mut tx))
    }

    /// Enters a patient together with a new account and its first mail: all or nothing. An address
    /// that is taken is [`Error::Duplicate`](super::Error::Duplicate) of `account_email`, an
    /// identifier that is taken one of `patient_identifier`.
    pub async fn insert_family(
        &self,
        account: &Account,
        patient: &Patient,
        mail: Option<&Notification>,
    ) -> Result<()> {
        let accounts = self.scope.collection::<Account>().await?;
        let patients = self.scope.collection::<Patient>().await?;
        let mails = self.scope.collection::<Notification>().await?;
        let enter = async |tx: &mut Tx| {
            accounts.insert(account, Some(tx)).await?;
            patients.insert(patient, Some(tx)).await?;
            if let Some(mail) = mail {
                mails.insert(mail, Some(tx)).await?;
            }
            Ok(Ended::Commit(()))
        };
        transact!(self.scope.database(), |tx| enter(&mut tx))
    }

    /// Enters a further patient of an account, whose status he takes over. The account is written
    /// too, so that its activation, block or removal at the same instant is not missed; whether
    /// it still was as it was read.
    pub async fn join_family(
        &self,
        account: &Account,
        patient: &Patient,
        mail: Option<&Notification>,
    ) -> Result<bool> {
        let accounts = self.scope.collection::<Account>().await?;
        let patients = self.scope.collection::<Patient>().await?;
        let mails = self.scope.collection::<Notification>().await?;
        let enter = async |tx: &mut Tx| {
            let same = doc! { "_id": account.id.as_str(), "status": account.status.as_str() };
            let joined = doc! { "$inc": { "joined": 1_i64 } };
            if accounts.update(same, joined, Some(tx)).await?.is_none() {
                return Ok(Ended::Abort(false));
            }
            patients.insert(patient, Some(tx)).await?;
            if let Some(mail) = mail {
                mails.insert(mail, Some(tx)).await?;
            }
            Ok(Ended::Commit(true))
        };
        transact!(self.scope.database(), |tx| enter(&mut tx))
    }

    /// The account with this address.
    pub async fn account_by_email(&self, email: &Email) -> Result<Option<Account>> {
        self.scope.collection::<Account>().await?.find_one(doc! { "email": email.as_str() }).await
    }

    /// The account with this id.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>> {
        self.scope.collection::<Account>().await?.find_one(doc! { "_id": id.as_str() }).await
    }

    /// The accounts that fit, in the order they were made.
    pub async fn accounts(
        &self,
        filter: &AccountFilter,
        page: &PageRequest,
    ) -> Result<Page<Account>> {
        let mut query = Document::new();
        if let Some(role) = filter.role {
            query.insert("role", role.as_str());
        }
        if let Some(status) = filter.status {
            query.insert("status", status.as_str());
        }
        if let Some(search) = &filter.search {
            query.insert("$or", begins_with(search, &["nameKey", "email"]));
        }
        if let Some(after) = &page.after {
            query.insert("_id", doc! { "$gt": &after.id });
        }
        let find = Find { filter: query, sort: doc! { "_id": 1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<Account>().await?.find(find).await?;
        Ok(Page::cut(items, page, |account| Place { key: 0, id: account.id.as_str().to_owned() }))
    }

    /// Changes a person's own name and mobile.
    pub async fn change_account(
        &self,
        id: &AccountId,
        name: Option<&Name>,
        mobile: Option<&Mobile>,
    ) -> Result<Option<Account>> {
        let mut set = Document::new();
        if let Some(name) = name {
            set.insert("name", name.as_str());
            set.insert("nameKey", name.search_key());
        }
        if let Some(mobile) = mobile {
            set.insert("mobile", mobile.as_str());
        }
        if set.is_empty() {
            return self.account(id).await;
        }
        let accounts = self.scope.collection::<Account>().await?;
        accounts.update(doc! { "_id": id.as_str() }, doc! { "$set": set }, None).await
    }

    /// Gives an account the secret its calendar is opened with, or takes it; whether there is such
    /// an account.
    pub async fn set_calendar(&self, id: &AccountId, secret: Option<&str>) -> Result<bool> {
        let change = match secret {
            Some(secret) => doc! { "$set": { "calendar": secret } },
            None => doc! { "$unset": { "calendar": true } },
        };
        let accounts = self.scope.collection::<Account>().await?;
        Ok(accounts.update(doc! { "_id": id.as_str() }, change, None).await?.is_some())
    }

    /// Changes what a doctor's visits cost; `None` if there is no such doctor.
    pub async fn change_fees(
        &self,
        id: &AccountId,
        fee: Money,
        terms: &FeeTerms,
    ) -> Result<Option<Account>> {
        let set = doc! {
            "doctor.fee": serialize_to_bson(&fee)?,
            "doctor.terms": serialize_to_bson(terms)?,
        };
        let doctor = doc! { "_id": id.as_str(), "role": Role::Doctor.as_str() };
        let accounts = self.scope.collection::<Account>().await?;
        accounts.update(doctor, doc! { "$set": set }, None).await
    }

    /// Shuts a person out or lets one in again. Sessions end with it; of a doctor nothing more is
    /// booked, while his appointments stay for the hospital to settle. Let in again, his time opens,
    /// and is kept for the list where it can be offered to somebody who waits. The account as it was
    /// before, so that the caller can end its access tokens; `None` if there is none that could
    /// be so changed.
    pub async fn set_account_status(
        &self,
        id: &AccountId,
        from: &[AccountStatus],
        to: AccountStatus,
        now: Instant,
    ) -> Result<Option<Account>> {
        let shut_out = to.is_shut_out();
        let kept = if shut_out { Vec::new() } else { self.kept_once_in(id, now).await? };
        let accounts = self.scope.collection::<Account>().await?;
        let patients = self.scope.collection::<Patient>().await?;
        let slots = self.scope.collection::<Slot>().await?;
        let calendars = self.scope.collection::<Calendar>().await?;
        let statuses: Vec<&str> = from.iter().map(|status| status.as_str()).collect();
        let change = async |tx: &mut Tx| {
            let filter = doc! { "_id": id.as_str(), "status": { "$in": &statuses } };
            let set = vec![doc! { "$set": { "status": to.as_str(), "sessions": [] } }];
            let Some(before) = accounts.claim(filter, set, tx).await? else {
                return Ok(Ended::Abort(None));
            };
            if before.role == Role::Patient {
                let of_account = doc! { "accountId": id.as_str() };
                let set = doc! { "$set": { "status": to.as_str() } };
                patients.update_all(of_account, set, Some(tx)).await?;
            }
            if before.role == Role::Doctor {
                // Whoever publishes his slots at this moment writes it too, and looks again.
                touch(&calendars, id, tx).await?;
                let verb = if shut_out { "$set" } else { "$unset" };
                let change = doc! { verb: { "withdrawn": true } };
                slots.update_all(doc! { "doctor.id": id.as_str() }, change, Some(tx)).await?;
                keep(&slots, &kept, now, tx).await?;
            }
            Ok(Ended::Commit(Some(before)))
        };
        transact!(self.scope.database(), |tx| change(&mut tx))
    }

    /// The slots that are kept for the list when a doctor is let in again.
    async fn kept_once_in(&self, doctor: &AccountId, now: Instant) -> Result<Vec<String>> {
        let filter = doc! {
            "doctor.id": doctor.as_str(),
            "start": { "$gt": now.millis() },
            "withdrawn": true,
            "wanted": true,
        };
        let find = Find { filter, sort: doc! { "start": 1, "_id": 1 }, limit: 1000 };
        let mut opening = self.scope.collection::<Slot>().await?.find(find).await?;
        for slot in &mut opening {
            slot.withdrawn = false;
        }
        self.kept_of(&opening, now).await
    }

    /// Removes a person; one who has appointments is deactivated and kept. A doctor's slots go with
    /// him, so whoever books one at this moment meets it, and has an appointment or none.
    pub async fn remove_account(&self, account: &Account, now: Instant) -> Result<Removal> {
        let accounts = self.scope.collection::<Account>().await?;
        let patients = self.scope.collection::<Patient>().await?;
        let slots = self.scope.collection::<Slot>().await?;
        let calendars = self.scope.collection::<Calendar>().await?;
        let remove = async |tx: &mut Tx| {
            if account.role == Role::Doctor {
                touch(&calendars, &account.id, tx).await?;
            }
            if self.has_appointments(&account.id, tx).await? {
                return Ok(Ended::Abort(Removal::Deactivated));
            }
            let there = accounts.delete(doc! { "_id": account.id.as_str() }, Some(tx)).await?;
            patients.delete_all(doc! { "accountId": account.id.as_str() }, tx).await?;
            slots.delete_all(doc! { "doctor.id": account.id.as_str() }, tx).await?;
            Ok(if there { Ended::Commit(Removal::Deleted) } else { Ended::Abort(Removal::Missing) })
        };
        match transact!(self.scope.database(), |tx| remove(&mut tx))? {
            Removal::Deactivated => {
                let from = [AccountStatus::Pending, AccountStatus::Active, AccountStatus::Blocked];
                let to = AccountStatus::Deactivated;
                let before = self.set_account_status(&account.id, &from, to, now).await?;
                Ok(before.map_or(Removal::Missing, |_| Removal::Deactivated))
            }
            removed => Ok(removed),
        }
    }

    /// Makes an account active whose address was proved at this instant, with its patients.
    pub(super) async fn activate_patients(&self, account: &AccountId, tx: &mut Tx) -> Result<()> {
        let patients = self.scope.collection::<Patient>().await?;
        let set = doc! { "$set": { "status": AccountStatus::Active.as_str() } };
        patients.update_all(doc! { "accountId": account.as_str() }, set, Some(tx)).await.map(|_| ())
    }
}

/// A search for documents in which one of the fields begins with the text. What was typed is
/// escaped: it never acts as a pattern (ASVS 1.2.9).
pub(super) fn begins_with(search: &Search, fields: &[&str]) -> Vec<Document> {
    let mut pattern = String::from("^");
    for character in search.as_str().chars() {
        if !character.is_alphanumeric() && character.is_ascii() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    fields.iter().map(|field| doc! { *field: { "$regex": &pattern } }).collect()
}

/// The condition that no password lock holds at this instant.
pub(super) fn not_locked(now: Instant) -> Bson {
    let open = doc! { "guard.lockedUntil": Bson::Null };
    let over = doc! { "guard.lockedUntil": { "$lte": now.millis() } };
    Bson::Array(vec![open.into(), over.into()])
}
