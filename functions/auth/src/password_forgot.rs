//! `POST /password/forgot`: asks for an OTP with which a new password can be chosen.

use crate::{
    Auth,
    proof::{self, OtpSent, OtpWish},
};
use axum::extract::State;
use shared::{
    models::OtpPurpose,
    web::{Accepted, Body, Client, Refusals, Result},
};

/// Mails a one-time password for a new password where there is an account.
#[utoipa::path(
    post, path = "/password/forgot", tag = "auth", request_body = OtpWish,
    responses(
        (status = 202, description = "Sent, if there is such an account", body = OtpSent),
        Refusals,
    ),
)]
pub(crate) async fn password_forgot(
    State(auth): State<Auth>,
    client: Client,
    Body(wish): Body<OtpWish>,
) -> Result<Accepted<OtpSent>> {
    let now = auth.core.clock.now();
    proof::send(&auth, OtpPurpose::Reset, wish, &client, now).await.map(Accepted)
}
