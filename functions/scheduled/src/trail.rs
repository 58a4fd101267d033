//! What the jobs do by themselves stands in the audit trail too: that it is begun, written before
//! anything is done, and that it came to nothing, where it did.

use crate::Scheduled;
use shared::{
    models::{AuditEntry, AuditResult, HospitalId},
    store::Due,
    web::Result,
};

/// The part of the product that the entries name as who acted.
const SERVICE: &str = "scheduled";

/// One thing a job does.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// In which hospital's trail; none is the platform's.
    pub(crate) owner: Option<HospitalId>,
    /// The job, and what of it: `effects/refund`.
    pub(crate) name: &'static str,
    /// On which ids.
    pub(crate) about: Vec<String>,
}

impl Act {
    /// Something done to an appointment.
    pub(crate) fn on(due: &Due, name: &'static str) -> Self {
        let appointment = &due.appointment;
        let about =
            vec![appointment.id.as_str().to_owned(), appointment.patient.id.as_str().to_owned()];
        Self { owner: Some(due.tenant.hospital().clone()), name, about }
    }
}

impl Scheduled {
    /// Writes that these are begun. Whoever calls it does nothing unless it is written.
    pub(crate) async fn begin(&self, acts: &[Act]) -> Result<()> {
        self.write(acts, AuditResult::Allowed).await
    }

    /// Writes that these came to nothing.
    pub(crate) async fn came_to_nothing(&self, acts: &[Act]) -> Result<()> {
        self.write(acts, AuditResult::Failed).await
    }

    async fn write(&self, acts: &[Act], result: AuditResult) -> Result<()> {
        let now = self.clock.now();
        let entry = |Act { owner, name, about }: &Act| {
            let id = self.entropy.id(now)?;
            let entry = AuditEntry::of_service(id, now, (SERVICE, name), about.clone(), result);
            Ok((owner.clone(), entry))
        };
        let entries = acts.iter().map(entry).collect::<Result<Vec<_>>>()?;
        Ok(self.store.record(&entries).await?)
    }
}
