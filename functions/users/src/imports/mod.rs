//! Imports of patients, as the hospital's administrator sees them. The rows are read elsewhere:
//! in the function `patient-import`, when the file has come.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod read;

use serde::Serialize;
use shared::{
    models::{FileName, HospitalId, Import, ImportId, ImportStatus, Instant, RowCounts},
    outbound::{BucketLinks, LinkSettings},
    tenancy::Tenant,
    web::{Environment, Error},
};
use utoipa::ToSchema;

/// How long a link to a report is good for, in seconds.
const REPORT_SECONDS: u32 = 300;

/// Reads the settings of links to the bucket. Lambda sets the region and the credentials.
pub(crate) fn links(env: &mut Environment) -> BucketLinks {
    BucketLinks::new(LinkSettings {
        bucket: env.required("IMPORT_BUCKET"),
        region: env.required("AWS_REGION"),
        access_key_id: env.required("AWS_ACCESS_KEY_ID"),
        secret_access_key: env.required("AWS_SECRET_ACCESS_KEY"),
        session_token: env.optional("AWS_SESSION_TOKEN"),
        endpoint: env.optional("AWS_ENDPOINT_URL_S3"),
    })
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportView {
    /// Its id.
    #[schema(value_type = String)]
    import_id: ImportId,
    /// Where it stands.
    status: ImportStatus,
    /// Whether it only reports and writes nothing.
    dry_run: bool,
    /// The file's name.
    file_name: FileName,
    /// What became of its rows so far.
    rows: RowCounts,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Where to get the rows that were not taken, as CSV; good for five minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_url: Option<String>,
    /// When it was asked for, or its file came.
    #[schema(value_type = String, format = DateTime)]
    created_at: String,
}

impl ImportView {
    fn of(
        import: Import,
        links: &BucketLinks,
        tenant: &Tenant,
        now: Instant,
    ) -> Result<Self, Error> {
        let link = |key: String| links.download_link(&key, REPORT_SECONDS, now, "rejected.csv");
        Ok(Self {
            report_url: import.report_key.map(link).transpose()?,
            created_at: tenant.zone().show(import.created_at),
            import_id: import.id,
            status: import.status,
            dry_run: import.dry_run,
            file_name: import.file_name,
            rows: import.rows,
            problem: import.problem,
        })
    }
}

/// Where an upload is to lie. Its name is cut down to what needs no encoding anywhere; the name
/// the sender knows is in the record.
fn key_of(hospital: &HospitalId, import: &ImportId, name: &FileName) -> Option<String> {
    let (stem, ending) = name.as_str().rsplit_once('.')?;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let stem: String = stem.chars().map(plain).collect();
    ending.eq_ignore_ascii_case("csv").then(|| format!("imports/{hospital}/{import}/{stem}.csv"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::models::{Id, Parse as _};

    #[test]
    fn keys_need_no_encoding_and_end_in_csv() {
        let key = |name| key_of(&Id::derived(1), &Id::derived(2), &FileName::parse(name).unwrap());
        let plain = key("März + ${filename} 2026.CSV").unwrap();
        assert!(plain.ends_with("/M-rz-----filename--2026.csv"), "{plain}");
        assert_eq!(key("patients.xlsx"), None);
        assert_eq!(key("csv"), None);
    }
}
