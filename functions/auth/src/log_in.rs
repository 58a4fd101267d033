//! `POST /login`: with a password.

use crate::{
    Auth,
    session::{self, LoggedIn},
};
use axum::extract::State;
use shared::{
    body,
    models::{Email, HospitalCode, PasswordAttempt},
    store::{LogInKey, SessionStart},
    web::{Body, Client, Code, Error, Json, Refusals, Result, Trail},
};

body! {
    /// Who logs in.
    pub(crate) struct LogIn {
        /// The address of the account.
        email: Email = "email",
        /// Its password.
        password: PasswordAttempt = "password",
        /// The code of the hospital; needed by those whose address has accounts in several.
        hospital: Option<HospitalCode> = "hospital",
    }
}

/// The same words for an unknown address, a wrong password, a pending, a locked and a blocked
/// account (ASVS 6.3.8).
pub(crate) const INVALID_CREDENTIALS: Error = Error::BadCredentials {
    code: Code::InvalidCredentials,
    detail: "E-mail and password do not log anybody in. If your address is known to several hospitals, name \
             one as `hospital`.",
};

/// Logs in with e-mail and password.
#[utoipa::path(
    post, path = "/login", tag = "auth", request_body = LogIn,
    responses(
        (status = 200, description = "Logged in", body = LoggedIn),
        Refusals,
    ),
)]
pub(crate) async fn log_in(
    State(auth): State<Auth>,
    client: Client,
    trail: Trail,
    Body(request): Body<LogIn>,
) -> Result<Json<LoggedIn>> {
    let now = auth.core.clock.now();
    client.admit(auth.log_ins.attempts.count(&client.address, now).await?)?;
    let key = LogInKey { email: request.email, hospital: request.hospital };
    // The attempt is counted before the password is compared, and compared even where there is
    // nobody: the count holds against any number at once, and the time tells nothing.
    let who = auth.core.store.gate().count_attempt(&key, now).await?;
    trail.tries(who.as_ref());
    let hash = who.as_ref().and_then(|who| who.account.password_hash.clone());
    let passwords = &auth.log_ins.passwords;
    if !passwords.matches(request.password.clone(), hash.clone()).await? {
        return Err(INVALID_CREDENTIALS);
    }
    let Some(who) = who else {
        return Err(INVALID_CREDENTIALS);
    };
    trail.logs_in(&who);
    let kept = hash.unwrap_or_default();
    let password_hash = passwords.renewed(request.password, &kept, auth.core.entropy).await?;
    let with = SessionStart { password_hash, ..SessionStart::default() };
    let logged_in = session::begin(&auth, who, with, (&client, now)).await?;
    logged_in.map(Json).ok_or(INVALID_CREDENTIALS)
}
