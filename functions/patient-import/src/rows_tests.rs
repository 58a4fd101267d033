//! Rows, good and bad.

use super::*;
use crate::{
    csv::{CsvReader, Step},
    sieve::hash_of,
};

pub(crate) fn today() -> Day {
    Day::parse("2026-12-01").unwrap()
}

/// Doubts every number that identifiers of tests have.
pub(crate) fn doubting_all() -> Seen {
    let numbers = (0..1000).map(|n| Identifier::parse(&n.to_string()).unwrap());
    let mut hashes: Vec<u64> = numbers.map(|identifier| hash_of(&identifier)).collect();
    hashes.sort_unstable();
    Seen::among(hashes)
}

/// Every line of a file, read in one piece; its header must be good.
pub(crate) fn lines(file: &str) -> (Columns, Vec<Line>) {
    let mut reader = CsvReader::default();
    reader.feed(Some(file.as_bytes().to_vec().into())).unwrap();
    let (mut columns, mut lines, mut seen) = (None, Vec::new(), doubting_all());
    loop {
        match (reader.advance().unwrap(), &columns) {
            (Step::More, _) => reader.feed(None).unwrap(),
            (Step::Record, None) => columns = Some(Columns::of(reader.record().unwrap()).unwrap()),
            (Step::Record, Some(columns)) => {
                lines.push(Line::read(reader.record().unwrap(), columns, &mut seen, today()));
            }
            (Step::End, _) => return (columns.unwrap(), lines),
        }
    }
}

fn faults(rows: &str) -> Vec<(u64, String, &'static str)> {
    let (_, lines) = lines(&format!("name,E-Mail,identifier,mobile,dob\n{rows}"));
    let fault = |line: Line| {
        let number = line.number();
        line.content.err().map(|fault| (number, fault.column, fault.code))
    };
    lines.into_iter().filter_map(fault).collect()
}

#[test]
fn good_rows_are_cleaned() {
    let (_, lines) = lines(
        "name,email,identifier,mobile\n  Rene\u{301} , Asha@Example.IN ,007, 098765 43210 \n",
    );
    let row = lines[0].content.as_ref().unwrap();
    assert_eq!(row.name.as_str(), "René");
    assert_eq!(row.email.as_str(), "asha@example.in");
    assert_eq!(row.identifier.as_str(), "007");
    assert_eq!(row.mobile.as_str(), "+919876543210");
    assert_eq!(row.date_of_birth, None);
}

#[test]
fn every_fault_has_its_column_and_code() {
    let at = |line, column: &str, code| (line, column.to_owned(), code);
    let rows = "Asha,a@b.in,1,9876543210,2000-02-30\n\
                Asha,a@b.in,1,9876543210\n\
                ,a@b.in,1,9876543210,\n\
                Asha,a@b,1,9876543210,\n\
                Asha,a@b.in, ,9876543210,\n\
                Asha,a@b.in,1,9.87E+09,\n\
                Asha,a@b.in,1,9876543210,2027-01-01\n\
                , ,,,\n\
                \"As\nha\",a@b.in,1,9876543210,\n\
                Asha,a@b.in,1,9876543210,\n\
                Ravi,r@b.in, 1 ,9876543211,1990-01-01\n";
    let expected = [
        at(2, "dob", "INVALID"),
        at(3, "", "FIELD_COUNT"),
        at(4, "name", "REQUIRED"),
        at(5, "E-Mail", "INVALID_EMAIL"),
        at(6, "identifier", "REQUIRED"),
        at(7, "mobile", "INVALID_MOBILE"),
        at(8, "dob", "INVALID"),
        at(9, "", "EMPTY_ROW"),
        at(10, "name", "INVALID"),
        at(13, "identifier", "DUPLICATE_IN_FILE"),
    ];
    assert_eq!(faults(rows), expected);
}

#[test]
fn a_duplicate_names_both_lines() {
    let row = "Asha,a@b.in,1,9876543210";
    let (_, lines) = lines(&format!("name,email,identifier,mobile\n{row}\n\n{row}\n"));
    let fault = lines[1].content.as_ref().unwrap_err();
    assert!(fault.reason.contains("line 4") && fault.reason.contains("line 2"), "{}", fault.reason);
    assert_eq!(lines[1].reject(fault).fields, ["Asha", "a@b.in", "1", "9876543210"]);
}

#[test]
fn a_field_may_not_be_endless() {
    let rows = format!("Asha,a@b.in,1,9876543210,{}\n", " ".repeat(MAX_FIELD + 1));
    assert_eq!(faults(&rows), [(2, "dob".to_owned(), "FIELD_TOO_LONG")]);
}
