//! `POST /slots/cancel`: an appointment is called off.

use crate::Slots;
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, Decided, PaymentAccount,
        Reason,
    },
    settlement::{self, TRIES},
    store::{HospitalStore, Payable, Released},
    tenancy::{CancelAppointment, Grant},
    web::{AppointmentView, Body, Code, Error, Json, RefundView, Refusals, Result},
};
use utoipa::ToSchema;

body! {
    /// Which appointment, and why.
    pub(crate) struct CancelRequest {
        /// The appointment.
        appointment_id: AppointmentId = "appointmentId",
        /// Why.
        reason: Option<Reason> = "reason",
    }
}

/// The cancelled appointment and what goes back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelReply {
    appointment: AppointmentView,
    #[schema(required)]
    refund: Option<RefundView>,
}

/// Calls an appointment off: the slot opens, and what the terms give back is refunded. Calling
/// off twice gives the same answer.
#[utoipa::path(
    post, path = "/slots/cancel", tag = "slots", security(("bearer" = [])), request_body = CancelRequest,
    responses((status = 200, description = "Cancelled", body = CancelReply), Refusals),
)]
pub(crate) async fn cancel(
    State(slots): State<Slots>,
    grant: Grant<CancelAppointment>,
    Body(request): Body<CancelRequest>,
) -> Result<Json<CancelReply>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    let (cancelled, accounts) = cancelled(&slots, &store, &grant, &request).await?;
    let merchants = slots.merchants.of(&accounts);
    let appointment = settlement::pay_back(&store, merchants, cancelled, now).await?;
    Ok(Json(CancelReply {
        refund: appointment.cancellation_refund().map(RefundView::of),
        appointment: AppointmentView::of(&appointment, &tenant, now),
    }))
}

async fn cancelled(
    slots: &Slots,
    store: &HospitalStore,
    grant: &Grant<CancelAppointment>,
    request: &CancelRequest,
) -> Result<(Appointment, Vec<PaymentAccount>)> {
    let now = slots.core.clock.now();
    for _ in 0..TRIES {
        let found = store.payable(&request.appointment_id, &grant.reach()).await?;
        let Payable { appointment, accounts } = found.ok_or(Error::NotFound)?;
        let ids = settlement::new_ids(slots.core.entropy, now)?;
        let by = (grant.role(), grant.account());
        match appointment.cancel(by, request.reason.clone(), ids, now).map_err(refused)? {
            Decided::Already => return Ok((appointment, accounts)),
            Decided::Now(next) => {
                if let Released::Done { kept } = store.release(&next, now).await? {
                    if kept {
                        slots.jobs.start(&slots.core, "waitlist").await;
                    }
                    return Ok((*next, accounts));
                }
            }
        }
    }
    Err(Error::conflict(Code::Conflict, "The appointment is being changed by others; try again."))
}

fn refused(refusal: AppointmentRefusal) -> Error {
    match refusal {
        AppointmentRefusal::Started => Error::conflict(
            Code::AlreadyStarted,
            "It has begun; only the doctor or the hospital can call it off.",
        ),
        AppointmentRefusal::NotLive(AppointmentStatus::Expired)
        | AppointmentRefusal::HoldExpired => Error::conflict(
            Code::HoldExpired,
            "It was not paid in time and holds no slot any more.",
        ),
        _ => Error::conflict(Code::NotCancellable, "The appointment is over."),
    }
}
