//! Imports of patients: the record of each file, and its rows in bulk.

use super::{
    HospitalStore, Page, PageRequest, Place, Result,
    scoped::{Find, Stored},
};
use crate::models::{Account, Email, Identifier, Import, ImportId, Patient, RowCounts};
use mongodb::bson::{Document, doc, serialize_to_bson};
use serde::{Deserialize, Serialize};

impl Stored for Import {
    const COLLECTION: &'static str = "imports";
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reject {
    /// The line it begins on, the header being line 1.
    pub line: u64,
    /// The column at fault, where it is one.
    pub column: String,
    /// Stable, `SCREAMING_SNAKE`.
    pub code: String,
    /// What is wrong, in a sentence.
    pub reason: String,
    /// The fields as they came.
    pub fields: Vec<String>,
}

/// What became of one stretch of a file's rows, written once they are: the checkpoint from which
/// a run that was cut off goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkReport {
    /// Of which import.
    pub import_id: ImportId,
    /// Which stretch, from 0.
    pub number: i64,
    /// What became of its rows.
    pub rows: RowCounts,
    /// The rows that were not taken.
    pub rejects: Vec<Reject>,
}

impl Stored for ChunkReport {
    const COLLECTION: &'static str = "importChunks";
}

/// A patient that is there already, as an import compares it.
pub type ExistingPatient = Patient;

impl HospitalStore {
    /// Enters an import; whether it was not there yet.
    pub async fn insert_import(&self, import: &Import) -> Result<bool> {
        match self.scope.collection::<Import>().await?.insert(import, None).await {
            Err(super::Error::Duplicate(_)) => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// The import with this id.
    pub async fn import(&self, id: &ImportId) -> Result<Option<Import>> {
        self.scope.collection::<Import>().await?.find_one(doc! { "_id": id.as_str() }).await
    }

    /// The imports, the newest first.
    pub async fn imports(&self, page: &PageRequest) -> Result<Page<Import>> {
        let after = page.after.as_ref();
        let filter = after.map_or_else(Document::new, |after| doc! { "_id": { "$lt": &after.id } });
        let find = Find { filter, sort: doc! { "_id": -1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<Import>().await?.find(find).await?;
        Ok(Page::cut(items, page, |import| Place { key: 0, id: import.id.as_str().to_owned() }))
    }

    /// Takes an import whose file has come into work: it now reads this writing of the object,
    /// unless it reads another already. `None` then.
    pub async fn start_import(&self, import: &Import) -> Result<Option<Import>> {
        let object = serialize_to_bson(&import.object)?;
        let filter = doc! {
            "_id": import.id.as_str(),
            "$or": [{ "object": { "$exists": false } }, { "object": &object }],
        };
        let set = doc! { "$set": { "object": &object, "status": serialize_to_bson(&import.status)? } };
        self.scope.collection::<Import>().await?.update(filter, set, None).await
    }

    /// Writes an import's state.
    pub async fn save_import(&self, import: &Import) -> Result<()> {
        let filter = doc! { "_id": import.id.as_str() };
        self.scope.collection::<Import>().await?.replace(filter, import, None).await.map(|_| ())
    }

    /// The stretches of an import that are done, in order.
    pub async fn import_chunks(&self, id: &ImportId) -> Result<Vec<ChunkReport>> {
        let filter = doc! { "importId": id.as_str() };
        let find = Find { filter, sort: doc! { "number": 1 }, limit: 0 };
        self.scope.collection::<ChunkReport>().await?.find(find).await
    }

    /// Writes the checkpoint of a stretch. A second run of the same stretch changes nothing.
    pub async fn insert_chunk(&self, chunk: &ChunkReport) -> Result<()> {
        match self.scope.collection::<ChunkReport>().await?.insert(chunk, None).await {
            Err(error) if error.is_duplicate_of("import_chunk") => Ok(()),
            result => result,
        }
    }

    /// The patients with these identifiers, in one read.
    pub async fn patients_by_identifier(&self, identifiers: &[&Identifier]) -> Result<Vec<ExistingPatient>> {
        let wanted: Vec<&str> = identifiers.iter().map(|identifier| identifier.as_str()).collect();
        let filter = doc! { "identifier": { "$in": wanted } };
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: 0 };
        self.scope.collection::<Patient>().await?.find(find).await
    }

    /// The accounts with these addresses, in one read.
    pub async fn accounts_by_email(&self, emails: &[&Email]) -> Result<Vec<Account>> {
        let wanted: Vec<&str> = emails.iter().map(|email| email.as_str()).collect();
        let filter = doc! { "email": { "$in": wanted } };
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: 0 };
        self.scope.collection::<Account>().await?.find(find).await
    }

    /// Enters new accounts of an import in one write. Those that are there are left as they are,
    /// for a stretch may run a second time.
    pub async fn insert_imported_accounts(&self, accounts: &[Account]) -> Result<()> {
        insert_missing(accounts, async |all| self.scope.collection::<Account>().await?.insert_all(all, None).await)
            .await
    }

    /// Enters new patients of an import in one write; those that are there are left as they are.
    pub async fn insert_imported_patients(&self, patients: &[Patient]) -> Result<()> {
        insert_missing(patients, async |all| self.scope.collection::<Patient>().await?.insert_all(all, None).await)
            .await
    }

    /// Writes patients that an import changed, one by one.
    pub async fn replace_imported_patient(&self, patient: &Patient) -> Result<()> {
        let filter = doc! { "_id": patient.id.as_str() };
        self.scope.collection::<Patient>().await?.replace(filter, patient, None).await.map(|_| ())
    }
}

async fn insert_missing<T>(items: &[T], insert: impl AsyncFn(&[T]) -> Result<()>) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    match insert(items).await {
        Err(super::Error::Duplicate(_)) => Ok(()),
        result => result,
    }
}
