//! What follows from an event about an appointment of ours.

use crate::{RazorpayWebhook, event::Event};
use shared::{
    models::{
        Appointment, Instant, PaidBy, Payment, PaymentId, PaymentStatus, RefundId, RefundStatus,
    },
    outbound::RazorpayRefund,
    settlement,
    store::{Due, HospitalStore, WebhookEvent},
    web::Result,
};

/// Applies an event. Whatever it is about, a payment it shows as captured is settled: events come
/// in any order, and each ends in the same state.
pub(crate) async fn apply(
    webhook: &RazorpayWebhook,
    event: &Event,
    noted: &WebhookEvent,
    (due, via): (Due, PaidBy),
) -> Result<()> {
    let now = webhook.core.clock.now();
    let store = webhook.core.store.of(&due.tenant);
    let told = event.payment_as_told(via, now);
    let (refund, dispute) = (event.refund(), event.dispute());
    if refund.is_none() && dispute.is_none() {
        return paid(webhook, &store, due.appointment, told.as_ref(), noted).await;
    }
    let captured = told.filter(|told| told.status >= PaymentStatus::Captured);
    let appointment = match captured.filter(|told| !due.appointment.knows(told)) {
        Some(told) => {
            let with = (webhook.core.entropy, now);
            settlement::capture(&store, due.appointment, &told, None, with).await?
        }
        None => due.appointment,
    };
    if let Some(refund) = refund {
        return refunded(webhook, &store, appointment, &refund, noted).await;
    }
    let dispute = dispute.and_then(|told| told.as_told(now));
    let next = |current: &Appointment| current.disputed(dispute.as_ref()?, now);
    if let Some(dispute) = dispute.as_ref().filter(|_| next(&appointment).is_some()) {
        tracing::error!(alarm = "payment-disputed", status = ?dispute.status, appointment = %appointment.id, "a payment is disputed");
    }
    settlement::note(&store, appointment, noted, next).await
}

async fn paid(
    webhook: &RazorpayWebhook,
    store: &HospitalStore,
    appointment: Appointment,
    told: Option<&Payment>,
    noted: &WebhookEvent,
) -> Result<()> {
    match told {
        Some(told) if told.status >= PaymentStatus::Captured => {
            let with = (webhook.core.entropy, webhook.core.clock.now());
            settlement::capture(store, appointment, told, Some(noted), with).await.map(|_| ())
        }
        Some(told) => {
            let now = webhook.core.clock.now();
            settlement::note(store, appointment, noted, |current| current.heard_of(told, now)).await
        }
        None => settlement::note(store, appointment, noted, |_| None).await,
    }
}

async fn refunded(
    webhook: &RazorpayWebhook,
    store: &HospitalStore,
    appointment: Appointment,
    told: &RazorpayRefund,
    noted: &WebhookEvent,
) -> Result<()> {
    let now = webhook.core.clock.now();
    let new: RefundId = webhook.core.entropy.id(now)?;
    let ours = appointment.refund_told(told.ours(), &told.id).is_some();
    if !ours {
        tracing::warn!(
            alarm = "refund-unknown",
            refund = %told.id,
            payment = told.payment_id.as_ref().map(PaymentId::as_str),
            "Razorpay tells of a refund that is not ours"
        );
    } else if told.status() == RefundStatus::Failed {
        tracing::error!(alarm = "refund-failed", refund = %told.id, "Razorpay could not pay a refund back");
    }
    settlement::note(store, appointment, noted, |current| next(current, told, &new, now)).await
}

/// The state after a refund's news. One made in the dashboard is taken over; where it does not fit
/// what we have, Razorpay is asked about all of it, which goes into the report.
fn next(
    current: &Appointment,
    told: &RazorpayRefund,
    new: &RefundId,
    now: Instant,
) -> Option<Appointment> {
    if let Some(id) = current.refund_told(told.ours(), &told.id) {
        return current.refund_moved(&id, &told.id, told.status(), now);
    }
    let outside = told.from_outside(new.clone(), now)?;
    if outside.status == RefundStatus::Failed {
        return None;
    }
    let taken_over = current.refunded_outside(outside, now);
    Some(taken_over.unwrap_or_else(|| current.to_be_asked(now)))
}
