//! What a booking must know of a slot, and of the visits that came before.

use super::{
    HospitalStore, Result,
    scoped::{Find, Part, Stored},
};
use crate::models::{AccountId, Appointment, EarlierVisit, FollowUpRule, Instant, Slot, SlotId};
use mongodb::bson::{Document, doc};
use serde::Deserialize;

impl Part for EarlierVisit {
    type Of = Appointment;

    const FIELDS: &'static [&'static str] =
        &["_id", "patient.id", "status", "start", "day", "holdExpiresAt", "visitType", "followUp"];
}

/// A slot somebody wants, with the visits of his account to its doctor.
#[derive(Debug, Deserialize)]
pub struct WantedSlot {
    /// The slot.
    #[serde(flatten)]
    pub slot: Slot,
    /// Those that may make a visit in it cheaper; none where nothing does.
    pub earlier: Vec<EarlierVisit>,
}

/// What an account's visits to a doctor are that a rule may still reach back to, and those to come.
fn of_account(account: &AccountId, now: Instant) -> Document {
    let days = i64::from(FollowUpRule::MOST_DAYS).saturating_add(1);
    let since = now.plus_seconds(days.saturating_mul(-86_400));
    doc! { "patient.accountId": account.as_str(), "start": { "$gte": since.millis() } }
}

impl HospitalStore {
    /// A slot with the visits of an account to its doctor: one read. Where the slot has no rule for
    /// follow-ups, no visits are looked for.
    pub async fn wanted_slot(
        &self,
        slot: &SlotId,
        account: &AccountId,
        now: Instant,
    ) -> Result<Option<WantedSlot>> {
        let fields = EarlierVisit::FIELDS.iter().map(|name| ((*name).to_owned(), 1.into()));
        let pipeline = vec![
            doc! { "$match": self.scope.own(of_account(account, now)) },
            doc! { "$project": fields.collect::<Document>() },
        ];
        let stages = vec![
            doc! { "$match": { "_id": slot.as_str() } },
            doc! { "$lookup": {
                "from": Appointment::COLLECTION,
                "localField": "followedWith",
                "foreignField": "doctor.id",
                "pipeline": pipeline,
                "as": "earlier",
            } },
        ];
        let found: Vec<WantedSlot> =
            self.scope.collection::<Slot>().await?.aggregate(stages).await?;
        Ok(found.into_iter().next())
    }

    /// The visits of an account to a doctor that may make another cheaper.
    pub async fn earlier_visits(
        &self,
        account: &AccountId,
        doctor: &AccountId,
        now: Instant,
    ) -> Result<Vec<EarlierVisit>> {
        let mut filter = of_account(account, now);
        filter.insert("doctor.id", doctor.as_str());
        let find = Find { filter, sort: doc! { "start": 1 }, limit: 0 };
        self.scope.collection::<Appointment>().await?.find_parts(find).await
    }
}
