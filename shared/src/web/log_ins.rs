//! What the functions have that let people log in or make accounts.

use super::{Core, Environment, Error, Result};
use crate::{
    auth::{OtpPurpose, Otps, PasswordHasher, RefreshTokens},
    models::{Account, Name, Otp, Parse as _},
    outbound::{Attempts, Limits, Mail, Mailer},
};

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
    /// Mail.
    pub mailer: Mailer,
}

/// An OTP that was drawn: its digits for the mail, and where its hash is kept.
#[derive(Debug)]
pub struct DrawnOtp {
    /// Six digits.
    pub code: String,
    /// The place and the hash.
    pub kept: (String, String),
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
        };
        Self {
            attempts: Attempts::new(core.upstash.clone(), otp.as_bytes(), limits),
            otps: Otps::new(otp.as_bytes()),
            passwords: PasswordHasher::new(),
            refresh: RefreshTokens::new(
                jwt.as_bytes(),
                previous_jwt.as_ref().map(String::as_bytes),
            ),
            mailer: Mailer::configure(env),
        }
    }

    /// Draws an OTP for an account. It is good once its hash is kept.
    pub fn draw_otp(
        &self,
        core: &Core,
        purpose: OtpPurpose,
        account: &Account,
    ) -> Result<DrawnOtp> {
        let code = core.entropy.six_digits()?;
        let otp = Otp::parse(&code).map_err(|_| Error::internal("an OTP has six digits"))?;
        let place = self.otps.place(purpose, &account.id);
        Ok(DrawnOtp { code, kept: (place, self.otps.hash(purpose, &account.id, &otp)) })
    }

    /// Mails an account an OTP that was drawn for it.
    pub async fn mail_otp(
        &self,
        purpose: OtpPurpose,
        account: &Account,
        hospital: &str,
        code: &str,
    ) -> Result<()> {
        let (name, minutes) = (&account.name, 10);
        let mail = match purpose {
            OtpPurpose::LogIn => Mail::LogInOtp { name, hospital, otp: code, minutes },
            OtpPurpose::Reset => Mail::ResetOtp { name, hospital, otp: code, minutes },
        };
        Ok(self.mailer.send(&account.email, &mail).await?)
    }

    /// Mails a new account the OTP that makes it active. The account is there already: if the
    /// mail cannot go now, its owner asks for another, and the log tells.
    pub async fn welcome(&self, core: &Core, account: &Account, hospital: &Name) {
        if let Err(error) = self.try_welcome(core, account, hospital).await {
            tracing::error!(?error, account = %account.id, "a first OTP was not mailed");
        }
    }

    async fn try_welcome(&self, core: &Core, account: &Account, hospital: &Name) -> Result<()> {
        let drawn = self.draw_otp(core, OtpPurpose::LogIn, account)?;
        let (place, hash) = &drawn.kept;
        self.attempts.keep_otp(place, hash, core.clock.now()).await?;
        self.mail_otp(OtpPurpose::LogIn, account, hospital.as_str(), &drawn.code).await
    }
}

impl Mailer {
    /// Reads the settings of mail.
    pub fn configure(env: &mut Environment) -> Self {
        Self::new(env.required("MAIL_FROM"), env.url("APP_URL", &["https://", "http://"]))
    }
}
