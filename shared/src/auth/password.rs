//! Password hashes: argon2id with OWASP's least parameters, off the async threads.

use crate::{
    entropy::{Entropy, NoEntropy},
    models::{NewPassword, PasswordAttempt},
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

/// Hashes and compares passwords.
#[derive(Debug, Clone)]
pub struct PasswordHasher(Argon2<'static>);

/// A password could not be hashed or compared: a bug or an exhausted machine, never the password.
#[derive(Debug, thiserror::Error)]
pub enum HashingFailed {
    /// No salt.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The algorithm refused.
    #[error("argon2: {0}")]
    Argon2(String),
    /// The thread was cancelled.
    #[error("the hashing thread ended early")]
    Thread,
}

impl PasswordHasher {
    /// argon2id with 19 MiB, two passes, one lane (OWASP Password Storage; ASVS 11.4.2).
    pub fn new() -> Self {
        let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
        Self(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    /// The password's hash in PHC form, with a salt of its own.
    pub async fn hash(
        &self,
        password: NewPassword,
        entropy: Entropy,
    ) -> Result<String, HashingFailed> {
        self.hash_text(password.expose().to_owned(), entropy).await
    }

    async fn hash_text(&self, text: String, entropy: Entropy) -> Result<String, HashingFailed> {
        let (argon2, salt) = (self.0.clone(), entropy.bytes::<16>()?);
        off_thread(move || {
            let hash = argon2.hash_password_with_salt(text.as_bytes(), &salt);
            hash.map(|hash: PasswordHash| hash.to_string())
                .map_err(|error| HashingFailed::Argon2(error.to_string()))
        })
        .await?
    }

    /// The hash with today's parameters of a password that has just been compared, if the one kept
    /// was made with others (ASVS 11.4.2).
    pub async fn renewed(
        &self,
        attempt: PasswordAttempt,
        hash: &str,
        entropy: Entropy,
    ) -> Result<Option<String>, HashingFailed> {
        if hash.starts_with(PARAMETERS) {
            return Ok(None);
        }
        self.hash_text(attempt.expose().to_owned(), entropy).await.map(Some)
    }

    /// Whether the password belongs to the hash. Without a hash the same work is done and the
    /// answer is no, so that an unknown account takes as long as a known one (ASVS 6.3.8).
    pub async fn matches(
        &self,
        attempt: PasswordAttempt,
        hash: Option<String>,
    ) -> Result<bool, HashingFailed> {
        let argon2 = self.0.clone();
        off_thread(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(NOBODYS);
            let parsed = PasswordHash::new(hash)
                .map_err(|error| HashingFailed::Argon2(error.to_string()))?;
            Ok(argon2.verify_password(attempt.expose().as_bytes(), &parsed).is_ok() && known)
        })
        .await?
    }
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self::new()
    }
}

/// How a hash with today's parameters begins.
const PARAMETERS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// A hash of nobody's password, with today's parameters.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, HashingFailed> {
    tokio::task::spawn_blocking(work).await.map_err(|_| HashingFailed::Thread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Parse as _;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = PasswordHasher::new();
        let password = |text| NewPassword::parse(text).unwrap();
        let attempt = |text| PasswordAttempt::parse(text).unwrap();
        let hash = hasher.hash(password("correct horse"), Entropy).await.unwrap();
        assert!(hash.starts_with(PARAMETERS) && NOBODYS.starts_with(PARAMETERS), "{hash}");
        let renewed = hasher.renewed(attempt("correct horse"), &hash, Entropy).await.unwrap();
        assert_eq!(renewed, None);
        let weak = PasswordHasher(Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8, 1, 1, None).unwrap(),
        ));
        let weak = weak.hash(password("correct horse"), Entropy).await.unwrap();
        assert!(hasher.matches(attempt("correct horse"), Some(weak.clone())).await.unwrap());
        let renewed = hasher.renewed(attempt("correct horse"), &weak, Entropy).await.unwrap();
        assert!(hasher.matches(attempt("correct horse"), renewed.clone()).await.unwrap());
        assert!(renewed.unwrap().starts_with(PARAMETERS));
        assert!(hasher.matches(attempt("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.matches(attempt("correct horsf"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.matches(attempt("correct horse"), None).await.unwrap());
        let again = hasher.hash(password("correct horse"), Entropy).await.unwrap();
        assert_ne!(hash, again, "each hash has a salt of its own");
    }
}
