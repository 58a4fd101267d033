//! What a booking must know of a slot, and of the visits that came before.

use super::{
    HospitalStore, Result,
    scoped::{Find, Part, Stored},
};
use crate::models::{AccountId, Appointment, EarlierVisit, FollowUpRule, Instant, Slot, SlotId};
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

impl Part for EarlierVisit {
    type Of = Appointment;

    const FIELDS: &'static [&'static str] = &[
        "_id",
        "patient.id",
        "doctor.id",
        "status",
        "start",
        "day",
        "holdExpiresAt",
        "visitType",
        "followUp",
    ];
}

/// A slot somebody wants, with the visits of his account.
#[derive(Debug, Deserialize)]
pub struct WantedSlot {
    /// The slot.
    #[serde(flatten)]
    pub slot: Slot,
    /// Those that may make a visit in it cheaper; none where nothing does.
    pub earlier: Vec<EarlierVisit>,
}

/// Visits that a rule may still reach back to, and those to come.
fn lately(now: Instant) -> Document {
    let days = i64::from(FollowUpRule::MOST_DAYS).saturating_add(1);
    let since = now.plus_seconds(days.saturating_mul(-86_400));
    doc! { "start": { "$gte": since.millis() } }
}

impl HospitalStore {
    /// A slot with the visits of an account, to whatever doctor: one read. What follows a
    /// consultation with the slot's doctor, or the consultation, may be another's by now. Where the
    /// slot has no rule for follow-ups, no visits are looked for.
    pub async fn wanted_slot(
        &self,
        slot: &SlotId,
        account: &AccountId,
        now: Instant,
    ) -> Result<Option<WantedSlot>> {
        let fields = EarlierVisit::FIELDS.iter().map(|name| ((*name).to_owned(), 1.into()));
        let pipeline = vec![
            doc! { "$match": self.scope.own(lately(now)) },
            doc! { "$project": fields.collect::<Document>() },
        ];
        // Every visit is of an account, so none is found where none is looked for.
        let ruled = doc! { "$ifNull": ["$followedWith", false] };
        let whose = doc! { "$cond": [ruled, account.as_str(), Bson::Null] };
        let stages = vec![
            doc! { "$match": { "_id": slot.as_str() } },
            doc! { "$set": { "visitsOf": whose } },
            doc! { "$lookup": {
                "from": Appointment::COLLECTION,
                "localField": "visitsOf",
                "foreignField": "patient.accountId",
                "pipeline": pipeline,
                "as": "earlier",
            } },
        ];
        let found: Vec<WantedSlot> =
            self.scope.collection::<Slot>().await?.aggregate(stages).await?;
        Ok(found.into_iter().next())
    }

    /// The visits of an account that may make another cheaper.
    pub async fn earlier_visits(
        &self,
        account: &AccountId,
        now: Instant,
    ) -> Result<Vec<EarlierVisit>> {
        let mut filter = lately(now);
        filter.insert("patient.accountId", account.as_str());
        let find = Find { filter, sort: doc! { "start": 1 }, limit: 0 };
        self.scope.collection::<Appointment>().await?.find_parts(find).await
    }
}
