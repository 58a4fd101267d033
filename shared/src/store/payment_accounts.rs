//! Hospitals' own accounts at Razorpay, and what is read together with an appointment's money.

use super::{
    HospitalStore, Result,
    appointments::in_reach,
    scoped::{Find, Stored},
    transaction::{Ended, Tx, transact},
};
use crate::{
    models::{Appointment, AppointmentId, OrderId, PaymentAccount},
    tenancy::Reach,
};
use mongodb::bson::{Document, doc};
use serde::Deserialize;

impl Stored for PaymentAccount {
    const COLLECTION: &'static str = "paymentAccounts";
}

/// An appointment with the accounts its money may have come to or may go to, in one read.
#[derive(Debug, Clone, Deserialize)]
pub struct Payable {
    /// The appointment.
    #[serde(flatten)]
    pub appointment: Appointment,
    /// The hospital's own accounts, the current one among them.
    pub accounts: Vec<PaymentAccount>,
}

/// The stage that adds its hospital's accounts to an appointment.
pub(super) fn with_accounts() -> Document {
    doc! { "$lookup": {
        "from": PaymentAccount::COLLECTION,
        "localField": "hospitalId",
        "foreignField": "hospitalId",
        "as": "accounts",
    } }
}

impl HospitalStore {
    /// The appointment with this id, if it is within reach, with the accounts for its money.
    pub async fn payable(&self, id: &AppointmentId, reach: &Reach) -> Result<Option<Payable>> {
        self.find_payable(doc! { "_id": id.as_str() }, reach).await
    }

    /// The appointment this order pays, if it is within reach, with the accounts for its money.
    pub async fn payable_by_order(
        &self,
        order: &OrderId,
        reach: &Reach,
    ) -> Result<Option<Payable>> {
        self.find_payable(doc! { "order.id": order.as_str() }, reach).await
    }

    async fn find_payable(&self, mut filter: Document, reach: &Reach) -> Result<Option<Payable>> {
        filter.extend(in_reach(reach));
        let stages = vec![doc! { "$match": filter }, doc! { "$limit": 1 }, with_accounts()];
        let appointments = self.scope.collection::<Appointment>().await?;
        Ok(appointments.aggregate(stages).await?.into_iter().next())
    }

    /// The appointments Razorpay may have something to tell about, the longest due first.
    pub async fn to_reconcile(&self, limit: i64) -> Result<Vec<Payable>> {
        let stages = vec![
            doc! { "$match": { "reconcileAt": { "$gt": 0_i64 } } },
            doc! { "$sort": { "reconcileAt": 1 } },
            doc! { "$limit": limit },
            with_accounts(),
        ];
        self.scope.collection::<Appointment>().await?.aggregate(stages).await
    }

    /// The hospital's own accounts, the oldest first.
    pub async fn payment_accounts(&self) -> Result<Vec<PaymentAccount>> {
        let find = Find { filter: Document::new(), sort: doc! { "_id": 1 }, limit: 100 };
        self.scope.collection::<PaymentAccount>().await?.find(find).await
    }

    /// Makes an account the current one: a new one, or in the place of the same one as it was
    /// `before`. Whether it was still so.
    pub async fn put_payment_account(
        &self,
        account: &PaymentAccount,
        before: Option<&PaymentAccount>,
    ) -> Result<bool> {
        let accounts = self.scope.collection::<PaymentAccount>().await?;
        let put = async |tx: &mut Tx| {
            let others = doc! { "_id": { "$ne": account.id.as_str() } };
            let leave = doc! { "$set": { "current": false } };
            accounts.update_all(others, leave, Some(tx)).await?;
            let Some(before) = before else {
                accounts.insert(account, Some(tx)).await?;
                return Ok(Ended::Commit(true));
            };
            let replaced = accounts.replace(as_it_was(before), account, Some(tx)).await?;
            Ok(if replaced { Ended::Commit(true) } else { Ended::Abort(false) })
        };
        let put = transact!(self.scope.database(), |tx| put(&mut tx));
        match put {
            Err(error) if error.is_duplicate_of("payment_account") => Ok(false),
            result => result,
        }
    }

    /// Leaves the own accounts: new orders go to the platform's. What was paid into them goes
    /// back from them.
    pub async fn leave_payment_accounts(&self) -> Result<()> {
        let accounts = self.scope.collection::<PaymentAccount>().await?;
        let leave = doc! { "$set": { "current": false } };
        accounts.update_all(Document::new(), leave, None).await.map(|_| ())
    }
}

/// An account with these keys; it may have become the current one or ceased to be.
pub(super) fn as_it_was(before: &PaymentAccount) -> Document {
    doc! {
        "_id": before.id.as_str(),
        "changedAt": before.changed_at.millis(),
        "keySecret.sealed": &before.key_secret.sealed.0,
        "webhookSecret.sealed": &before.webhook_secret.sealed.0,
    }
}
