//! First answers to requests that carry an `Idempotency-Key`, kept for a day.

use super::{
    Result, Store,
    connection::{bounded, briefly},
};
use crate::models::Instant;
use mongodb::{
    Collection,
    bson::{Binary, DateTime, RawDocumentBuf, doc, spec::BinarySubtype},
    options::ReturnDocument,
};
use serde::{Deserialize, Serialize};

/// How long an answer is kept, in seconds.
const KEEP_SECONDS: i64 = 24 * 3600;
/// How long a first run may take before another may take its place, in seconds: the longest any
/// function runs for a request.
const RUN_SECONDS: i64 = 30;

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remembered {
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// What the store knows of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing, or of a run that was killed: this one may go on.
    First(FirstRun),
    /// It was answered.
    Answered(Remembered),
    /// Its first run is still going on.
    Running,
    /// It was used for another body.
    OtherBody,
}

/// The first run under a key, be it this one or one that was killed: what is made under the key has
/// its id from it, so that a later run finds what an earlier one has made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FirstRun {
    /// When it began.
    pub at: Instant,
    /// Its name, which is random.
    pub name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    fingerprint: Binary,
    #[serde(default)]
    answer: Option<Remembered>,
    #[serde(default)]
    owner: String,
    first_run: FirstRun,
}

impl Store {
    async fn kept(&self) -> Result<Collection<RawDocumentBuf>> {
        Ok(self.0.handle().await?.collection("idempotency"))
    }

    /// Begins a run under a key: a hash of caller, route and key. Of several at once one is the
    /// first. A first run that was killed may be taken over when its time is over. `run` names
    /// this run.
    pub async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &[u8],
        run: &str,
        now: Instant,
    ) -> Result<Begun> {
        let bytes = Binary { subtype: BinarySubtype::Generic, bytes: fingerprint.to_vec() };
        let first = doc! { "at": now.millis(), "name": run };
        let over = doc! { "$and": [
            { "$eq": [{ "$type": "$answer" }, "missing"] },
            { "$lte": [{ "$ifNull": ["$runningUntil", 0_i64] }, now.millis()] },
        ] };
        let until = now.plus_seconds(RUN_SECONDS).millis();
        let expires = DateTime::from_millis(now.plus_seconds(KEEP_SECONDS).millis());
        let update = vec![doc! { "$set": {
            "fingerprint": { "$ifNull": ["$fingerprint", &bytes] },
            "owner": { "$cond": [&over, run, "$owner"] },
            "firstRun": { "$ifNull": ["$firstRun", first] },
            "runningUntil": { "$cond": [&over, until, "$runningUntil"] },
            "expiresAt": { "$ifNull": ["$expiresAt", expires] },
        } }];
        let kept = self.kept().await?;
        let upsert = kept
            .find_one_and_update(doc! { "_id": key }, update)
            .upsert(true)
            .return_document(ReturnDocument::After);
        let raw = match bounded(upsert).await {
            // Two first runs inserted at once: the other one is the first.
            Err(super::Error::Duplicate(_)) => return Ok(Begun::Running),
            result => result?,
        };
        let Some(raw) = raw else {
            return Ok(Begun::Running);
        };
        let known: Kept = mongodb::bson::deserialize_from_slice(raw.as_bytes())?;
        Ok(match known.answer {
            _ if known.fingerprint.bytes != fingerprint => Begun::OtherBody,
            Some(answer) => Begun::Answered(answer),
            None if known.owner == run => Begun::First(known.first_run),
            None => Begun::Running,
        })
    }

    /// Keeps the answer of a first run.
    pub async fn end_idempotent(&self, key: &str, run: &str, answer: &Remembered) -> Result<()> {
        let answer = mongodb::bson::serialize_to_bson(answer)?;
        let kept = self.kept().await?;
        let own = doc! { "_id": key, "owner": run };
        bounded(kept.update_one(own, doc! { "$set": { "answer": answer } })).await.map(|_| ())
    }

    /// Ends a run whose answer is not worth remembering, so that it can be tried again at once. What
    /// it may have done all the same, the next one finds.
    pub async fn drop_idempotent(&self, key: &str, run: &str) -> Result<()> {
        let kept = self.kept().await?;
        let own = doc! { "_id": key, "owner": run, "answer": { "$exists": false } };
        let over = doc! { "$set": { "runningUntil": 0_i64 } };
        briefly(kept.update_one(own, over)).await.map(|_| ())
    }
}
