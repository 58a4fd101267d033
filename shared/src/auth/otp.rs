//! One-time passwords: six digits, kept only as a keyed hash (ASVS 6.5.2–6.5.5).

use super::MacKey;
use crate::models::{AccountId, Email, HospitalCode, Otp};

/// What an OTP is for; one made for a purpose is good for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpPurpose {
    /// To log in, and to prove the address of a new account.
    LogIn,
    /// To choose a new password.
    Reset,
}

impl OtpPurpose {
    /// As it stands in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::Reset => "reset",
        }
    }
}

/// Names and hashes OTPs.
#[derive(Debug, Clone)]
pub struct Otps(MacKey);

impl Otps {
    /// How long an OTP is good, in seconds.
    pub const LIFETIME_SECONDS: i64 = 600;
    /// How many guesses are compared.
    pub const GUESSES: i64 = 5;

    /// OTPs under a key derived from this secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(MacKey::derive(secret, "otp"))
    }

    /// Where an account's OTP of a purpose is kept: one place, so that a new one voids the old.
    pub fn place(&self, purpose: OtpPurpose, account: &AccountId) -> String {
        format!("otp:{}", self.0.hex(&["place", purpose.as_str(), account.as_str()]))
    }

    /// Where nobody's OTP is kept: an unknown address is looked for there, so that it costs the
    /// same as a known one.
    pub fn nowhere(&self, email: &Email) -> String {
        format!("otp:{}", self.0.hex(&["nowhere", email.as_str()]))
    }

    /// Under what an address's requests for OTPs are counted.
    pub fn counter(
        &self,
        purpose: OtpPurpose,
        email: &Email,
        hospital: Option<&HospitalCode>,
    ) -> String {
        let hospital = hospital.map_or("", HospitalCode::as_str);
        format!("otp-count:{}", self.0.hex(&["count", purpose.as_str(), hospital, email.as_str()]))
    }

    /// What is kept of an OTP, bound to its purpose and account.
    pub fn hash(&self, purpose: OtpPurpose, account: &AccountId, otp: &Otp) -> String {
        self.0.hex(&["otp", purpose.as_str(), account.as_str(), otp.expose()])
    }

    /// What nothing hashes to, for the place of nobody.
    pub fn no_hash(&self, otp: &Otp) -> String {
        self.0.hex(&["nobody", otp.expose()])
    }
}
