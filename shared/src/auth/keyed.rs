//! Keyed hashes (HMAC-SHA-256, RFC 2104) and keys derived from one secret.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A key for keyed hashes. Each purpose has its own, derived from the configured secret, so that
/// a value made for one purpose means nothing for another.
#[derive(Clone)]
pub struct MacKey([u8; 32]);

impl MacKey {
    /// The key for one purpose.
    pub fn derive(secret: &[u8], purpose: &str) -> Self {
        let mut mac = start(secret);
        mac.update(purpose.as_bytes());
        Self(mac.finalize().into_bytes().into())
    }

    /// The hash of these parts; where one ends and the next begins is part of it.
    pub fn tag(&self, parts: &[&str]) -> [u8; 32] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// The hash of these parts in hexadecimal: a key or a value for Redis that tells nothing.
    pub fn hex(&self, parts: &[&str]) -> String {
        data_encoding::HEXLOWER.encode(&self.tag(parts))
    }

    /// Whether this is the hash of these parts, in constant time (ASVS 11.2.4).
    pub fn verify(&self, parts: &[&str], tag: &[u8]) -> bool {
        self.mac(parts).verify_slice(tag).is_ok()
    }

    fn mac(&self, parts: &[&str]) -> Hmac<Sha256> {
        let mut mac = start(&self.0);
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            mac.update(&length.to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

/// HMAC takes a key of any length, so this never fails; a key it refused would give hashes that
/// match nothing.
fn start(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::<Sha256>::new(&<_>::default()))
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let key = MacKey::derive(b"secret", "test");
        assert_ne!(key.tag(&["ab", "c"]), key.tag(&["a", "bc"]));
        assert!(key.verify(&["a"], &key.tag(&["a"])));
        assert!(!key.verify(&["a"], &key.tag(&["a"])[..31]));
        assert_ne!(key.tag(&["a"]), MacKey::derive(b"secret", "other").tag(&["a"]));
    }
}
