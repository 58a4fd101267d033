//! `PATCH /hospital`: changes the own hospital.

use crate::{Hospitals, view::HospitalView};
use axum::extract::State;
use shared::{
    body,
    models::{CancellationPolicy, Name},
    tenancy::{ChangeHospital, Grant},
    web::{Body, Error, Json, Refusals, Result},
};

body! {
    /// What is changed.
    pub(crate) struct HospitalChange {
        /// What people call it.
        name: Option<Name> = "name",
        /// What patients get back, of what is booked from now on.
        cancellation: Option<CancellationPolicy> = "cancellation",
    }
}

/// Changes the hospital's name and its terms of cancellation, whichever is given.
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
    let store = this.core.store.of(&tenant);
    let (name, cancellation) = (change.name.as_ref(), change.cancellation.as_ref());
    let changed = store.change_hospital(&tenant, name, cancellation).await?;
    changed.map(HospitalView::of).map(Json).ok_or(Error::NotFound)
}
