//! `POST /slots/cancel`: an appointment is called off.

use crate::Slots;
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, Cancelling, Currency,
        NewIds, Reason, Refund, RefundStatus,
    },
    settlement,
    store::{Change, HospitalStore},
    tenancy::{CancelAppointment, Grant},
    web::{AppointmentView, Body, Error, Json, Refusals, Result},
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

/// Money that goes back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefundView {
    /// Minor units (paise).
    amount: i64,
    currency: Currency,
    status: RefundStatus,
}

impl RefundView {
    fn of(refund: &Refund) -> Self {
        let amount = refund.amount;
        Self { amount: amount.amount(), currency: amount.currency(), status: refund.status }
    }
}

/// How often a decision is made again because the appointment changed meanwhile.
const TRIES: usize = 8;

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
    let cancelled = cancelled(&slots, &store, &grant, &request).await?;
    let appointment = settlement::pay_back(&store, &slots.razorpay, cancelled).await?;
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
) -> Result<Appointment> {
    let now = slots.core.clock.now();
    for _ in 0..TRIES {
        let found = store.appointment(&request.appointment_id, &grant.reach()).await?;
        let appointment = found.ok_or(Error::NotFound)?;
        let ids = NewIds {
            refund: slots.core.entropy.id(now)?,
            refund_effect: slots.core.entropy.id(now)?,
            mail: slots.core.entropy.id(now)?,
        };
        let by = (grant.role(), grant.account());
        match appointment.cancel(by, request.reason.clone(), ids, now).map_err(refused)? {
            Cancelling::Already => return Ok(appointment),
            Cancelling::Now(next) => {
                if store.release(&next).await? == Change::Done {
                    return Ok(*next);
                }
            }
        }
    }
    Err(Error::conflict("CONFLICT", "The appointment is being changed by others; try again."))
}

fn refused(refusal: AppointmentRefusal) -> Error {
    match refusal {
        AppointmentRefusal::Started => Error::conflict(
            "ALREADY_STARTED",
            "It has begun; only the doctor or the hospital can call it off.",
        ),
        AppointmentRefusal::NotLive(AppointmentStatus::Expired)
        | AppointmentRefusal::HoldExpired => {
            Error::conflict("HOLD_EXPIRED", "It was not paid in time and holds no slot any more.")
        }
        _ => Error::conflict("NOT_CANCELLABLE", "The appointment is over."),
    }
}
