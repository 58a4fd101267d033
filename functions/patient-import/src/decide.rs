//! What rows come to, given what the hospital has already: a pure decision.

use crate::{
    header::{Columns, Field},
    rows::{Fault, Line, Row},
};
use sha2::{Digest as _, Sha256};
use shared::{
    models::{
        Account, AccountId, AccountStatus, HospitalCode, Id, Import, ImportId, ImportedField,
        ImportedFrom, Instant, Kind, PasswordGuard, Patient, Role, RowCounts, kinds,
    },
    store::{Moved, PatientChange, Reject, Updated},
};
use std::collections::{HashMap, HashSet};

/// What a decision needs to know of the import.
#[derive(Debug, Clone)]
pub struct Context {
    /// Its id.
    pub import: ImportId,
    /// When it was entered: the birth of what it creates.
    pub at: Instant,
    /// The code of its hospital.
    pub hospital: HospitalCode,
    /// Its columns.
    pub columns: Columns,
    /// Bits that make its ids unlike those of any other import.
    unlike: u128,
}

/// Bits of an id that say the line; a file that may be read has fewer lines than they count.
const LINE_BITS: u32 = 27;
/// Bits of an id after those.
const UNLIKE_BITS: u32 = 80 - LINE_BITS;

impl Context {
    /// The context of an import.
    pub fn new(import: &Import, hospital: &HospitalCode, columns: Columns) -> Self {
        let hash = <[u8; 32]>::from(Sha256::digest(import.id.as_str()));
        let unlike = hash.iter().take(16).fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
        let unlike = unlike & ((1 << UNLIKE_BITS) - 1);
        let (import, at) = (import.id.clone(), import.created_at);
        Self { import, at, hospital: hospital.clone(), columns, unlike }
    }

    /// The id a line's record always gets, so that a repeated run cannot enter it twice. Ids keep
    /// the order of the file: the line comes before the bits that make it unlike any other.
    fn id<K: Kind>(&self, line: &Line) -> Id<K> {
        let place = u128::from(line.number()) & ((1 << LINE_BITS) - 1);
        Id::from_parts(self.at, place << UNLIKE_BITS | self.unlike)
    }
}

/// What becomes of some rows, and what is to be written for it.
#[derive(Debug, Default)]
pub struct Decision {
    /// Accounts to enter.
    pub accounts: Vec<Account>,
    /// Patients to enter.
    pub patients: Vec<Patient>,
    /// Patients to change.
    pub changes: Vec<PatientChange>,
    /// How many rows came to what.
    pub rows: RowCounts,
    /// The rows that are not taken.
    pub rejects: Vec<Reject>,
    /// The rows that change a patient, and what.
    pub updates: Vec<Updated>,
    /// The patients a run before this one gave to another account.
    pub moved: Vec<Moved>,
}

/// The part of an account that matters here.
#[derive(Debug, Clone)]
struct Holder {
    id: AccountId,
    status: AccountStatus,
    role: Role,
}

/// Decides on rows whose identifiers all differ. `patients` are those of the hospital that have
/// one of the identifiers, `accounts` those that have one of the addresses that
/// [`addresses_wanted`] asks for.
///
/// Repeated after a crash, with some of its writes done, it counts each row as it did the first
/// time: what this import wrote carries its id and the line.
pub fn decide(
    lines: &[Line],
    patients: &[Patient],
    accounts: &[Account],
    context: &Context,
) -> Decision {
    let known = patients.iter().map(|patient| (patient.identifier.as_str(), patient)).collect();
    let holder = |account: &Account| Holder {
        id: account.id.clone(),
        status: account.status,
        role: account.role,
    };
    let holders =
        accounts.iter().map(|account| (account.email.as_str(), holder(account))).collect();
    let mut deciding = Deciding { context, known, holders, decision: Decision::default() };
    for line in lines {
        deciding.line(line);
    }
    deciding.decision
}

/// The rows whose accounts matter: those of new patients, and of patients whose address differs.
pub fn addresses_wanted<'a>(
    lines: &'a [Line],
    patients: &[Patient],
) -> Vec<&'a shared::models::Email> {
    let known: HashMap<&str, &str> = patients
        .iter()
        .map(|patient| (patient.identifier.as_str(), patient.email.as_str()))
        .collect();
    let rows = lines.iter().filter_map(|line| line.content.as_ref().ok());
    let mut asked = HashSet::new();
    rows.filter(|row| known.get(row.identifier.as_str()) != Some(&row.email.as_str()))
        .map(|row| &row.email)
        .filter(|email| asked.insert(email.as_str()))
        .collect()
}

struct Deciding<'a> {
    context: &'a Context,
    known: HashMap<&'a str, &'a Patient>,
    holders: HashMap<&'a str, Holder>,
    decision: Decision,
}

impl<'a> Deciding<'a> {
    fn line(&mut self, line: &'a Line) {
        self.decision.rows.total += 1;
        let decided = match &line.content {
            Ok(row) => self.row(line, row),
            Err(fault) => Err(fault.clone()),
        };
        if let Err(fault) = decided {
            self.decision.rows.rejected += 1;
            self.decision.rejects.push(line.reject(&fault));
        }
    }

    fn row(&mut self, line: &Line, row: &'a Row) -> Result<(), Fault> {
        let Some(patient) = self.known.get(row.identifier.as_str()).copied() else {
            return self.create(line, row);
        };
        // The id says that this line entered the patient, whoever has changed it since.
        if patient.id == self.context.id(line) {
            self.decision.rows.created += 1;
            return Ok(());
        }
        let ours = |from: &&ImportedFrom| {
            from.import_id == self.context.import && from.line == line.number()
        };
        match patient.imported.as_ref().filter(ours) {
            Some(from) => {
                if from.changed.contains(&ImportedField::Email) {
                    self.decision.moved.push(Moved::of(patient));
                }
                self.updated(line, row, from.changed.clone());
            }
            None => self.update(line, row, patient)?,
        }
        Ok(())
    }

    fn updated(&mut self, line: &Line, row: &Row, changed: Vec<ImportedField>) {
        self.decision.rows.updated += 1;
        let identifier = row.identifier.clone();
        self.decision.updates.push(Updated { line: line.number(), identifier, changed });
    }

    fn create(&mut self, line: &Line, row: &'a Row) -> Result<(), Fault> {
        let holder = self.holder(line, row)?;
        self.decision.patients.push(Patient {
            id: self.context.id::<kinds::Patient>(line),
            account_id: holder.id,
            name: row.name.clone(),
            email: row.email.clone(),
            mobile: row.mobile.clone(),
            identifier: row.identifier.clone(),
            date_of_birth: row.date_of_birth,
            status: holder.status,
            created_at: self.context.at,
            imported: Some(self.from(line, Vec::new())),
        });
        self.decision.rows.created += 1;
        Ok(())
    }

    /// A patient whose address changes moves to that address's account, alone: the others of the
    /// family stay where they are. An empty day of birth says nothing and changes nothing.
    fn update(&mut self, line: &Line, row: &'a Row, patient: &Patient) -> Result<(), Fault> {
        let mut after = patient.clone();
        after.name = row.name.clone();
        after.mobile = row.mobile.clone();
        after.date_of_birth = row.date_of_birth.or(patient.date_of_birth);
        if row.email != patient.email {
            let holder = self.holder(line, row)?;
            after.email = row.email.clone();
            after.account_id = holder.id;
            after.status = holder.status;
        }
        let changed = differences(patient, &after);
        if changed.is_empty() {
            self.decision.rows.unchanged += 1;
            return Ok(());
        }
        after.imported = Some(self.from(line, changed.clone()));
        self.decision.changes.push(PatientChange { before: patient.clone(), after });
        self.updated(line, row, changed);
        Ok(())
    }

    /// The account with the row's address, made if there is none.
    fn holder(&mut self, line: &Line, row: &'a Row) -> Result<Holder, Fault> {
        if let Some(holder) = self.holders.get(row.email.as_str()) {
            if holder.role == Role::Patient {
                return Ok(holder.clone());
            }
            return Err(Fault {
                column: self.context.columns.called(Field::Email).to_owned(),
                code: "EMAIL_IN_USE",
                reason: "belongs to somebody who works at the hospital".to_owned(),
            });
        }
        let account = Account {
            id: self.context.id::<kinds::Account>(line),
            role: Role::Patient,
            status: AccountStatus::Pending,
            email: row.email.clone(),
            name: row.name.clone(),
            mobile: row.mobile.clone(),
            hospital_code: Some(self.context.hospital.clone()),
            password_hash: None,
            doctor: None,
            guard: PasswordGuard::default(),
            sessions: Vec::new(),
            calendar: None,
            last_log_in_at: None,
            mail_problem: None,
            created_at: self.context.at,
        };
        let holder = Holder { id: account.id.clone(), status: account.status, role: account.role };
        self.decision.accounts.push(account);
        self.holders.insert(row.email.as_str(), holder.clone());
        Ok(holder)
    }

    fn from(&self, line: &Line, changed: Vec<ImportedField>) -> ImportedFrom {
        ImportedFrom { import_id: self.context.import.clone(), line: line.number(), changed }
    }
}

/// What of a patient is not what it was.
fn differences(before: &Patient, after: &Patient) -> Vec<ImportedField> {
    let all = [
        (ImportedField::Name, before.name == after.name),
        (ImportedField::Email, before.email == after.email),
        (ImportedField::Mobile, before.mobile == after.mobile),
        (ImportedField::DateOfBirth, before.date_of_birth == after.date_of_birth),
    ];
    all.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
