//! `GET /appointments/{id}`.

use crate::{Appointments, queue};
use axum::extract::State;
use shared::{
    models::{Appointment, Instant, kinds},
    tenancy::{Grant, ReadAppointments, Tenant},
    web::{AppointmentView, Error, Json, PathId, Refusals, Result},
};

/// One appointment as it is at this instant, with what became of it and the link to its number.
pub(crate) fn in_full(
    this: &Appointments,
    appointment: &Appointment,
    tenant: &Tenant,
    now: Instant,
) -> AppointmentView {
    let link = queue::link_of(&this.links, tenant, appointment, now);
    AppointmentView::in_full(appointment, link, tenant, now)
}

/// One appointment within the caller's reach, with what became of it: who, when and why. While the
/// patient is there, `queueLink` is the link to his number in the queue.
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
    Ok(Json(in_full(&this, &appointment, &tenant, this.core.clock.now())))
}
