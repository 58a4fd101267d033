//! `GET /appointments/{id}`.

use crate::Appointments;
use axum::extract::State;
use shared::{
    models::kinds,
    tenancy::{Grant, ReadAppointments},
    web::{AppointmentView, Error, Json, PathId, Refusals, Result},
};

/// One appointment within the caller's reach, with what became of it: who, when and why.
#[utoipa::path(
    get, path = "/appointments/{id}", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    responses((status = 200, description = "The appointment", body = AppointmentView), Refusals),
)]
pub(crate) async fn read(
    State(this): State<Appointments>,
    grant: Grant<ReadAppointments>,
    PathId(id): PathId<kinds::Appointment>,
) -> Result<Json<AppointmentView>> {
    let tenant = grant.own_tenant()?;
    let found = this.core.store.of(&tenant).appointment(&id, &grant.reach()).await?;
    let appointment = found.ok_or(Error::NotFound)?;
    Ok(Json(AppointmentView::in_full(&appointment, &tenant, this.core.clock.now())))
}
