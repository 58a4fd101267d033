//! What an import does stands in the audit trail of its hospital: that it is begun or goes on,
//! and what it came to. Whose rows it held is in its report.

use crate::{PatientImport, error::Error, find::Job};
use shared::models::{AuditEntry, AuditResult, Listed};

/// The part of the product that the entries name as who acted.
const SERVICE: &str = "patient-import";

impl PatientImport {
    /// Writes what came of an import so far; a refused file with the problem's code.
    pub(crate) async fn record(
        &self,
        job: &Job,
        result: AuditResult,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let about = vec![job.import.id.as_str().to_owned()];
        let entry = AuditEntry {
            // Anybody of the hospital may be in the file.
            listed: Some(Listed::People),
            code: code.map(str::to_owned),
            ..AuditEntry::of_service(self.entropy.id(now)?, now, (SERVICE, "import"), about, result)
        };
        Ok(self.store.record(&[(Some(job.hospital.id.clone()), entry)]).await?)
    }
}
