//! Imports of patients: the record of each file, and its rows in bulk.

use super::{
    HospitalStore, Page, PageRequest, Place, Result,
    scoped::{Find, Stored, UpdateEach},
    transaction::{Ended, Tx, transact},
};
use crate::models::{
    Account, AccountId, Appointment, Email, Identifier, Import, ImportId, ImportStatus,
    ImportedField, Instant, Notification, ObjectVersion, Patient, PatientId, RowCounts, WaitEntry,
};
use mongodb::bson::{Bson, DateTime, Document, doc, serialize_to_bson};
use serde::{Deserialize, Serialize};

/// For how many days the rows of a report are kept here: longer than a dead letter waits to be
/// sent again (fourteen days), and no longer than that needs, for they are patients' facts.
const KEEP_DAYS: i64 = 21;

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

/// A patient that was there, and what a row changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    /// The line the row begins on.
    pub line: u64,
    /// The patient's identifier.
    pub identifier: Identifier,
    /// What changed.
    pub changed: Vec<ImportedField>,
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
    /// The rows that changed a patient.
    #[serde(default)]
    pub updates: Vec<Updated>,
    /// When it was written.
    pub at: Instant,
}

impl Stored for ChunkReport {
    const COLLECTION: &'static str = "importChunks";

    /// `MongoDB`'s TTL wants a date.
    fn extras(&self) -> Document {
        let expires = self.at.plus_seconds(KEEP_DAYS * 24 * 3600);
        doc! { "expiresAt": DateTime::from_millis(expires.millis()) }
    }
}

/// How far an import has come: the stretches that are done, which have no gaps, and their rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Progress {
    /// The import.
    #[serde(rename = "_id")]
    pub import_id: ImportId,
    /// How many stretches.
    pub stretches: i64,
    /// What became of their rows.
    #[serde(flatten)]
    pub rows: RowCounts,
}

/// A patient that an import changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientChange {
    /// As it was when the change was decided.
    pub before: Patient,
    /// As it is from now on.
    pub after: Patient,
}

impl PatientChange {
    /// Whether the patient moves to another account.
    pub fn moves(&self) -> bool {
        self.before.account_id != self.after.account_id
    }
}

/// A patient who is with another account than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Who.
    pub patient: PatientId,
    /// With which account.
    pub to: AccountId,
}

impl Moved {
    /// A patient as he is by now.
    pub fn of(patient: &Patient) -> Self {
        Self { patient: patient.id.clone(), to: patient.account_id.clone() }
    }
}

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

    /// Takes an import whose file has come into work: from now on it reads this writing of the
    /// object. `None` if it has ended, or reads another writing already.
    pub async fn start_import(
        &self,
        id: &ImportId,
        object: &ObjectVersion,
    ) -> Result<Option<Import>> {
        let object = serialize_to_bson(object)?;
        let filter = doc! {
            "_id": id.as_str(),
            "status": { "$in": under_way()? },
            "$or": [{ "object": { "$exists": false } }, { "object": &object }],
        };
        let running = serialize_to_bson(&ImportStatus::Running)?;
        let set = doc! { "$set": { "object": &object, "status": running } };
        self.scope.collection::<Import>().await?.update(filter, set, None).await
    }

    /// Writes how an import ended, and the mail that tells of it. One that has ended stays as it
    /// is, so that of two runs at once the first has the word, and one mail is sent.
    pub async fn end_import(&self, import: &Import, mail: Option<&Notification>) -> Result<()> {
        let filter = doc! { "_id": import.id.as_str(), "status": { "$in": under_way()? } };
        let imports = self.scope.collection::<Import>().await?;
        let Some(mail) = mail else {
            return imports.replace(filter, import, None).await.map(|_| ());
        };
        let mails = self.scope.collection::<Notification>().await?;
        let end = async |tx: &mut Tx| {
            if !imports.replace(filter.clone(), import, Some(tx)).await? {
                return Ok(Ended::Abort(()));
            }
            mails.insert(mail, Some(tx)).await?;
            Ok(Ended::Commit(()))
        };
        transact!(self.scope.database(), |tx| end(&mut tx))
    }

    /// How far these imports have come; nothing of one that has no stretch done.
    pub async fn import_progress(&self, ids: &[&ImportId]) -> Result<Vec<Progress>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
        let sum = |field: &str| doc! { "$sum": format!("$rows.{field}") };
        let stages = vec![
            doc! { "$match": { "importId": { "$in": ids } } },
            doc! { "$group": {
                "_id": "$importId",
                "stretches": { "$sum": 1_i64 },
                "total": sum("total"),
                "created": sum("created"),
                "updated": sum("updated"),
                "unchanged": sum("unchanged"),
                "rejected": sum("rejected"),
            } },
        ];
        self.scope.collection::<ChunkReport>().await?.aggregate(stages).await
    }

    /// Some of the stretches with something for the report, in order, from this number on.
    pub async fn import_stretches(&self, id: &ImportId, from: i64) -> Result<Vec<ChunkReport>> {
        let filter = doc! {
            "importId": id.as_str(),
            "number": { "$gte": from },
            "$or": [{ "rows.rejected": { "$gt": 0 } }, { "rows.updated": { "$gt": 0 } }],
        };
        let find = Find { filter, sort: doc! { "number": 1 }, limit: 8 };
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
    pub async fn patients_by_identifier(
        &self,
        identifiers: &[&Identifier],
    ) -> Result<Vec<Patient>> {
        let Some(limit) = some(identifiers.len()) else {
            return Ok(Vec::new());
        };
        let wanted: Vec<&str> = identifiers.iter().map(|identifier| identifier.as_str()).collect();
        let filter = doc! { "identifier": { "$in": wanted } };
        let find = Find { filter, sort: doc! { "identifier": 1 }, limit };
        self.scope.collection::<Patient>().await?.find(find).await
    }

    /// The accounts with these addresses, in one read.
    pub async fn accounts_by_email(&self, emails: &[&Email]) -> Result<Vec<Account>> {
        let Some(limit) = some(emails.len()) else {
            return Ok(Vec::new());
        };
        let wanted: Vec<&str> = emails.iter().map(|email| email.as_str()).collect();
        let filter = doc! { "email": { "$in": wanted } };
        let find = Find { filter, sort: doc! { "email": 1 }, limit };
        self.scope.collection::<Account>().await?.find(find).await
    }

    /// Enters new accounts of an import in one command; whether all of them. Somebody else may
    /// have entered some of their addresses meanwhile: those are left as they are.
    pub async fn insert_imported_accounts(&self, accounts: &[Account]) -> Result<bool> {
        Ok(self.scope.collection::<Account>().await?.insert_missing(accounts).await? == 0)
    }

    /// Enters new patients of an import in one command; whether all of them. Somebody else may
    /// have entered some of their identifiers meanwhile: those are left as they are.
    pub async fn insert_imported_patients(&self, patients: &[Patient]) -> Result<bool> {
        Ok(self.scope.collection::<Patient>().await?.insert_missing(patients).await? == 0)
    }

    /// Writes patients that an import changed, in one command; whether all were still as they were
    /// when that was decided, for two files may be at one patient. The appointments and the wishes
    /// of those that move to another account go with them, and go first: if it stops on the way,
    /// the next run does all of it again. What is booked in between, of the patient as he was, goes
    /// after him; so does that of those who are `moved` already, by a run that stopped then.
    pub async fn change_imported_patients(
        &self,
        changes: &[PatientChange],
        moved: &[Moved],
    ) -> Result<bool> {
        let moving = changes.iter().filter(|change| change.moves());
        let moving: Vec<Moved> = moving.map(|change| Moved::of(&change.after)).collect();
        let appointments = self.scope.collection::<Appointment>().await?;
        appointments.update_each(follow(&moving, "patient.accountId")).await?;
        let wishes = self.scope.collection::<WaitEntry>().await?;
        wishes.update_each(follow(&moving, "accountId")).await?;
        let updates = changes.iter().map(patient_change).collect::<Result<_>>()?;
        let fitted = self.scope.collection::<Patient>().await?.update_each(updates).await?;
        let all: Vec<Moved> = moving.into_iter().chain(moved.iter().cloned()).collect();
        appointments.update_each(follow(&all, "patient.accountId")).await?;
        Ok(usize::try_from(fitted).ok() == Some(changes.len()))
    }
}

/// The statuses of an import that has not ended.
fn under_way() -> Result<Vec<Bson>> {
    let statuses = [ImportStatus::Waiting, ImportStatus::Running];
    statuses.iter().map(|status| Ok(serialize_to_bson(status)?)).collect()
}

/// A limit for that many, unless there are none.
fn some(wanted: usize) -> Option<i64> {
    i64::try_from(wanted).ok().filter(|wanted| *wanted > 0)
}

/// What goes with patients to another account, which stands in this field of it. It gets a new
/// version, so that a change decided on the old one is decided again.
fn follow(moved: &[Moved], account: &str) -> Vec<UpdateEach> {
    let of_one = |moved: &Moved| {
        let to = moved.to.as_str();
        UpdateEach {
            filter: doc! { "patient.id": moved.patient.as_str(), account: { "$ne": to } },
            update: doc! { "$set": { account: to }, "$inc": { "version": 1_i64 } },
        }
    };
    moved.iter().map(of_one).collect()
}

/// Status and account are written only if the patient moves: its account may have become active
/// since it was read.
fn patient_change(change: &PatientChange) -> Result<UpdateEach> {
    let (before, patient) = (&change.before, &change.after);
    let mut set = doc! {
        "name": patient.name.as_str(),
        "mobile": patient.mobile.as_str(),
        "imported": serialize_to_bson(&patient.imported)?,
    };
    set.extend(patient.extras());
    if let Some(day) = patient.date_of_birth {
        set.insert("dateOfBirth", String::from(day));
    }
    if change.moves() {
        set.insert("accountId", patient.account_id.as_str());
        set.insert("email", patient.email.as_str());
        set.insert("status", patient.status.as_str());
    }
    let filter = doc! {
        "_id": patient.id.as_str(),
        "accountId": before.account_id.as_str(),
        "name": before.name.as_str(),
        "mobile": before.mobile.as_str(),
        "dateOfBirth": before.date_of_birth.map_or(Bson::Null, |day| String::from(day).into()),
    };
    Ok(UpdateEach { filter, update: doc! { "$set": set } })
}
