//! `POST /payments/counter/refund`: money is handed back at the hospital's desk.

use crate::{Payments, refusal::contended};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{Appointment, AppointmentId, Instant},
    settlement::{TRIES, count_refunds},
    store::{Change, HospitalStore},
    tenancy::{Grant, Reach, TakePayments},
    web::{AppointmentView, Body, Code, Error, Json, RefundView, Refusals, Result},
};
use utoipa::ToSchema;

body! {
    /// Of which appointment.
    pub(crate) struct CounterRefundRequest {
        /// The appointment.
        appointment_id: AppointmentId = "appointmentId",
    }
}

/// The appointment and what was handed back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CounterRefundReply {
    appointment: AppointmentView,
    /// Each with its `amount` in minor units (paise), and its `currency` beside that.
    refunds: Vec<RefundView>,
}

/// Notes that what an appointment owes at the desk was handed back. Saying so twice changes
/// nothing.
#[utoipa::path(
    post, path = "/payments/counter/refund", tag = "payments", security(("bearer" = [])),
    request_body = CounterRefundRequest,
    responses((status = 200, description = "Handed back", body = CounterRefundReply), Refusals),
)]
pub(crate) async fn counter_refund(
    State(payments): State<Payments>,
    grant: Grant<TakePayments>,
    Body(request): Body<CounterRefundRequest>,
) -> Result<Json<CounterRefundReply>> {
    let (tenant, now) = (grant.own_tenant()?, payments.core.clock.now());
    let store = payments.core.store.of(&tenant);
    let appointment = handed_back(&store, &request.appointment_id, now).await?;
    let refunds = appointment.refunds.iter().filter(|refund| refund.at_desk);
    let refunds: Vec<RefundView> = refunds.map(RefundView::of).collect();
    if refunds.is_empty() {
        return Err(Error::conflict(Code::NothingToRefund, "Nothing is owed at the desk."));
    }
    let appointment = AppointmentView::of(&appointment, &tenant, now);
    Ok(Json(CounterRefundReply { appointment, refunds }))
}

async fn handed_back(
    store: &HospitalStore,
    id: &AppointmentId,
    now: Instant,
) -> Result<Appointment> {
    for _ in 0..TRIES {
        let found = store.appointment(id, &Reach::Hospital).await?;
        let mut current = found.ok_or(Error::NotFound)?;
        let mut stale = false;
        for (refund, _) in current.owed_at_desk() {
            let Some(next) = current.refunded_at_desk(&refund, now) else {
                continue;
            };
            stale = store.change_appointment(&next).await? == Change::Stale;
            if stale {
                break;
            }
            count_refunds(&current, &next);
            current = next;
        }
        if !stale {
            return Ok(current);
        }
    }
    Err(contended())
}
