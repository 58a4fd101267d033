//! Imports of patients: how many rows came to what.

use super::{AccountId, FileName, HospitalId, ImportId, Instant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportStatus {
    /// For its file.
    Waiting,
    /// Its rows are being read.
    Running,
    /// Every row is accounted for.
    Done,
    /// The file as a whole could not be read; `problem` says why.
    Failed,
}

/// What became of the rows so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowCounts {
    /// Rows read; the sum of the others.
    pub total: u64,
    /// New patients.
    pub created: u64,
    /// Patients whose data changed.
    pub updated: u64,
    /// Patients who were there already, just so.
    pub unchanged: u64,
    /// Rows in the report, each with its reason.
    pub rejected: u64,
}

impl RowCounts {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            created: self.created + other.created,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            rejected: self.rejected + other.rejected,
        }
    }

    /// Whether every row came to exactly one thing.
    pub const fn adds_up(self) -> bool {
        self.total == self.created + self.updated + self.unchanged + self.rejected
    }
}

/// One file of patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: ImportId,
    /// Where it stands.
    pub status: ImportStatus,
    /// Whether it only reports and writes nothing.
    pub dry_run: bool,
    /// The file's name as its sender calls it.
    pub file_name: FileName,
    /// The object's key in the bucket.
    pub key: String,
    /// Who asked for it; a file that a hospital's system dropped has nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded_by: Option<AccountId>,
    /// Which writing of the object it reads: its entity tag and S3's sequencer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectVersion>,
    /// What became of the rows so far.
    #[serde(default)]
    pub rows: RowCounts,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The files of its report, once it has ended.
    #[serde(default)]
    pub reports: Vec<ReportFile>,
    /// When it was asked for, or its file arrived.
    pub created_at: Instant,
}

/// One writing of an object in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectVersion {
    /// The object's entity tag, without quotes.
    pub e_tag: String,
    /// S3's order of writes to one key.
    pub sequencer: String,
}

/// A file of an import's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportFile {
    /// What became of the file, as JSON.
    Summary,
    /// The rows that were not taken, as they came, as CSV.
    Rejected,
    /// The patients that were there and changed, and what changed of each, as CSV.
    Updated,
}

impl ReportFile {
    /// For how many days the bucket keeps it (`template.yaml`, the rule `OldFiles`).
    pub const DAYS: i64 = 90;

    /// Its name, under which it is downloaded too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary.json",
            Self::Rejected => "rejected.csv",
            Self::Updated => "updated.csv",
        }
    }

    /// Where it lies in the bucket: beside the files to import, never below them.
    pub fn key(self, hospital: &HospitalId, import: &ImportId) -> String {
        format!("import-reports/{hospital}/{import}/{}", self.name())
    }
}
