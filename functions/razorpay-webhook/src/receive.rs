//! `POST /webhooks/razorpay`: what happened to payments and refunds, from Razorpay itself.

use crate::{RazorpayWebhook, apply::apply, event::Event};
use axum::{body::Bytes, extract::State};
use http::HeaderMap;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shared::{
    models::{OrderId, PaymentAccount, PaymentAccountId, PaymentId},
    outbound::WebhookSecrets,
    store::{Due, WebhookEvent},
    web::{Code, Error, Json, Refusals, Result, Trail},
};
use utoipa::ToSchema;

/// What Razorpay is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Received {
    received: bool,
}

/// Takes an event of the platform's account. The signature over the body as it came is the only
/// authority. The event and what follows from it are written in one transaction; a repetition
/// changes nothing and is answered the same, as is an event that is not known.
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
    signed(webhook.platform.at(webhook.core.clock.now()).as_ref(), &headers, &body)?;
    let event = Event::read(&body);
    let due = due(&webhook, &event).await?;
    take(&webhook, None, (&headers, &body, &trail), &event, due).await
}

/// Refuses what is not signed with one of these secrets.
pub(crate) fn signed(
    secrets: Option<&WebhookSecrets>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<()> {
    let signature = header(headers, "x-razorpay-signature").unwrap_or_default();
    if secrets.is_some_and(|secrets| secrets.signed(body, signature)) {
        return Ok(());
    }
    tracing::warn!(alarm = "webhook-signature", "a webhook's signature is wrong");
    let detail = "The signature does not belong to this body.".to_owned();
    Err(Error::Malformed { code: Code::InvalidSignature, detail })
}

/// The appointment an event is about, in one read.
pub(crate) async fn due(webhook: &RazorpayWebhook, event: &Event) -> Result<Option<Due>> {
    let order = event.order();
    let gate = webhook.core.store.gate();
    Ok(gate.by_payment(order.as_ref(), event.appointment().as_ref()).await?)
}

/// Notes an event that is signed, and what follows from it. One of a hospital's account concerns
/// what was paid into that account alone.
pub(crate) async fn take(
    webhook: &RazorpayWebhook,
    account: Option<&PaymentAccountId>,
    (headers, body, trail): (&HeaderMap, &Bytes, &Trail),
    event: &Event,
    due: Option<Due>,
) -> Result<Json<Received>> {
    let now = webhook.core.clock.now();
    let id = header(headers, "x-razorpay-event-id").filter(|id| (1..=100).contains(&id.len()));
    let hash = || format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(body)));
    let id = id.map_or_else(hash, str::to_owned);
    let payment = event.payment();
    let noted = WebhookEvent {
        // An account names its own events: it cannot take the name of another's.
        event_id: account.map_or_else(|| id.clone(), |account| format!("{account}:{id}")),
        event: event.name.chars().take(64).collect(),
        payment_id: payment.as_ref().map(|payment| payment.id.clone()),
        order_id: event.order(),
        amount: payment.as_ref().and_then(shared::outbound::RazorpayPayment::money),
        received_at: now,
    };
    let order = event.order();
    let via = due.as_ref().and_then(|due| due.appointment.paid_by(order.as_ref(), account));
    match due.zip(via) {
        Some((due, via)) => {
            trail.serves("razorpay", &due.tenant, &due.appointment.id);
            apply(webhook, event, &noted, (due, via)).await?;
        }
        None => orphan(webhook, event, &noted).await?,
    }
    Ok(Json(Received { received: true }))
}

/// An event of no order of ours: kept with its payment, so that nothing is lost, and an operator
/// is told if it is money.
async fn orphan(webhook: &RazorpayWebhook, event: &Event, noted: &WebhookEvent) -> Result<()> {
    if event.is_money() {
        tracing::error!(
            alarm = "payment-unknown",
            event = %noted.event,
            payment = noted.payment_id.as_ref().map(PaymentId::as_str),
            order = noted.order_id.as_ref().map(OrderId::as_str),
            "a payment of no order of ours"
        );
    }
    webhook.core.store.gate().keep_event(noted).await?;
    Ok(())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok())
}

/// The account a webhook came to: it was mostly read with the appointment.
pub(crate) async fn account(
    webhook: &RazorpayWebhook,
    id: &PaymentAccountId,
    due: Option<&Due>,
) -> Result<Option<PaymentAccount>> {
    let read = due.and_then(|due| due.accounts.iter().find(|account| account.id == *id));
    match read {
        Some(account) => Ok(Some(account.clone())),
        None => Ok(webhook.core.store.gate().payment_account(id).await?),
    }
}
