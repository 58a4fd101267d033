//! A patient: a person who is treated. An account may act for several.

use super::{AccountId, AccountStatus, Day, Email, Identifier, Instant, Mobile, Name, PatientId};
use serde::{Deserialize, Serialize};

/// A person who is treated in the hospital.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Patient {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: PatientId,
    /// The account that acts for this person.
    pub account_id: AccountId,
    /// The person's name.
    pub name: Name,
    /// The account's address, kept here too so that a list is one read.
    pub email: Email,
    /// Where the person is called.
    pub mobile: Mobile,
    /// The hospital's own number for the person; unique in the hospital.
    pub identifier: Identifier,
    /// The day of birth, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Day>,
    /// The account's status, kept here too.
    pub status: AccountStatus,
    /// When the person was entered.
    pub created_at: Instant,
    /// The import that last wrote the person and the line it was on, so that a run that is repeated
    /// after a crash counts the row as it did the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedFrom>,
}

/// Where an imported patient came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedFrom {
    /// The import that last wrote this patient.
    pub import_id: super::ImportId,
    /// The line of the file, the header being line 1.
    pub line: u64,
    /// What that import changed; nothing where it entered the person.
    #[serde(default)]
    pub changed: Vec<ImportedField>,
}

/// What an import may change of a person. The identifier is how it finds one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImportedField {
    /// The name.
    Name,
    /// The account's address, and with it the account.
    Email,
    /// The mobile.
    Mobile,
    /// The day of birth.
    DateOfBirth,
}
