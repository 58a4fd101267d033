//! `GET /appointments/{id}/cancel-quote`: what calling off would give back.

use crate::Appointments;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{AppointmentRefusal, Money, kinds},
    tenancy::{CancelAppointment, Grant},
    web::{Code, Error, Json, PathId, Refusals, Result},
};
use utoipa::ToSchema;

/// What cancelling now would refund.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelQuoteView {
    refund: Money,
    /// Of what was paid.
    percent: u8,
    /// The rule in words.
    rule: String,
}

/// Exactly what cancelling at this moment would refund, and by which rule.
#[utoipa::path(
    get, path = "/appointments/{id}/cancel-quote", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    responses((status = 200, description = "The quote", body = CancelQuoteView), Refusals),
)]
pub(crate) async fn cancel_quote(
    State(this): State<Appointments>,
    grant: Grant<CancelAppointment>,
    PathId(id): PathId<kinds::Appointment>,
) -> Result<Json<CancelQuoteView>> {
    let store = this.core.store.of(&grant.own_tenant()?);
    let appointment = store.appointment(&id, &grant.reach()).await?.ok_or(Error::NotFound)?;
    let quote =
        appointment.cancel_quote(grant.role(), this.core.clock.now()).map_err(|refusal| {
            match refusal {
                AppointmentRefusal::Started => Error::conflict(
                    Code::AlreadyStarted,
                    "It has begun; only the doctor or the hospital can call it off.",
                ),
                _ => Error::conflict(Code::NotCancellable, "The appointment is over."),
            }
        })?;
    Ok(Json(CancelQuoteView { refund: quote.refund, percent: quote.percent, rule: quote.rule }))
}
