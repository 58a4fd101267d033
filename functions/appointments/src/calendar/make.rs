//! `POST /me/calendar`: a link to one's appointments as a calendar.

use super::{CalendarLink, Opened};
use crate::Appointments;
use axum::extract::State;
use data_encoding::BASE64URL_NOPAD;
use shared::{
    tenancy::{Grant, ReadOwnAppointments},
    web::{Created, Error, Refusals, Result},
};

/// Makes a secret link to one's own appointments as a calendar (RFC 5545), which calendar programs
/// subscribe to. The link before it ends.
#[utoipa::path(
    post, path = "/me/calendar", tag = "appointments", security(("bearer" = [])),
    responses((status = 201, description = "The link", body = CalendarLink), Refusals),
)]
pub(crate) async fn make(
    State(this): State<Appointments>,
    grant: Grant<ReadOwnAppointments>,
) -> Result<Created<CalendarLink>> {
    let tenant = grant.own_tenant()?;
    let secret = BASE64URL_NOPAD.encode(&this.core.entropy.bytes::<16>()?);
    let (account, role) = (grant.account().clone(), grant.role());
    if !this.core.store.of(&tenant).set_calendar(&account, Some(&secret)).await? {
        return Err(Error::NotFound);
    }
    Ok(Created(CalendarLink::of(&this.links, &tenant, &Opened { account, role, secret })))
}
