//! `POST /payment/create-order`: what Razorpay Checkout needs.

use crate::{
    Payments,
    refusal::{contended, refused},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use serde_json::json;
use shared::{
    body,
    models::{
        Appointment, AppointmentId, Currency, Email, Mobile, Name, Order, OrderId, PaymentAccountId,
    },
    outbound::Razorpay,
    settlement::TRIES,
    store::{Change, HospitalStore, Payable},
    tenancy::{Grant, PayAppointment, Reach},
    web::{Body, Created, Error, Json, Refusals, Result},
};
use utoipa::ToSchema;

body! {
    /// What is to be paid.
    pub(crate) struct OrderRequest {
        /// The appointment.
        appointment_id: AppointmentId = "appointmentId",
    }
}

/// An order, ready for Razorpay Checkout.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderReply {
    order_id: OrderId,
    /// Minor units (paise).
    amount: i64,
    currency: Currency,
    /// Razorpay's public key.
    key_id: String,
    appointment_id: AppointmentId,
    prefill: Prefill,
}

/// What Checkout's form is filled with.
#[derive(Debug, Serialize, ToSchema)]
struct Prefill {
    name: Name,
    email: Email,
    contact: Mobile,
}

/// Makes the order of a held appointment. Asking again gives the same order, with 200. The amount
/// is the appointment's own; nobody sends one.
#[utoipa::path(
    post, path = "/payment/create-order", tag = "payments", security(("bearer" = [])),
    request_body = OrderRequest,
    responses(
        (status = 201, description = "Made", body = OrderReply),
        (status = 200, description = "Made before", body = OrderReply),
        Refusals,
    ),
)]
pub(crate) async fn create_order(
    State(payments): State<Payments>,
    grant: Grant<PayAppointment>,
    Body(request): Body<OrderRequest>,
) -> Result<Response> {
    let store = payments.core.store.of(&grant.own_tenant()?);
    let found = store.payable(&request.appointment_id, &grant.reach()).await?;
    let Payable { appointment, accounts } = found.ok_or(Error::NotFound)?;
    appointment.payable(payments.core.clock.now()).map_err(refused)?;
    let merchants = payments.merchants.of(&accounts);
    let to = match &appointment.order {
        Some(order) => (order.account.clone(), merchants.with(order.account.as_ref())?),
        None => merchants.current()?,
    };
    // The patient's address is read while Razorpay is asked.
    let patient = appointment.patient.id.clone();
    let (ordered, patient) =
        tokio::join!(ordered(&payments, &store, appointment, &to), store.patient(&patient));
    let ((order, is_new), patient) = (ordered?, patient?.ok_or(Error::NotFound)?);
    // Two may have asked while the hospital changed its account: the order says which it is.
    let key_id = merchants.with(order.account.as_ref())?.key_id().to_owned();
    let reply = OrderReply {
        order_id: order.id,
        amount: order.amount.amount(),
        currency: order.amount.currency(),
        key_id,
        appointment_id: request.appointment_id,
        prefill: Prefill { name: patient.name, email: patient.email, contact: patient.mobile },
    };
    Ok(if is_new { Created(reply).into_response() } else { Json(reply).into_response() })
}

/// The appointment's order: the one it has, or the one Razorpay has under its id as receipt, or a
/// new one. Of two made at once one is kept; the other is never paid, for nobody is told of it.
async fn ordered(
    payments: &Payments,
    store: &HospitalStore,
    appointment: Appointment,
    (account, razorpay): &(Option<PaymentAccountId>, Razorpay),
) -> Result<(Order, bool)> {
    let mut current = appointment;
    if let Some(order) = current.order {
        return Ok((order, false));
    }
    let notes = json!({ "appointment": current.id.as_str() });
    let id = razorpay.order(current.id.as_str(), current.fee, notes).await?;
    for _ in 0..TRIES {
        let now = payments.core.clock.now();
        let amount = current.payable(now).map_err(refused)?;
        let order = Order { id: id.clone(), amount, account: account.clone(), created_at: now };
        if store.change_appointment(&current.with_order(order.clone())).await? == Change::Done {
            return Ok((order, true));
        }
        current = store.appointment(&current.id, &Reach::Hospital).await?.ok_or(Error::NotFound)?;
        if let Some(order) = current.order {
            return Ok((order, false));
        }
    }
    Err(contended())
}
