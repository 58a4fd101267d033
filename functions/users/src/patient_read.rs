//! `GET /patients/{id}`.

use crate::Users;
use axum::extract::State;
use shared::{
    models::kinds,
    tenancy::{Grant, ReadPatients},
    web::{Error, Json, PathId, PatientView, Refusals, Result},
};

/// One patient.
#[utoipa::path(
    get, path = "/patients/{id}", tag = "people", security(("bearer" = [])),
    params(("id" = String, Path, description = "The patient")),
    responses((status = 200, description = "The patient", body = PatientView), Refusals),
)]
pub(crate) async fn patient_read(
    State(users): State<Users>,
    grant: Grant<ReadPatients>,
    PathId(id): PathId<kinds::Patient>,
) -> Result<Json<PatientView>> {
    let store = users.core.store.of(&grant.own_tenant()?);
    let patient = store.patient(&id).await?.ok_or(Error::NotFound)?;
    Ok(Json(PatientView::of(patient)))
}
