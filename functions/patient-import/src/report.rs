//! The report: a summary as JSON, and as CSV the rows that were not taken and what changed of whom.

use crate::{csv::Encoding, error::Error, problem::Problem};
use serde_json::json;
use shared::{
    models::{HospitalId, Import, ImportedField, Instant, ReportFile},
    outbound::Bucket,
    store::{HospitalStore, Reject, Updated},
};

const CSV: &str = "text/csv; charset=utf-8";

/// Writes the rows that were not taken, under the file's own header, and what was changed.
pub async fn write_rows(
    bucket: &Bucket,
    store: &HospitalStore,
    hospital: &HospitalId,
    import: &Import,
    header: &[String],
) -> Result<(), Error> {
    let mut rejects = bucket.write(&ReportFile::Rejected.key(hospital, &import.id), CSV);
    let head = ["line", "column", "code", "reason"].into_iter();
    rejects.push(record(head.chain(header.iter().map(String::as_str))).as_bytes()).await?;
    let mut updates = bucket.write(&ReportFile::Updated.key(hospital, &import.id), CSV);
    updates.push(record(["line", "identifier", "changed"].into_iter()).as_bytes()).await?;
    let mut from = 0;
    loop {
        let stretches = store.import_stretches(&import.id, from).await?;
        let Some(last) = stretches.last() else { break };
        from = last.number + 1;
        for stretch in &stretches {
            for reject in &stretch.rejects {
                rejects.push(rejected(reject).as_bytes()).await?;
            }
            for update in &stretch.updates {
                updates.push(updated(update).as_bytes()).await?;
            }
        }
    }
    rejects.finish().await?;
    updates.finish().await?;
    Ok(())
}

/// Writes the summary. It says what the API says of the import, and nothing of any row.
pub async fn write_summary(
    bucket: &Bucket,
    hospital: &HospitalId,
    import: &Import,
    encoding: Option<Encoding>,
    problem: Option<&Problem>,
    now: Instant,
) -> Result<(), Error> {
    let problem =
        problem.map(|problem| json!({ "code": problem.code(), "message": problem.to_string() }));
    let summary = json!({
        "importId": import.id,
        "fileName": import.file_name,
        "status": import.status,
        "dryRun": import.dry_run,
        "encoding": encoding,
        "rows": import.rows,
        "problem": problem,
        "createdAt": import.created_at.timestamp().to_string(),
        "endedAt": now.timestamp().to_string(),
    });
    let key = ReportFile::Summary.key(hospital, &import.id);
    bucket.put(&key, "application/json", summary.to_string().into()).await?;
    Ok(())
}

fn updated(update: &Updated) -> String {
    let changed: Vec<&str> = update.changed.iter().map(|field| called(*field)).collect();
    let (line, changed) = (update.line.to_string(), changed.join(" "));
    record([line.as_str(), update.identifier.as_str(), &changed].into_iter())
}

const fn called(field: ImportedField) -> &'static str {
    match field {
        ImportedField::Name => "name",
        ImportedField::Email => "email",
        ImportedField::Mobile => "mobile",
        ImportedField::DateOfBirth => "dateOfBirth",
    }
}

fn rejected(reject: &Reject) -> String {
    let line = reject.line.to_string();
    let head = [line.as_str(), &reject.column, &reject.code, &reject.reason];
    record(head.into_iter().chain(reject.fields.iter().map(String::as_str)))
}

/// A record by RFC 4180.
fn record<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let mut record = fields.map(cell).collect::<Vec<_>>().join(",");
    record.push_str("\r\n");
    record
}

/// A field that no spreadsheet takes for a formula (ASVS 1.2.10; OWASP, "CSV Injection"): one
/// that begins like one gets an apostrophe before it, whatever the language's width of letters.
fn cell(field: &str) -> String {
    const FORMULA: [char; 12] =
        ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];
    let safe = if field.starts_with(FORMULA) { format!("'{field}") } else { field.to_owned() };
    if safe.contains(['"', ',', ';', '\t', '\r', '\n']) {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::models::{Identifier, Parse as _};

    #[test]
    fn cells_are_text_to_a_spreadsheet() {
        for (field, expected) in [
            ("Asha", "Asha"),
            ("+919876543210", "'+919876543210"),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("-1", "'-1"),
            ("＝1", "'＝1"),
            ("a,b", "\"a,b\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("", ""),
        ] {
            assert_eq!(cell(field), expected, "{field}");
        }
    }

    #[test]
    fn an_updated_patient_is_named_with_what_changed() {
        let update = Updated {
            line: 9,
            identifier: Identifier::parse("=1").unwrap(),
            changed: vec![ImportedField::Name, ImportedField::DateOfBirth],
        };
        assert_eq!(updated(&update), "9,'=1,name dateOfBirth\r\n");
    }

    proptest! {
        /// What a spreadsheet reads is what was written, and never begins like a formula.
        #[test]
        fn records_are_read_back_and_hold_no_formula(
            fields in proptest::collection::vec("[=+\\-@,;\"\t\r\na1 é＝]{0,6}", 1..5),
        ) {
            let text = record(fields.iter().map(String::as_str));
            let mut reader = csv_core::ReaderBuilder::new().build();
            let (mut out, mut ends) = ([0; 256], [0; 8]);
            let (_, _, _, count) = reader.read_record(text.as_bytes(), &mut out, &mut ends);
            // A record of one empty field is a blank line, which is none.
            if fields.iter().any(|field| !field.is_empty()) {
                prop_assert_eq!(count, fields.len());
            }
            let mut start = 0;
            for (end, field) in ends[..count].iter().zip(&fields) {
                let read = std::str::from_utf8(&out[start..*end]).unwrap();
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝']));
                prop_assert!(read == field || read.strip_prefix('\'') == Some(field));
                start = *end;
            }
        }
    }

    #[test]
    fn a_rejected_row_is_as_it_came() {
        let reject = Reject {
            line: 7,
            column: "Mobile".to_owned(),
            code: "INVALID_MOBILE".to_owned(),
            reason: "must be a mobile number, such as +919876543210".to_owned(),
            fields: ["Asha", "a@b.in", "1", "12"].map(str::to_owned).to_vec(),
        };
        let expected = "7,Mobile,INVALID_MOBILE,\"must be a mobile number, such as +919876543210\",Asha,a@b.in,1,12\r\n";
        assert_eq!(rejected(&reject), expected);
    }
}
