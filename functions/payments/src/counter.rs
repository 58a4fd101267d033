//! `POST /payments/counter`: somebody pays at the hospital's desk.

use crate::{Payments, refusal::refused};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, AppointmentId, DeskMethod, DeskPayment, DeskReference, Instant, Payment,
        PaymentId,
    },
    settlement,
    tenancy::{Grant, Reach, TakePayments, Tenant},
    web::{
        AppointmentView, Body, Created, Error, PaymentSummary, RefundView, Refusals, Result, Run,
    },
};
use utoipa::ToSchema;

body! {
    /// What is paid, and how.
    pub(crate) struct CounterRequest {
        /// The appointment. It is paid in full: nobody sends an amount.
        appointment_id: AppointmentId = "appointmentId",
        /// In cash, by card at the desk's own terminal, or by UPI to the desk's own code.
        method: DeskMethod = "method",
        /// The number on the slip, or of the UPI transaction.
        reference: Option<DeskReference> = "reference",
    }
}

/// The appointment and its payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CounterReply {
    appointment: AppointmentView,
    payment: PaymentSummary,
    /// What is to be handed back at once: the slot had just gone to somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundView>,
}

/// Notes a payment at the desk, and confirms the appointment by the same transition as a payment
/// by Razorpay. A hold that has run out is no obstacle as long as the slot is free.
#[utoipa::path(
    post, path = "/payments/counter", tag = "payments", security(("bearer" = [])),
    request_body = CounterRequest,
    responses((status = 201, description = "Paid", body = CounterReply), Refusals),
)]
pub(crate) async fn counter(
    State(payments): State<Payments>,
    grant: Grant<TakePayments>,
    run: Run,
    Body(request): Body<CounterRequest>,
) -> Result<Created<CounterReply>> {
    let (tenant, now) = (grant.own_tenant()?, payments.core.clock.now());
    let store = payments.core.store.of(&tenant);
    let found = store.appointment(&request.appointment_id, &Reach::Hospital).await?;
    let appointment = found.ok_or(Error::NotFound)?;
    let id = run.id(payments.core.entropy, now)?;
    // A run before this one has noted it, and nobody was told.
    let noted = PaymentId::at_desk(&id);
    if let Some(payment) = appointment.payments.iter().find(|payment| payment.id == noted) {
        return Ok(Created(CounterReply::of(payment, &appointment, &tenant, now)));
    }
    let desk = DeskPayment {
        id,
        method: request.method,
        reference: request.reference,
        taken_by: grant.account().clone(),
    };
    let payment = appointment.paid_at_desk(desk, now).map_err(refused)?;
    let with = (payments.core.entropy, now);
    let appointment = settlement::capture(&store, appointment, &payment, None, with).await?;
    Ok(Created(CounterReply::of(&payment, &appointment, &tenant, now)))
}

impl CounterReply {
    fn of(payment: &Payment, appointment: &Appointment, tenant: &Tenant, now: Instant) -> Self {
        let back = appointment.refunds.iter().find(|refund| refund.payment_id == payment.id);
        Self {
            refund: back.map(RefundView::of),
            payment: PaymentSummary::of(payment),
            appointment: AppointmentView::of(appointment, tenant, now),
        }
    }
}
