//! `GET /hospital`: the own hospital.

use crate::{Hospitals, view::HospitalView};
use axum::extract::State;
use shared::{
    tenancy::{Grant, ReadHospital},
    web::{Error, Json, Refusals, Result},
};

/// The caller's hospital.
#[utoipa::path(
    get, path = "/hospital", tag = "hospitals", security(("bearer" = [])),
    responses((status = 200, description = "The hospital", body = HospitalView), Refusals),
)]
pub(crate) async fn own(
    State(this): State<Hospitals>,
    grant: Grant<ReadHospital>,
) -> Result<Json<HospitalView>> {
    let tenant = grant.own_tenant()?;
    let hospital = this.core.store.of(&tenant).hospital(&tenant).await?.ok_or(Error::NotFound)?;
    Ok(Json(HospitalView::of(hospital)))
}
