//! `GET /me/patients`: those the account acts for.

use crate::Users;
use axum::extract::State;
use shared::{
    tenancy::{Grant, ReadOwnPatients},
    web::{Json, List, PatientView, Refusals, Result},
};

/// The patients this account acts for; a family has several.
#[utoipa::path(
    get, path = "/me/patients", tag = "people", security(("bearer" = [])),
    responses((status = 200, description = "The patients", body = List<PatientView>), Refusals),
)]
pub(crate) async fn my_patients(
    State(users): State<Users>,
    grant: Grant<ReadOwnPatients>,
) -> Result<Json<List<PatientView>>> {
    let store = users.core.store.of(&grant.own_tenant()?);
    let patients = store.patients_of(grant.account()).await?;
    Ok(Json(List { items: patients.into_iter().map(PatientView::of).collect(), next_cursor: None }))
}
