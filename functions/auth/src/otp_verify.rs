//! `POST /otp-login/verify`: logs in with an OTP, and makes a pending account active.

use crate::{
    Auth,
    proof::{self, INVALID_OTP},
    session::{self, LoggedIn},
};
use axum::extract::State;
use shared::{
    body,
    models::{Email, HospitalCode, Otp, OtpPurpose},
    store::{LogInKey, SessionStart},
    web::{Body, Client, Json, Refusals, Result, Trail},
};

body! {
    /// The OTP from the mail.
    pub(crate) struct OtpLogIn {
        /// The address of the account.
        email: Email = "email",
        /// The code of the hospital.
        hospital: Option<HospitalCode> = "hospital",
        /// Six digits.
        otp: Otp = "otp",
    }
}

/// Logs in with a one-time password; a pending account becomes active.
#[utoipa::path(
    post, path = "/otp-login/verify", tag = "auth", request_body = OtpLogIn,
    responses(
        (status = 200, description = "Logged in", body = LoggedIn),
        Refusals,
    ),
)]
pub(crate) async fn otp_verify(
    State(auth): State<Auth>,
    client: Client,
    trail: Trail,
    Body(request): Body<OtpLogIn>,
) -> Result<Json<LoggedIn>> {
    let now = auth.core.clock.now();
    let key = LogInKey { email: request.email, hospital: request.hospital };
    let from = (&client, now, &trail);
    let who = proof::prove(&auth, OtpPurpose::LogIn, &key, &request.otp, from).await?;
    trail.logs_in(&who);
    let with = SessionStart { proved_address: true, ..SessionStart::default() };
    session::begin(&auth, who, with, (&client, now)).await?.map(Json).ok_or(INVALID_OTP)
}
