//! `PATCH /patients/{id}`.

use crate::Users;
use axum::extract::State;
use shared::{
    body,
    models::{Day, Issue, Mobile, Name, kinds},
    store::PatientWrite,
    tenancy::{ChangePatients, Grant},
    web::{Body, Error, Json, PathId, PatientView, Refusals, Result},
};

body! {
    /// What is changed of a patient.
    pub(crate) struct PatientChange {
        /// The person's name.
        name: Option<Name> = "name",
        /// Where the person is called.
        mobile: Option<Mobile> = "mobile",
        /// The day of birth.
        date_of_birth: Option<Day> = "dateOfBirth",
    }
}

/// Changes a patient's name, mobile and day of birth.
#[utoipa::path(
    patch, path = "/patients/{id}", tag = "people", security(("bearer" = [])), request_body = PatientChange,
    params(("id" = String, Path, description = "The patient")),
    responses((status = 200, description = "As it is now", body = PatientView), Refusals),
)]
pub(crate) async fn patient_patch(
    State(users): State<Users>,
    grant: Grant<ChangePatients>,
    PathId(id): PathId<kinds::Patient>,
    Body(change): Body<PatientChange>,
) -> Result<Json<PatientView>> {
    let tenant = grant.own_tenant()?;
    let today = tenant.zone().day(users.core.clock.now());
    if change.date_of_birth.is_some_and(|day| day > today) {
        return Err(Error::field("dateOfBirth", Issue::invalid("must not be in the future")));
    }
    let write = PatientWrite {
        name: change.name,
        mobile: change.mobile,
        date_of_birth: change.date_of_birth,
    };
    let changed = users.core.store.of(&tenant).change_patient(&id, &write).await?;
    changed.map(|patient| Json(PatientView::of(patient))).ok_or(Error::NotFound)
}
