//! Which import an event is about, and whether it is to run.

use crate::{
    PatientImport,
    error::Error,
    event::{About, Record},
    place::{Owner, Place, file_name},
};
use sha2::{Digest as _, Sha256};
use shared::{
    models::{Hospital, HospitalId, Id, Import, ImportId, ImportStatus, ObjectVersion, RowCounts},
    outbound::ObjectHead,
    store::HospitalStore,
};

/// An import that is to run.
#[derive(Debug)]
pub struct Job {
    /// The hospital.
    pub hospital: Hospital,
    /// Its store.
    pub store: HospitalStore,
    /// The import.
    pub import: Import,
    /// The object that lies at the key now, if there is one.
    pub head: Option<ObjectHead>,
    /// The entity tag the event speaks of.
    pub e_tag: String,
    /// Whether nothing of it was read before.
    pub fresh: bool,
}

/// Finds what to run for an event. Nothing for a file of nobody we know, and for an import that
/// has ended: an event may come twice, late, and after a later one.
pub async fn find(
    function: &PatientImport,
    record: &Record,
    key: &str,
) -> Result<Option<Job>, Error> {
    let Some(place) = Place::of(key) else {
        tracing::warn!("a file that lies in no hospital's folder is ignored");
        return Ok(None);
    };
    let found = match &place {
        Place::Upload(id, _) | Place::Drop(Owner::Id(id)) => {
            function.store.gate().hospital(id).await?
        }
        Place::Drop(Owner::Code(code)) => function.store.gate().hospital_by_code(code).await?,
    };
    let Some((tenant, hospital)) = found else {
        tracing::warn!("a file for an unknown hospital is ignored");
        return Ok(None);
    };
    let store = function.store.of(&tenant);
    let head = function.bucket.head(key).await?;
    let arrival = Arrival { hospital, store, record, key, head };
    match place {
        Place::Upload(_, import) => arrival.uploaded(&import).await,
        Place::Drop(_) => arrival.dropped().await,
    }
}

/// A file that has come, with its hospital.
#[derive(Debug)]
struct Arrival<'a> {
    hospital: Hospital,
    store: HospitalStore,
    record: &'a Record,
    key: &'a str,
    head: Option<ObjectHead>,
}

impl Arrival<'_> {
    fn version(&self) -> ObjectVersion {
        let object = &self.record.s3.object;
        ObjectVersion { e_tag: object.e_tag.clone(), sequencer: object.sequencer.clone() }
    }

    /// Whether another object lies at the key by now. S3 tells of that one too, so what came
    /// before it need not be waited for, in whatever order the two are told.
    fn is_stale(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.e_tag != self.record.s3.object.e_tag)
    }

    fn job(self, import: Import, fresh: bool) -> Job {
        let e_tag = self.record.s3.object.e_tag.clone();
        Job { hospital: self.hospital, store: self.store, import, head: self.head, e_tag, fresh }
    }

    /// A file that was asked for: the record made then is its authority. The form is good for
    /// minutes and may be sent again; what comes after the first is an import of its own.
    async fn uploaded(self, id: &ImportId) -> Result<Option<Job>, Error> {
        let Some(asked) = self.store.import(id).await?.filter(|import| import.key == self.key)
        else {
            tracing::warn!(hospital = %self.hospital.id, "a file that nobody asked for is ignored");
            return Ok(None);
        };
        let fresh = asked.object.is_none();
        if fresh && self.is_stale() {
            tracing::info!(import = %id, "a later file is there already; the event changes nothing");
            return Ok(None);
        }
        if let Some(import) = self.store.start_import(id, &self.version()).await? {
            return Ok(Some(self.job(import, fresh)));
        }
        let Some(started) = self.store.import(id).await? else {
            return Ok(None);
        };
        if started.object.as_ref() == Some(&self.version()) {
            tracing::info!(import = %id, "the import has ended; the event changes nothing");
            return Ok(None);
        }
        self.another(started).await
    }

    /// A file dropped by the hospital's own systems: each writing of it is an import of its own.
    /// One that was removed again before anybody looked has no rows to account for.
    async fn dropped(self) -> Result<Option<Job>, Error> {
        let Some(file_name) = file_name(self.key).filter(|_| self.head.is_some()) else {
            tracing::info!(hospital = %self.hospital.id, "a dropped file was removed before it was read");
            return Ok(None);
        };
        let import = Import {
            id: import_id(self.record, self.key, &self.hospital.id),
            status: ImportStatus::Running,
            dry_run: false,
            file_name,
            key: self.key.to_owned(),
            uploaded_by: None,
            object: Some(self.version()),
            rows: RowCounts::default(),
            problem: None,
            reports: Vec::new(),
            created_at: self.record.written_at(),
        };
        self.enter(import).await
    }

    /// Another writing of an upload's object.
    async fn another(self, first: Import) -> Result<Option<Job>, Error> {
        let import = Import {
            id: import_id(self.record, self.key, &self.hospital.id),
            status: ImportStatus::Running,
            object: Some(self.version()),
            rows: RowCounts::default(),
            problem: None,
            reports: Vec::new(),
            created_at: self.record.written_at(),
            ..first
        };
        self.enter(import).await
    }

    async fn enter(self, import: Import) -> Result<Option<Job>, Error> {
        if self.store.insert_import(&import).await? {
            return Ok(Some(self.job(import, true)));
        }
        let started = self.store.start_import(&import.id, &self.version()).await?;
        if started.is_none() {
            tracing::info!(import = %import.id, "the import has ended; the event changes nothing");
        }
        Ok(started.map(|import| self.job(import, false)))
    }
}

/// The same event always means the same import; imports keep the order in which files came.
fn import_id(record: &Record, key: &str, hospital: &HospitalId) -> ImportId {
    let mut hash = Sha256::new();
    let About { bucket, object } = &record.s3;
    for part in [hospital.as_str(), &bucket.name, key, &object.sequencer, &object.e_tag] {
        hash.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        hash.update(part);
    }
    let [bits @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        <[u8; 32]>::from(hash.finalize());
    Id::from_parts(record.written_at(), u128::from_be_bytes(bits))
}
