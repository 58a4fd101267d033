//! Password hashes: argon2id with OWASP's least parameters, off the async threads.

use crate::{
    entropy::{Entropy, NoEntropy},
    models::{NewPassword, PasswordAttempt},
};
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self, CustomizedPasswordHasher, PasswordHasher as Hasher, PasswordVerifier as _,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Hashes and compares passwords.
#[derive(Clone)]
pub struct PasswordHasher {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    /// What argon2 fills, kept from one password to the next. Freed each time, it was used for
    /// small things meanwhile, and the next password took 19 MiB more: a function that lives long
    /// enough would run out of memory.
    memory: Arc<Mutex<Vec<Block>>>,
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHasher(…)")
    }
}

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
        Self::with(Params::new(19 * 1024, 2, 1, None).unwrap_or_default())
    }

    fn with(params: Params) -> Self {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        Self { algorithm, version, params, memory: Arc::default() }
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
        let (hasher, salt) = (self.clone(), entropy.bytes::<16>()?);
        off_thread(move || {
            let hash = hasher.hash_password_with_salt(text.as_bytes(), &salt);
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
        let hasher = self.clone();
        off_thread(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(NOBODYS);
            let parsed = PasswordHash::new(hash)
                .map_err(|error| HashingFailed::Argon2(error.to_string()))?;
            Ok(hasher.verify_password(attempt.expose().as_bytes(), &parsed).is_ok() && known)
        })
        .await?
    }
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self::new()
    }
}

/// As argon2's own does it, in the memory that is kept.
impl Hasher<PasswordHash> for PasswordHasher {
    fn hash_password_with_salt(
        &self,
        password: &[u8],
        salt: &[u8],
    ) -> password_hash::Result<PasswordHash> {
        let salt = Salt::new(salt)?;
        let mut output = [0; Output::MAX_LENGTH];
        let length = self.params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = output.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = self.params.block_count().max(memory.len());
        memory.resize(blocks, Block::new());
        argon2.hash_password_into_with_memory(password, &salt, output, memory.as_mut_slice())?;
        Ok(PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params)?,
            salt: Some(salt),
            hash: Some(Output::new(output)?),
        })
    }
}

/// A hash is compared by making it anew with its own parameters.
impl CustomizedPasswordHasher<PasswordHash> for PasswordHasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let memory = self.memory.clone();
        Self { algorithm, version, params, memory }.hash_password_with_salt(password, salt)
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
        let weak = PasswordHasher::with(Params::new(8, 1, 1, None).unwrap());
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
