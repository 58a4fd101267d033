//! OTPs: asked for by address, proved by six digits.

use crate::Auth;
use serde::Serialize;
use shared::{
    auth::Otps,
    body,
    models::{AccountId, AccountStatus, Email, HospitalCode, HospitalId, Instant, Otp, OtpPurpose},
    outbound::{Invocation, OtpRequest, OtpRequested},
    store::{Found, LogInKey},
    web::{Client, Code, Error, Result, Trail},
};
use utoipa::ToSchema;

body! {
    /// To whom an OTP is sent.
    pub(crate) struct OtpWish {
        /// The address of the account.
        email: Email = "email",
        /// The code of the hospital.
        hospital: Option<HospitalCode> = "hospital",
    }
}

/// The answer to every wish for an OTP, whether the address is known or not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OtpSent {
    /// Seconds for which the OTP is good.
    expires_in: i64,
    /// Seconds before another is sent.
    resend_after: i64,
}

/// The same words for every OTP that does not fit.
pub(crate) const INVALID_OTP: Error = Error::BadCredentials {
    code: Code::InvalidOtp,
    detail: "The code is wrong, used, or too old; ask for a new one.",
};

/// The accounts an OTP of this address may be for. Without a hospital named, the active ones come
/// before the pending: a hospital that enters a stranger's address cannot push itself between.
async fn candidates(auth: &Auth, key: &LogInKey) -> Result<Vec<Found>> {
    let mut found = auth.core.store.gate().accounts_of(key).await?;
    found
        .retain(|who| matches!(who.account.status, AccountStatus::Active | AccountStatus::Pending));
    if found.iter().any(|who| who.account.status == AccountStatus::Active) {
        found.retain(|who| who.account.status == AccountStatus::Active);
    }
    Ok(found)
}

/// Sends an OTP to each account the address may mean: in most cases one. A stranger is told the
/// same, and the same is done for him: an OTP is drawn and kept and its mail is written, to an
/// account nobody has. The mails go after the answer, so that neither their time nor their failure
/// tells who is known (ASVS 6.3.8).
pub(crate) async fn send(
    auth: &Auth,
    purpose: OtpPurpose,
    wish: OtpWish,
    client: &Client,
    now: Instant,
) -> Result<OtpSent> {
    let key = LogInKey { email: wish.email, hospital: wish.hospital };
    let found = candidates(auth, &key).await?;
    let mut owners: Vec<(Option<HospitalId>, AccountId)> =
        found.iter().map(|who| (who.hospital(), who.account.id.clone())).collect();
    if owners.is_empty() {
        owners.push((None, auth.core.entropy.id(now)?));
    }
    let mut places = Vec::new();
    let mut mails = Vec::new();
    for (hospital, account) in owners {
        let drawn = auth.log_ins.draw_otp(&auth.core, purpose, &account, now)?;
        places.push(drawn.kept);
        mails.push((hospital, drawn.mail));
    }
    let counter = auth.log_ins.otps.counter(purpose, &key.email, key.hospital.as_ref());
    let owner = mails.first().and_then(|(hospital, _)| hospital.as_ref());
    let hospital = auth.log_ins.otps.hospital_counter(owner, &key.email);
    let request = OtpRequest { counter: &counter, hospital: &hospital, places: &places };
    let requested = auth.log_ins.attempts.request_otp(&client.address, &request, now).await?;
    let requested = client.admit(requested)?;
    if requested == OtpRequested::HospitalFull {
        tracing::warn!(
            alarm = "otp-flood",
            hospital = owner.map(HospitalId::as_str),
            "a hospital's people ask for more OTPs than it may have"
        );
    }
    if requested == OtpRequested::Mail {
        auth.core.store.gate().notify(&mails).await?;
        let mails = mails.iter().map(|(_, mail)| mail);
        auth.log_ins.send_mails(&auth.core, mails, Invocation::Asynchronous).await;
    }
    Ok(OtpSent {
        expires_in: Otps::LIFETIME_SECONDS,
        resend_after: auth.log_ins.attempts.resend_seconds(),
    })
}

/// Where an account's OTP is kept, and as what.
pub(crate) fn kept(
    auth: &Auth,
    purpose: OtpPurpose,
    account: &AccountId,
    otp: &Otp,
) -> (String, String) {
    let otps = &auth.log_ins.otps;
    (otps.place(purpose, account), otps.hash(purpose, account, otp))
}

/// The account whose OTP this is. It is used up.
pub(crate) async fn prove(
    auth: &Auth,
    purpose: OtpPurpose,
    key: &LogInKey,
    otp: &Otp,
    (client, now, trail): (&Client, Instant, &Trail),
) -> Result<Found> {
    let otps = &auth.log_ins.otps;
    let mut found = candidates(auth, key).await?;
    // Of several accounts nobody knows which was meant.
    trail.tries(found.first().filter(|_| found.len() == 1));
    let place = |who: &Found| kept(auth, purpose, &who.account.id, otp);
    let mut places: Vec<(String, String)> = found.iter().map(place).collect();
    if places.is_empty() {
        places.push((otps.nowhere(&key.email), otps.no_hash(otp)));
    }
    let index =
        client.admit(auth.log_ins.attempts.verify_otp(&client.address, &places, now).await?)?;
    match index.filter(|index| *index < found.len()) {
        Some(index) => Ok(found.swap_remove(index)),
        None => Err(INVALID_OTP),
    }
}
