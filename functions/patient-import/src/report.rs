//! The report: a summary as JSON, and the rows that were not taken as CSV.

use crate::{error::Error, header::Columns, problem::Problem};
use serde_json::json;
use shared::{
    models::{HospitalId, Import, Instant},
    outbound::Bucket,
    store::{HospitalStore, Reject},
};

/// Where the reports of an import lie.
fn folder(hospital: &HospitalId, import: &Import) -> String {
    format!("import-reports/{hospital}/{}", import.id)
}

/// Writes the rows that were not taken; gives the key of their file.
pub async fn write_rejected(
    bucket: &Bucket,
    store: &HospitalStore,
    hospital: &HospitalId,
    import: &Import,
    columns: &Columns,
) -> Result<String, Error> {
    let key = format!("{}/rejected.csv", folder(hospital, import));
    let mut file = bucket.write(&key, "text/csv; charset=utf-8");
    let head = ["line", "column", "code", "reason"].into_iter();
    file.push(record(head.chain(columns.header.iter().map(String::as_str))).as_bytes()).await?;
    let mut from = 0;
    loop {
        let stretches = store.import_rejects(&import.id, from).await?;
        let Some(last) = stretches.last() else { break };
        from = last.number + 1;
        for reject in stretches.iter().flat_map(|stretch| &stretch.rejects) {
            file.push(rejected(reject).as_bytes()).await?;
        }
    }
    file.finish().await?;
    Ok(key)
}

/// Writes the summary. It says what the API says of the import, and nothing of any row.
pub async fn write_summary(
    bucket: &Bucket,
    hospital: &HospitalId,
    import: &Import,
    problem: Option<&Problem>,
    now: Instant,
) -> Result<(), Error> {
    let summary = json!({
        "importId": import.id,
        "fileName": import.file_name,
        "status": import.status,
        "dryRun": import.dry_run,
        "rows": import.rows,
        "problem": problem.map(|problem| json!({ "code": problem.code(), "message": problem.to_string() })),
        "createdAt": import.created_at.timestamp().to_string(),
        "endedAt": now.timestamp().to_string(),
    });
    let key = format!("{}/summary.json", folder(hospital, import));
    bucket.put(&key, "application/json", summary.to_string().into()).await?;
    Ok(())
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
