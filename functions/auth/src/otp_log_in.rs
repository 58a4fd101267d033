//! `POST /otp-login`: asks for an OTP by mail.

use crate::{
    Auth,
    proof::{self, OtpSent, OtpWish},
};
use axum::extract::State;
use shared::{
    models::OtpPurpose,
    web::{Accepted, Body, Client, Refusals, Result},
};

/// Mails a one-time password where there is an account; answers the same where there is none.
#[utoipa::path(
    post, path = "/otp-login", tag = "auth", request_body = OtpWish,
    responses(
        (status = 202, description = "Sent, if there is such an account", body = OtpSent),
        Refusals,
    ),
)]
pub(crate) async fn otp_log_in(
    State(auth): State<Auth>,
    client: Client,
    Body(wish): Body<OtpWish>,
) -> Result<Accepted<OtpSent>> {
    let now = auth.core.clock.now();
    proof::send(&auth, OtpPurpose::LogIn, wish, &client, now).await.map(Accepted)
}
