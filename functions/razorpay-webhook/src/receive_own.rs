//! `POST /webhooks/razorpay/{account}`: the same from a hospital's own account.

use crate::{
    RazorpayWebhook,
    event::Event,
    receive::{Received, due, signed, take},
};
use axum::{body::Bytes, extract::State};
use http::HeaderMap;
use shared::{
    models::kinds,
    web::{Json, PathId, Refusals, Result, Trail},
};

/// Takes an event of a hospital's own account, whose id is in the path. It is signed with the
/// secret the hospital handed in, or for a day with the one before.
#[utoipa::path(
    post, path = "/webhooks/razorpay/{account}", tag = "payments",
    request_body(content = serde_json::Value, description = "Razorpay's event"),
    params(
        ("account" = String, Path, description = "The account, as `GET /hospital/payment-account` tells it"),
        ("x-razorpay-signature" = String, Header, description = "HMAC-SHA-256 of the body, hexadecimal"),
        ("x-razorpay-event-id" = Option<String>, Header, description = "The same for every repetition"),
    ),
    responses((status = 200, description = "Taken", body = Received), Refusals),
)]
pub(crate) async fn receive_own(
    State(webhook): State<RazorpayWebhook>,
    PathId(account): PathId<kinds::PaymentAccount>,
    trail: Trail,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Received>> {
    let event = Event::read(&body);
    // Both are read at once: Razorpay waits five seconds. Nothing is done before the signature.
    let (known, due) =
        tokio::join!(crate::receive::account(&webhook, &account), due(&webhook, &event));
    let now = webhook.core.clock.now();
    let secrets = match known? {
        Some(known) => Some(webhook.vault.webhook_secrets(&known, now)?),
        None => None,
    };
    signed(secrets.as_ref(), &headers, &body)?;
    take(&webhook, Some(&account), (&headers, &body, &trail), &event, due?).await
}
