//! `POST /payment/verify`: the browser comes back from Razorpay Checkout.

use crate::Payments;
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, Issue, IssueCode, Order, OrderId, PaidBy, Parse, Payment, PaymentId,
        PaymentStatus, Refund,
    },
    outbound::{self, Razorpay, RazorpayPayment},
    settlement,
    store::{HospitalStore, Payable},
    tenancy::{Grant, PayAppointment},
    web::{AppointmentView, Body, Code, Error, Json, PaymentSummary, RefundView, Refusals, Result},
};
use utoipa::ToSchema;

/// A signature in hexadecimal; whether it is right is a question for later.
pub(crate) struct Signature(String);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature(…)")
    }
}

impl Parse for Signature {
    fn parse(text: &str) -> std::result::Result<Self, Issue> {
        if text.is_empty() || text.len() > 256 {
            return Err(Issue::new(IssueCode::Length, "must have 1 to 256 characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

body! {
    /// What Checkout hands over when a payment succeeds.
    pub(crate) struct Callback {
        /// The order.
        order: OrderId = "razorpay_order_id",
        /// The payment.
        payment: PaymentId = "razorpay_payment_id",
        /// Razorpay's signature over both.
        #[schema(value_type = String, min_length = 1, max_length = 256)]
        signature: Signature = "razorpay_signature",
    }
}

/// The appointment and its payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verified {
    appointment: AppointmentView,
    payment: PaymentSummary,
    /// What of this payment goes back by itself: the slot had just gone to somebody else, or the
    /// appointment was paid or cancelled before.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundView>,
}

/// Verifies a payment: the signature over the order we stored, then the payment as Razorpay has
/// it, captured if it was only authorised. Amount, currency and order must be ours. The appointment
/// is then confirmed, or, where its slot has gone to somebody else, it was cancelled or is paid
/// already, stays as it is, and `refund` says what goes back: look at its `status`.
#[utoipa::path(
    post, path = "/payment/verify", tag = "payments", security(("bearer" = [])), request_body = Callback,
    responses((status = 200, description = "Verified", body = Verified), Refusals),
)]
pub(crate) async fn verify(
    State(payments): State<Payments>,
    grant: Grant<PayAppointment>,
    Body(callback): Body<Callback>,
) -> Result<Json<Verified>> {
    let (tenant, now) = (grant.own_tenant()?, payments.core.clock.now());
    let store = payments.core.store.of(&tenant);
    let found = store.payable_by_order(&callback.order, &grant.reach()).await?;
    let Payable { appointment, accounts } = found.ok_or(Error::NotFound)?;
    let order = appointment.order.clone().ok_or(Error::NotFound)?;
    let merchants = payments.merchants.of(&accounts);
    let razorpay = merchants.with(order.account.as_ref())?;
    if !razorpay.signed(&order.id, &callback.payment, &callback.signature.0) {
        let detail = "The signature does not belong to this order and payment.".to_owned();
        return Err(Error::Malformed { code: Code::InvalidSignature, detail });
    }
    let told = read_payment(&payments, &razorpay, &callback.payment, &order).await?;
    let appointment = settled(&payments, &store, appointment, &told).await?;
    let appointment = settlement::pay_back(&store, merchants, appointment, now).await?;
    let stray = |back: &&Refund| back.payment_id == told.id && back.cause.is_stray();
    let back = appointment.refunds.iter().find(stray);
    Ok(Json(Verified {
        refund: back.map(RefundView::of),
        payment: PaymentSummary::of(&told),
        appointment: AppointmentView::of(&appointment, &tenant, now),
    }))
}

/// The payment as Razorpay has it now.
async fn read_payment(
    payments: &Payments,
    razorpay: &Razorpay,
    id: &PaymentId,
    order: &Order,
) -> Result<Payment> {
    let told: RazorpayPayment = match razorpay.captured(id, order.amount).await {
        Err(outbound::Error::Refused { .. }) => return Err(Error::NotFound),
        result => result?,
    };
    if told.order_id.as_ref() != Some(&order.id) {
        return Err(Error::NotFound);
    }
    told.as_told(PaidBy::Checkout, payments.core.clock.now()).ok_or_else(unfinished)
}

fn unfinished() -> Error {
    Error::conflict(Code::PaymentUnfinished, "Razorpay is still working on the payment.")
}

async fn settled(
    payments: &Payments,
    store: &HospitalStore,
    appointment: Appointment,
    told: &Payment,
) -> Result<Appointment> {
    match told.status {
        PaymentStatus::Failed => {
            return Err(Error::conflict(Code::PaymentNotCaptured, "The payment did not succeed."));
        }
        PaymentStatus::Authorized => return Err(unfinished()),
        PaymentStatus::Captured | PaymentStatus::Refunded => {}
    }
    if appointment.knows(told) {
        return Ok(appointment);
    }
    let core = &payments.core;
    settlement::capture(store, appointment, told, None, (core.entropy, core.clock.now())).await
}
