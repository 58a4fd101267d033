//! Addresses that are not mailed any more. An address is the world's and no hospital's: SES counts
//! its bounces against all that we send, whoever asked for it. Which of its accounts has met with
//! it is noted in that account alone, so that no hospital learns of another's mails.

use super::{Result, connection::bounded, gate::Gate, platform::platform_scope, scoped::Stored};
use crate::models::{AccountId, Email, Instant, MailProblem};
use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};

/// An address that is not mailed.
#[derive(Debug, Serialize, Deserialize)]
struct Undeliverable {
    #[serde(rename = "_id")]
    email: Email,
    problem: MailProblem,
    at: Instant,
}

impl Stored for Undeliverable {
    const COLLECTION: &'static str = "undeliverable";
}

impl Gate {
    /// Why this address is not mailed, if it is not.
    pub async fn mail_problem(&self, email: &Email) -> Result<Option<MailProblem>> {
        let scope = platform_scope(self.database());
        let known = scope.collection::<Undeliverable>().await?;
        let found = known.find_one(doc! { "_id": email.as_str() }).await?;
        Ok(found.map(|one| one.problem))
    }

    /// Notes that an address is not to be mailed any more. Told again, it stays as it was.
    pub async fn keep_mail_problem(
        &self,
        email: &Email,
        problem: MailProblem,
        now: Instant,
    ) -> Result<()> {
        let scope = platform_scope(self.database());
        let known = scope.collection::<Undeliverable>().await?;
        let one = Undeliverable { email: email.clone(), problem, at: now };
        match known.insert(&one, None).await {
            Err(error) if error.is_duplicate_of("_id_") => Ok(()),
            result => result,
        }
    }

    /// Shows an account's hospital that its address gets no mails; whether it has that address.
    pub async fn show_mail_problem(
        &self,
        account: &AccountId,
        email: &Email,
        problem: MailProblem,
    ) -> Result<bool> {
        let of = doc! { "_id": account.as_str(), "email": email.as_str() };
        let set = doc! { "$set": { "mailProblem": problem.as_str() } };
        let accounts = self.accounts().await?;
        Ok(bounded(async { accounts.update_one(of, set).await }).await?.matched_count == 1)
    }

    /// Forgets that an address gets no mails, everywhere; whether it was known.
    pub async fn forget_mail_problem(&self, email: &Email) -> Result<bool> {
        let handle = self.database().handle().await?;
        let known = handle.collection::<Document>(Undeliverable::COLLECTION);
        let gone = bounded(known.delete_one(doc! { "_id": email.as_str() })).await?;
        let accounts = self.accounts().await?;
        let of = doc! { "email": email.as_str() };
        let unset = doc! { "$unset": { "mailProblem": 1 } };
        bounded(async { accounts.update_many(of, unset).await }).await?;
        Ok(gone.deleted_count == 1)
    }
}
