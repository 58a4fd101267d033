//! For whom an account acts.

use shared::{
    models::{Issue, IssueCode, Patient, PatientId},
    web::{Error, Result},
};

/// The one patient an account acts for, or the one of several that was named.
pub(crate) fn choose(patients: Vec<Patient>, wanted: Option<PatientId>) -> Result<Patient> {
    let mut patients = patients;
    match (wanted, patients.len()) {
        (Some(id), _) => {
            patients.into_iter().find(|patient| patient.id == id).ok_or(Error::NotFound)
        }
        (None, 1) => patients.pop().ok_or(Error::NotFound),
        (None, 0) => Err(Error::NotFound),
        (None, _) => {
            let issue = Issue::new(
                IssueCode::Required,
                "is required, for this account acts for several patients",
            );
            Err(Error::field("patientId", issue))
        }
    }
}
