//! Decisions against what a hospital has, and what a crash leaves of them.

use super::*;
use crate::{
    csv::{CsvReader, Step},
    problem::Problem,
    rows::tests::{doubting_all, lines, today},
};
use proptest::prelude::*;
use shared::models::{Email, FileName, ImportStatus, Parse as _};

/// What a hospital has, in memory.
#[derive(Debug, Clone, Default)]
struct Hospital {
    patients: Vec<Patient>,
    accounts: Vec<Account>,
}

impl Hospital {
    fn write(&mut self, decision: &Decision) {
        self.accounts.extend(decision.accounts.iter().cloned());
        self.patients.extend(decision.patients.iter().cloned());
        for change in &decision.changes {
            let id = &change.after.id;
            let patient = self.patients.iter_mut().find(|patient| patient.id == *id).unwrap();
            assert_eq!(*patient, change.before);
            *patient = change.after.clone();
        }
    }

    fn patient(&self, identifier: &str) -> &Patient {
        self.patients.iter().find(|patient| patient.identifier.as_str() == identifier).unwrap()
    }

    fn account(&self, email: &str) -> &Account {
        self.accounts.iter().find(|account| account.email.as_str() == email).unwrap()
    }
}

fn decide_on(rows: &str, import: u128, hospital: &Hospital) -> Decision {
    let (columns, lines) = lines(&format!("name,email,identifier,mobile,dob\n{rows}"));
    decide(&lines, &hospital.patients, &hospital.accounts, &context(import, columns))
}

fn context(import: u128, columns: Columns) -> Context {
    let import = Import {
        id: Id::derived(import),
        status: ImportStatus::Running,
        dry_run: false,
        file_name: FileName::parse("a.csv").unwrap(),
        key: String::new(),
        uploaded_by: None,
        object: None,
        rows: RowCounts::default(),
        problem: None,
        reports: Vec::new(),
        created_at: Instant::from_seconds(1_796_099_400),
    };
    Context::new(&import, &HospitalCode::parse("sunrise").unwrap(), columns)
}

/// created, updated, unchanged, rejected
fn counts(decision: &Decision) -> [u64; 4] {
    let rows = decision.rows;
    assert!(rows.adds_up() && rows.rejected == decision.rejects.len() as u64);
    assert_eq!(rows.updated, decision.updates.len() as u64);
    [rows.created, rows.updated, rows.unchanged, rows.rejected]
}

const FAMILY: &str = "Asha Rao,rao@x.in,1,9876543210,\nRavi Rao,RAO@x.in,2,9876543211,1980-05-01\n";

#[test]
fn a_family_shares_an_account_and_a_second_time_changes_nothing() {
    let mut hospital = Hospital::default();
    let first = decide_on(FAMILY, 1, &hospital);
    assert_eq!(counts(&first), [2, 0, 0, 0]);
    hospital.write(&first);
    assert_eq!(hospital.accounts.len(), 1);
    assert_eq!(hospital.patient("1").account_id, hospital.patient("2").account_id);
    assert!(hospital.patient("1").id.as_str() < hospital.patient("2").id.as_str());
    assert_eq!(hospital.patient("1").status, AccountStatus::Pending);
    assert_eq!(hospital.account("rao@x.in").password_hash, None);
    assert_eq!(counts(&decide_on(FAMILY, 2, &hospital)), [0, 0, 2, 0]);
}

#[test]
fn changes_are_updates_and_a_new_address_moves_one_patient_alone() {
    let mut hospital = Hospital::default();
    hospital.write(&decide_on(FAMILY, 1, &hospital));
    hospital.accounts[0].status = AccountStatus::Active;
    for patient in &mut hospital.patients {
        patient.status = AccountStatus::Active;
    }
    let rows = "Asha Rao,rao@x.in,1,9876500000,\nRavi Rao,ravi@x.in,2,9876543211,\n";
    let decision = decide_on(rows, 2, &hospital);
    assert_eq!(counts(&decision), [0, 2, 0, 0]);
    assert!(!decision.changes[0].moves());
    assert!(decision.changes[1].moves());
    assert_eq!(decision.changes[1].before.account_id, hospital.accounts[0].id);
    let changed: Vec<_> = decision.updates.iter().map(|update| update.changed.as_slice()).collect();
    assert_eq!(changed, [[ImportedField::Mobile], [ImportedField::Email]]);
    hospital.write(&decision);
    assert_eq!(hospital.patient("1").account_id, hospital.account("rao@x.in").id);
    assert_eq!(hospital.patient("1").status, AccountStatus::Active);
    assert_eq!(hospital.patient("2").account_id, hospital.account("ravi@x.in").id);
    assert_eq!(hospital.patient("2").status, AccountStatus::Pending);
    assert!(hospital.patient("2").date_of_birth.is_some(), "an empty field clears nothing");
}

#[test]
fn staff_keep_their_addresses() {
    let mut hospital = Hospital::default();
    hospital.write(&decide_on(FAMILY, 1, &hospital));
    let mut doctor = hospital.accounts[0].clone();
    doctor.role = Role::Doctor;
    doctor.email = Email::parse("doctor@x.in").unwrap();
    hospital.accounts.push(doctor);
    let rows = "New,doctor@x.in,3,9876543210,\nAsha Rao,Doctor@x.in,1,9876543210,\n";
    let decision = decide_on(rows, 2, &hospital);
    assert_eq!(counts(&decision), [0, 0, 0, 2]);
    assert!(
        decision
            .rejects
            .iter()
            .all(|reject| reject.code == "EMAIL_IN_USE" && reject.column == "email")
    );
}

#[test]
fn who_joins_an_account_has_its_status() {
    let mut hospital = Hospital::default();
    hospital.write(&decide_on(FAMILY, 1, &hospital));
    hospital.accounts[0].status = AccountStatus::Blocked;
    hospital.write(&decide_on("Uma,rao@x.in,3,9876543212,\n", 2, &hospital));
    assert_eq!(hospital.patient("3").status, AccountStatus::Blocked);
}

#[test]
fn what_a_line_entered_counts_as_created_whoever_changed_it_since() {
    let mut hospital = Hospital::default();
    hospital.write(&decide_on(FAMILY, 1, &hospital));
    hospital.write(&decide_on("Asha Rao,rao@x.in,1,9876500000,\n", 2, &hospital));
    let again = decide_on(FAMILY, 1, &hospital);
    assert_eq!(counts(&again), [2, 0, 0, 0]);
    assert!(again.changes.is_empty(), "the later file has the word");
}

fn row() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(vec!["Asha", "Ravi", "", "a\u{1}b"]);
    let email = proptest::sample::select(vec!["a@x.in", "b@x.in", "c@x.in", "nobody"]);
    let mobile = proptest::sample::select(vec!["9876543210", "9876543211", "12"]);
    (name, email, 0..12_u8, mobile)
        .prop_map(|(name, email, id, mobile)| format!("{name},{email},{id},{mobile},\n"))
}

/// Reads a file of any bytes as the function does; gives how many rows it had, and what they came
/// to against `hospital`.
fn any_file(file: &[u8], hospital: &Hospital) -> Result<(u64, Decision), Problem> {
    let mut reader = CsvReader::default();
    let mut pieces = file.chunks(7);
    let (mut columns, mut lines, mut seen) = (None, Vec::new(), doubting_all());
    loop {
        match (reader.advance()?, &columns) {
            (Step::More, _) => reader.feed(pieces.next().map(|piece| piece.to_vec().into()))?,
            (Step::Record, None) => columns = Some(Columns::of(reader.record()?)?),
            (Step::Record, Some(columns)) => {
                lines.push(Line::read(reader.record()?, columns, &mut seen, today()));
            }
            (Step::End, _) => break,
        }
    }
    let context = context(9, columns.ok_or(Problem::Empty)?);
    let decision = decide(&lines, &hospital.patients, &hospital.accounts, &context);
    Ok((lines.len() as u64, decision))
}

proptest! {
    #[test]
    fn whatever_a_file_holds_each_row_comes_to_one_thing(
        rows in proptest::collection::vec(prop_oneof![row(), "[ -~é\"\r\n\t]{0,30}\n"], 0..12),
        noise in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut hospital = Hospital::default();
        hospital.write(&decide_on(FAMILY, 1, &hospital));
        let mut file = format!("name,email,identifier,mobile,dob\n{}", rows.concat()).into_bytes();
        for (place, byte) in noise {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Ok((read, decision)) = any_file(&file, &hospital) {
            prop_assert_eq!(decision.rows.total, read);
            prop_assert_eq!(counts(&decision).iter().sum::<u64>(), read);
            let written = decision.patients.len() + decision.changes.len();
            prop_assert_eq!(decision.rows.created + decision.rows.updated, written as u64);
        }
    }

    /// A run that stops after any part of its writes counts each row, when repeated, as it would
    /// have, and leaves what it would have left.
    #[test]
    fn a_repeated_stretch_counts_as_the_first_time(
        before in proptest::collection::vec(row(), 0..12),
        rows in proptest::collection::vec(row(), 0..20),
        done in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let mut hospital = Hospital::default();
        hospital.write(&decide_on(&before.concat(), 1, &hospital));
        let rows = rows.concat();
        let whole = decide_on(&rows, 2, &hospital);
        let mut expected = hospital.clone();
        expected.write(&whole);

        let mut cut = decide_on(&rows, 2, &hospital);
        let some = |index: &prop::sample::Index, length: usize| index.index(length + 1);
        cut.accounts.truncate(some(&done.0, cut.accounts.len()));
        let full = cut.accounts.len() == whole.accounts.len();
        cut.patients.truncate(if full { some(&done.1, cut.patients.len()) } else { 0 });
        let full = full && cut.patients.len() == whole.patients.len();
        cut.changes.truncate(if full { some(&done.2, cut.changes.len()) } else { 0 });
        hospital.write(&cut);

        let again = decide_on(&rows, 2, &hospital);
        prop_assert_eq!(counts(&again), counts(&whole));
        prop_assert_eq!(&again.rejects, &whole.rejects);
        prop_assert_eq!(&again.updates, &whole.updates);
        hospital.write(&again);
        prop_assert_eq!(hospital.patients, expected.patients);
        prop_assert_eq!(hospital.accounts.len(), expected.accounts.len());
    }
}
