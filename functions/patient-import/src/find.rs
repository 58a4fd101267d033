//! Which import an event is about, and whether it is to run.

use crate::{
    PatientImport,
    error::Error,
    event::About,
    place::{Owner, Place, file_name},
};
use sha2::{Digest as _, Sha256};
use shared::{
    models::{
        Hospital, HospitalId, Id, Import, ImportId, ImportStatus, Instant, ObjectVersion, RowCounts,
    },
    outbound::ObjectHead,
    store::HospitalStore,
    tenancy::Tenant,
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
}

/// Finds what to run for an event. Nothing for a file of nobody we know, and for an import that
/// has ended: an event may come twice.
pub async fn find(
    function: &PatientImport,
    about: &About,
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
    match place {
        Place::Upload(_, import) => {
            uploaded(function, about, key, (tenant, hospital), &import).await
        }
        Place::Drop(_) => dropped(function, about, key, (tenant, hospital)).await,
    }
}

/// A file that was asked for: the record made then is its authority.
async fn uploaded(
    function: &PatientImport,
    about: &About,
    key: &str,
    (tenant, hospital): (Tenant, Hospital),
    id: &ImportId,
) -> Result<Option<Job>, Error> {
    let store = function.store.of(&tenant);
    if store.import(id).await?.is_none_or(|import| import.key != key) {
        tracing::warn!(hospital = %hospital.id, "a file that nobody asked for is ignored");
        return Ok(None);
    }
    let Some(import) = store.start_import(id, &version(about)).await? else {
        tracing::info!(import = %id, "the import has ended or reads another file; the event changes nothing");
        return Ok(None);
    };
    let head = function.bucket.head(key).await?;
    Ok(Some(Job { hospital, store, import, head, e_tag: about.object.e_tag.clone() }))
}

/// A file dropped by the hospital's own systems: each writing of it is an import of its own.
async fn dropped(
    function: &PatientImport,
    about: &About,
    key: &str,
    (tenant, hospital): (Tenant, Hospital),
) -> Result<Option<Job>, Error> {
    let head = function.bucket.head(key).await?;
    let Some(object) = head.as_ref().filter(|head| head.e_tag == about.object.e_tag) else {
        tracing::info!(hospital = %hospital.id, "a dropped file was replaced or removed before it was read");
        return Ok(None);
    };
    let Some(file_name) = file_name(key) else {
        return Ok(None);
    };
    let store = function.store.of(&tenant);
    let import = Import {
        id: import_id(about, key, &hospital.id, object.written_at),
        status: ImportStatus::Running,
        dry_run: false,
        file_name,
        key: key.to_owned(),
        uploaded_by: None,
        object: Some(version(about)),
        rows: RowCounts::default(),
        problem: None,
        report_key: None,
        created_at: object.written_at,
    };
    let e_tag = about.object.e_tag.clone();
    if store.insert_import(&import).await? {
        return Ok(Some(Job { hospital, store, import, head, e_tag }));
    }
    let Some(import) = store.start_import(&import.id, &version(about)).await? else {
        tracing::info!(import = %import.id, "the import has ended; the event changes nothing");
        return Ok(None);
    };
    Ok(Some(Job { hospital, store, import, head, e_tag }))
}

fn version(about: &About) -> ObjectVersion {
    ObjectVersion { e_tag: about.object.e_tag.clone(), sequencer: about.object.sequencer.clone() }
}

/// The same event always means the same import; imports keep the order in which files came.
fn import_id(about: &About, key: &str, hospital: &HospitalId, written_at: Instant) -> ImportId {
    let mut hash = Sha256::new();
    let object = &about.object;
    for part in [hospital.as_str(), &about.bucket.name, key, &object.sequencer, &object.e_tag] {
        hash.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
        hash.update(part);
    }
    let [bits @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        <[u8; 32]>::from(hash.finalize());
    Id::from_parts(written_at, u128::from_be_bytes(bits))
}
