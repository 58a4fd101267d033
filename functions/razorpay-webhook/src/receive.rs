//! `POST /webhooks/razorpay`: what happened to payments and refunds, from Razorpay itself.

use crate::{RazorpayWebhook, event::Event};
use axum::{body::Bytes, extract::State};
use http::HeaderMap;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shared::{
    models::{Payment, PaymentStatus},
    outbound::{RazorpayRefund, our_refund},
    settlement,
    store::{Due, WebhookEvent},
    web::{Error, Json, Refusals, Result, Trail},
};
use utoipa::ToSchema;

/// What Razorpay is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Received {
    received: bool,
}

/// Takes an event. The signature over the body as it came is the only authority. The event and
/// what follows from it are written in one transaction; a repetition changes nothing and is
/// answered the same, as is an event that is not known.
#[utoipa::path(
    post, path = "/webhooks/razorpay", tag = "payments",
    request_body(content = serde_json::Value, description = "Razorpay's event"),
    params(
        ("x-razorpay-signature" = String, Header, description = "HMAC-SHA-256 of the body, hexadecimal"),
        ("x-razorpay-event-id" = Option<String>, Header, description = "The same for every repetition"),
    ),
    responses((status = 200, description = "Taken", body = Received), Refusals),
)]
pub(crate) async fn receive(
    State(webhook): State<RazorpayWebhook>,
    trail: Trail,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Received>> {
    let header = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let signature = header("x-razorpay-signature").unwrap_or_default();
    let signed = webhook.secrets.as_ref().is_some_and(|secrets| secrets.signed(&body, signature));
    if !signed {
        tracing::warn!(alarm = "webhook-signature", "a webhook's signature is wrong");
        let detail = "The signature does not belong to this body.".to_owned();
        return Err(Error::Malformed { code: "INVALID_SIGNATURE", detail });
    }
    let event: Event = serde_json::from_slice(&body).unwrap_or_default();
    let id = header("x-razorpay-event-id").filter(|id| (1..=100).contains(&id.len()));
    let hash = || format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(&body)));
    let noted = WebhookEvent {
        event_id: id.map_or_else(hash, str::to_owned),
        event: event.event.chars().take(64).collect(),
        received_at: webhook.core.clock.now(),
    };
    apply(&webhook, &event, &noted, &trail).await?;
    Ok(Json(Received { received: true }))
}

async fn apply(
    webhook: &RazorpayWebhook,
    event: &Event,
    noted: &WebhookEvent,
    trail: &Trail,
) -> Result<()> {
    let now = webhook.core.clock.now();
    let payment = event.payment();
    let order = payment.as_ref().and_then(|payment| payment.order_id.clone());
    let due = match &order {
        Some(order) => webhook.core.store.gate().by_order(order).await?,
        None => None,
    };
    let Some(due) = due else {
        return orphan(webhook, event, noted).await;
    };
    trail.serves("razorpay", &due.tenant, &due.appointment.id);
    if let Some(refund) = event.refund() {
        return refunded(webhook, due, &refund, noted).await;
    }
    let told = payment.as_ref().and_then(|payment| event.payment_as_told(payment, now));
    match told {
        Some(payment) => paid(webhook, due, &payment, noted).await,
        None => {
            let store = webhook.core.store.of(&due.tenant);
            settlement::note(&store, due.appointment, noted, |_| None).await
        }
    }
}

async fn paid(
    webhook: &RazorpayWebhook,
    due: Due,
    payment: &Payment,
    noted: &WebhookEvent,
) -> Result<()> {
    let store = webhook.core.store.of(&due.tenant);
    if payment.status < PaymentStatus::Captured {
        return settlement::note(&store, due.appointment, noted, |current| {
            current.heard_of(payment)
        })
        .await;
    }
    let captured = Payment { status: PaymentStatus::Captured, ..payment.clone() };
    let with = (webhook.core.entropy, webhook.core.clock.now());
    settlement::capture(&store, due.appointment, &captured, Some(noted), with).await.map(|_| ())
}

async fn refunded(
    webhook: &RazorpayWebhook,
    due: Due,
    refund: &RazorpayRefund,
    noted: &WebhookEvent,
) -> Result<()> {
    let store = webhook.core.store.of(&due.tenant);
    let ours = our_refund(&refund.notes);
    let by_id = due
        .appointment
        .refunds
        .iter()
        .find(|known| known.razorpay_id.as_deref() == Some(&refund.id));
    let Some(id) = ours.or_else(|| by_id.map(|known| known.id.clone())) else {
        tracing::warn!(alarm = "refund-unknown", "Razorpay tells of a refund that is not ours");
        return settlement::note(&store, due.appointment, noted, |_| None).await;
    };
    if refund.status() == shared::models::RefundStatus::Failed {
        tracing::error!(alarm = "refund-failed", refund = %id, "Razorpay could not pay a refund back");
    }
    settlement::note(&store, due.appointment, noted, |current| {
        current.refund_moved(&id, &refund.id, refund.status())
    })
    .await
}

/// An event of no order of ours: kept, so that nothing is lost, and an operator is told if it is
/// money.
async fn orphan(webhook: &RazorpayWebhook, event: &Event, noted: &WebhookEvent) -> Result<()> {
    let money =
        event.payment().and_then(|payment| payment.status()) >= Some(PaymentStatus::Authorized);
    if money {
        tracing::error!(alarm = "payment-unknown", event = %noted.event, "a payment of no order of ours");
    }
    webhook.core.store.gate().keep_event(noted).await?;
    Ok(())
}
