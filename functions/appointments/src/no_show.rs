//! `POST /appointments/{id}/no-show`: the patient did not come.

use crate::Appointments;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{Appointment, AppointmentId, AppointmentRefusal, NewIds, NoShow, RefundCause, kinds},
    settlement::TRIES,
    store::{Change, HospitalStore},
    tenancy::{Grant, NoteNoShow},
    web::{AppointmentView, Error, Json, PathId, RefundView, Refusals, Result},
};
use utoipa::ToSchema;

/// The appointment and what goes back by the terms it was booked under.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoShowReply {
    appointment: AppointmentView,
    #[schema(required)]
    refund: Option<RefundView>,
}

/// Notes that the patient did not come, once the appointment has begun. What the terms give back
/// then goes back within minutes. Noting it twice changes nothing.
#[utoipa::path(
    post, path = "/appointments/{id}/no-show", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    responses((status = 200, description = "Noted", body = NoShowReply), Refusals),
)]
pub(crate) async fn no_show(
    State(this): State<Appointments>,
    grant: Grant<NoteNoShow>,
    PathId(id): PathId<kinds::Appointment>,
) -> Result<Json<NoShowReply>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let store = this.core.store.of(&tenant);
    let appointment = noted(&this, &store, &grant, &id).await?;
    let refund = appointment.refunds.iter().find(|refund| refund.cause == RefundCause::NoShow);
    Ok(Json(NoShowReply {
        refund: refund.map(RefundView::of),
        appointment: AppointmentView::of(&appointment, &tenant, now),
    }))
}

async fn noted(
    this: &Appointments,
    store: &HospitalStore,
    grant: &Grant<NoteNoShow>,
    id: &AppointmentId,
) -> Result<Appointment> {
    let (now, entropy) = (this.core.clock.now(), this.core.entropy);
    for _ in 0..TRIES {
        let appointment = store.appointment(id, &grant.reach()).await?.ok_or(Error::NotFound)?;
        let ids = NewIds {
            refund: entropy.id(now)?,
            refund_effect: entropy.id(now)?,
            mail: entropy.id(now)?,
        };
        match appointment.no_show(&ids, now).map_err(refused)? {
            NoShow::Already => return Ok(appointment),
            NoShow::Now(next) => {
                if store.change_appointment(&next).await? == Change::Done {
                    return Ok(*next);
                }
            }
        }
    }
    Err(Error::conflict("CONFLICT", "The appointment is being changed by others; try again."))
}

fn refused(refusal: AppointmentRefusal) -> Error {
    match refusal {
        AppointmentRefusal::NotStarted => {
            Error::conflict("NOT_STARTED", "It has not begun: nobody has failed to come.")
        }
        _ => Error::conflict("NOT_CONFIRMED", "Only a confirmed appointment can be missed."),
    }
}
