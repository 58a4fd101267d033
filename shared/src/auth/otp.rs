//! One-time passwords: six digits computed from a nonce, kept only as a keyed hash
//! (ASVS 6.5.2–6.5.5).

use super::MacKey;
use crate::models::{AccountId, Email, HospitalCode, HospitalId, Otp, OtpPurpose, Parse as _};

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

    /// The six digits that belong to a nonce: computed, so that what waits to be mailed holds no
    /// code. Of 2⁶⁴ numbers each code gets the same share to one part in 10¹³ (ASVS 6.5.3, 6.5.4).
    pub fn code(&self, purpose: OtpPurpose, account: &AccountId, nonce: &str) -> Option<Otp> {
        let tag = self.0.tag(&["code", purpose.as_str(), account.as_str(), nonce]);
        let number = u64::from_be_bytes(*tag.first_chunk()?);
        Otp::parse(&format!("{:06}", number % 1_000_000)).ok()
    }

    /// Under what the OTPs of a hospital's people are counted; an address nobody has is counted by
    /// itself, so that strangers use up nobody's share.
    pub fn hospital_counter(&self, hospital: Option<&HospitalId>, email: &Email) -> String {
        let (kind, of) =
            hospital.map_or(("nowhere", email.as_str()), |id| ("hospital", id.as_str()));
        format!("otp-count:{}", self.0.hex(&["hospital-count", kind, of]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Id;

    #[test]
    fn codes_differ_by_nonce_purpose_account_and_secret() {
        let (otps, account) = (Otps::new(b"secret"), Id::derived(1));
        let code = |otps: &Otps, purpose, account: &AccountId, nonce: &str| {
            otps.code(purpose, account, nonce).unwrap().expose().to_owned()
        };
        let one = code(&otps, OtpPurpose::LogIn, &account, "n");
        assert_eq!(one, code(&otps, OtpPurpose::LogIn, &account, "n"));
        assert_ne!(one, code(&otps, OtpPurpose::Reset, &account, "n"));
        assert_ne!(one, code(&otps, OtpPurpose::LogIn, &Id::derived(2), "n"));
        assert_ne!(one, code(&Otps::new(b"other"), OtpPurpose::LogIn, &account, "n"));
        let codes: std::collections::HashSet<String> =
            (0..1000).map(|n| code(&otps, OtpPurpose::LogIn, &account, &n.to_string())).collect();
        assert!(codes.len() > 990, "{} different codes of 1000", codes.len());
    }
}
