//! `POST /password/reset`: chooses a new password with an OTP.

use crate::{
    Auth,
    proof::{self, INVALID_OTP},
    session::{self, LoggedIn},
};
use axum::extract::State;
use shared::{
    body,
    models::{Email, HospitalCode, NewPassword, Otp, OtpPurpose, SessionId},
    store::{LogInKey, SessionStart},
    web::{Body, Client, Error, Json, Refusals, Result, Trail, end_sessions},
};

body! {
    /// The OTP from the mail and the password wanted.
    pub(crate) struct PasswordReset {
        /// The address of the account.
        email: Email = "email",
        /// The code of the hospital.
        hospital: Option<HospitalCode> = "hospital",
        /// Six digits.
        otp: Otp = "otp",
        /// 8 to 128 characters, not a common password.
        new_password: NewPassword = "newPassword",
    }
}

/// For how long an OTP is good again whose new password was refused, in seconds.
const AGAIN_SECONDS: i64 = 120;

/// Sets a new password and logs in. Every other session ends, a lock is lifted, and a pending
/// account becomes active: the OTP has proved its address.
#[utoipa::path(
    post, path = "/password/reset", tag = "auth", request_body = PasswordReset,
    responses(
        (status = 200, description = "Logged in", body = LoggedIn),
        Refusals,
    ),
)]
pub(crate) async fn password_reset(
    State(auth): State<Auth>,
    client: Client,
    trail: Trail,
    Body(request): Body<PasswordReset>,
) -> Result<Json<LoggedIn>> {
    let now = auth.core.clock.now();
    let key = LogInKey { email: request.email, hospital: request.hospital };
    let from = (&client, now, &trail);
    let who = proof::prove(&auth, OtpPurpose::Reset, &key, &request.otp, from).await?;
    trail.logs_in(&who);
    let account = &who.account;
    if let Err(issue) = request.new_password.differs_from(&account.name, &account.email) {
        // Only the owner may learn that it is the account's name. The OTP is his for another try.
        let purpose = OtpPurpose::Reset;
        let (place, hash) = proof::kept(&auth, purpose, &account.id, &request.otp);
        auth.log_ins.attempts.keep_otp(&place, &hash, AGAIN_SECONDS, now).await?;
        return Err(Error::field("newPassword", issue));
    }
    let hash = auth.log_ins.passwords.hash(request.new_password, auth.core.entropy).await?;
    let ended: Vec<SessionId> = account.sessions.iter().map(|session| session.id.clone()).collect();
    let with = SessionStart { proved_address: true, password_hash: Some(hash), chosen: true };
    let logged_in = session::begin(&auth, who, with, (&client, now)).await?.ok_or(INVALID_OTP)?;
    end_sessions(&auth.core, &ended).await?;
    Ok(Json(logged_in))
}
