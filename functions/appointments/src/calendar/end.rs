//! `DELETE /me/calendar`: the link to one's calendar ends.

use crate::Appointments;
use axum::extract::State;
use shared::{
    tenancy::{Grant, ReadOwnAppointments},
    web::{NoContent, Refusals, Result},
};

/// Ends the link to one's calendar, if there is one.
#[utoipa::path(
    delete, path = "/me/calendar", tag = "appointments", security(("bearer" = [])),
    responses((status = 204, description = "There is none any more"), Refusals),
)]
pub(crate) async fn end(
    State(this): State<Appointments>,
    grant: Grant<ReadOwnAppointments>,
) -> Result<NoContent> {
    this.core.store.of(&grant.own_tenant()?).set_calendar(grant.account(), None).await?;
    Ok(NoContent)
}
