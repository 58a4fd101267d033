//! `PATCH /hospital`: changes the own hospital.

use crate::{Hospitals, view::HospitalView};
use axum::extract::State;
use shared::{
    body,
    models::Name,
    tenancy::{ChangeHospital, Grant},
    web::{Body, Error, Json, Refusals, Result},
};

body! {
    /// What is changed.
    pub(crate) struct HospitalChange {
        /// What people call it.
        name: Name = "name",
    }
}

/// Changes the hospital's name.
#[utoipa::path(
    patch, path = "/hospital", tag = "hospitals", security(("bearer" = [])),
    request_body = HospitalChange,
    responses((status = 200, description = "As it is now", body = HospitalView), Refusals),
)]
pub(crate) async fn change(
    State(this): State<Hospitals>,
    grant: Grant<ChangeHospital>,
    Body(change): Body<HospitalChange>,
) -> Result<Json<HospitalView>> {
    let tenant = grant.own_tenant()?;
    let changed = this.core.store.of(&tenant).rename_hospital(&tenant, &change.name).await?;
    changed.map(HospitalView::of).map(Json).ok_or(Error::NotFound)
}
