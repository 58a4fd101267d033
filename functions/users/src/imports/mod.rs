//! Imports of patients, as the hospital's administrator sees them. The rows are read elsewhere:
//! in the function `patient-import`, when the file has come.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod read;

use serde::Serialize;
use shared::{
    models::{
        FileName, HospitalId, Import, ImportId, ImportStatus, Instant, ReportFile, RowCounts,
    },
    outbound::{BucketLinks, LinkSettings},
    store::HospitalStore,
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
    /// Where to get the rows that were not taken, as CSV; good for five minutes, as the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_url: Option<String>,
    /// Where to get which patients were updated and what changed of each, as CSV.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_url: Option<String>,
    /// Where to get the summary, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_url: Option<String>,
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
        // What the bucket has put away by its age has no link.
        let kept = now.seconds_since(import.created_at) < ReportFile::DAYS * 24 * 3600;
        let link = |file: ReportFile| {
            let key = file.key(tenant.hospital(), &import.id);
            let there = kept && import.reports.contains(&file);
            let link = || links.download_link(&key, REPORT_SECONDS, now, file.name());
            there.then(link).transpose()
        };
        Ok(Self {
            report_url: link(ReportFile::Rejected)?,
            updated_url: link(ReportFile::Updated)?,
            summary_url: link(ReportFile::Summary)?,
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

/// Fills in how far those imports have come that are still running.
async fn count(store: &HospitalStore, imports: &mut [Import]) -> Result<(), Error> {
    let running = imports.iter().filter(|import| import.status == ImportStatus::Running);
    let running: Vec<&ImportId> = running.map(|import| &import.id).collect();
    let progress = store.import_progress(&running).await?;
    for one in progress {
        if let Some(import) = imports.iter_mut().find(|import| import.id == one.import_id) {
            import.rows = one.rows;
        }
    }
    Ok(())
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
