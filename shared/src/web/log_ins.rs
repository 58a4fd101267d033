//! What the functions have that let people log in or make accounts.

use super::{Core, Environment, Error, Result};
use crate::{
    auth::{Otps, PasswordHasher, RefreshTokens},
    models::{Account, AccountId, Instant, Message, Notification, NotificationId, OtpPurpose},
    outbound::{Attempts, Dispatcher, Invocation, Limits},
};
use serde_json::json;

/// What the functions have that let people log in or make accounts.
#[derive(Debug, Clone)]
pub struct LogIns {
    /// Limits and OTPs in Redis.
    pub attempts: Attempts,
    /// The names and hashes of OTPs.
    pub otps: Otps,
    /// Password hashes.
    pub passwords: PasswordHasher,
    /// Refresh tokens.
    pub refresh: RefreshTokens,
    /// Whoever sends the mails that wait.
    mails: Dispatcher,
}

/// An OTP that was drawn: where its hash is kept, and the mail that will carry it.
#[derive(Debug)]
pub struct DrawnOtp {
    /// The place and the hash.
    pub kept: (String, String),
    /// The mail.
    pub mail: Notification,
}

impl LogIns {
    /// Reads the settings of log-ins.
    pub fn configure(env: &mut Environment, core: &Core) -> Self {
        let (jwt, otp) = (env.secret("JWT_SECRET"), env.secret("OTP_SECRET"));
        let previous_jwt = env.optional("JWT_PREVIOUS_SECRET");
        let limits = Limits {
            requests_per_minute: env.number("AUTH_REQUESTS_PER_MINUTE", 30, 1..=1_000_000),
            otp_resend_seconds: env.number("OTP_RESEND_SECONDS", 60, 0..=3600),
            otp_per_hour: env.number("OTP_PER_HOUR", 5, 1..=1_000_000),
            otp_per_hospital: env.number("OTP_PER_HOSPITAL_HOUR", 2000, 1..=1_000_000),
        };
        Self {
            attempts: Attempts::new(core.upstash.clone(), otp.as_bytes(), limits),
            otps: Otps::new(otp.as_bytes()),
            passwords: PasswordHasher::new(),
            refresh: RefreshTokens::new(
                jwt.as_bytes(),
                previous_jwt.as_ref().map(String::as_bytes),
            ),
            mails: Dispatcher::configure(env, "MAIL_FUNCTION"),
        }
    }

    /// Draws an OTP for an account. It is good once its hash is kept, and known to nobody before
    /// its mail is sent.
    pub fn draw_otp(
        &self,
        core: &Core,
        purpose: OtpPurpose,
        account: &AccountId,
        now: Instant,
    ) -> Result<DrawnOtp> {
        let nonce = data_encoding::HEXLOWER.encode(&core.entropy.bytes::<16>()?);
        let code = self.otps.code(purpose, account, &nonce);
        let code = code.ok_or_else(|| Error::internal("an OTP has six digits"))?;
        let kept = (self.otps.place(purpose, account), self.otps.hash(purpose, account, &code));
        let message = Message::Otp { purpose, nonce };
        let (id, ends) = (core.entropy.id(now)?, now.plus_seconds(Otps::LIFETIME_SECONDS));
        Ok(DrawnOtp { kept, mail: Notification::until(id, account, message, now, ends) })
    }

    /// Draws and keeps the OTP that makes a new account active; its mail is to be written with the
    /// account. Without Redis there is none: its owner asks for another, and the log tells.
    pub async fn welcome(
        &self,
        core: &Core,
        account: &Account,
        now: Instant,
    ) -> Result<Option<Notification>> {
        let drawn = self.draw_otp(core, OtpPurpose::LogIn, &account.id, now)?;
        Ok(self.keep_otp(account, &drawn.kept, now).await.then_some(drawn.mail))
    }

    /// Keeps an OTP that its account's owner did not ask for, in the place of the one that is out;
    /// whether Redis has it. If not, the owner asks for another, and the log tells.
    pub async fn keep_otp(
        &self,
        account: &Account,
        (place, hash): &(String, String),
        now: Instant,
    ) -> bool {
        let kept = self.attempts.keep_otp(place, hash, Otps::LIFETIME_SECONDS, now).await;
        if let Err(error) = &kept {
            tracing::error!(%error, account = %account.id, "a first OTP was not kept");
        }
        kept.is_ok()
    }

    /// Has mails sent that were just written. Should that fail, their schedule sends them.
    pub async fn send_mails<'a>(
        &self,
        core: &Core,
        mails: impl IntoIterator<Item = &'a Notification>,
        how: Invocation,
    ) {
        let mails: Vec<&NotificationId> = mails.into_iter().map(|mail| &mail.id).collect();
        if mails.is_empty() {
            return;
        }
        let event = json!({ "job": "mails", "mails": mails });
        if let Err(error) = self.mails.invoke(&event, how, core.clock.now()).await {
            tracing::warn!(%error, dependency = "Lambda", "mails wait for their schedule");
        }
    }
}
