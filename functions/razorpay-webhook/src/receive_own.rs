//! `POST /webhooks/razorpay/{account}`: the same from a hospital's own account.

use crate::{
    RazorpayWebhook,
    event::Event,
    receive::{Received, due, signed, take},
};
use axum::{body::Bytes, extract::State};
use http::HeaderMap;
use shared::{
    models::{PaymentAccountId, kinds},
    web::{Code, Error, Json, PathId, Refusals, Result, Trail},
};

/// Takes an event of a hospital's own account, whose id is in the path. The signature is the only
/// authority: it is by the secret the hospital handed in, or for a day by the one before, and the
/// event names the merchant the hospital handed in.
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
    // Two things in one read: Razorpay waits five seconds. Nothing is done before the signature.
    let due = due(&webhook, &event).await?;
    let known = crate::receive::account(&webhook, &account, due.as_ref()).await?;
    let now = webhook.core.clock.now();
    let secrets =
        known.as_ref().map(|known| webhook.vault.webhook_secrets(known, now)).transpose()?;
    signed(secrets.as_ref(), &headers, &body)?;
    if !known.is_some_and(|known| event.is_of(&known.merchant)) {
        return Err(of_another_merchant(&account));
    }
    take(&webhook, Some(&account), (&headers, &body, &trail), &event, due).await
}

/// The secret is right and the merchant is not: the hospital handed in another one's id. Razorpay
/// repeats the event for a day, in which that can be put right.
fn of_another_merchant(account: &PaymentAccountId) -> Error {
    tracing::error!(alarm = "webhook-account", %account, "a webhook is another merchant's than the account's");
    let detail = "The event is not of the merchant whose account this is.".to_owned();
    Error::Malformed { code: Code::AccountMismatch, detail }
}
