//! Secrets that are kept for others: sealed with AES-256-GCM (NIST SP 800-38D), each bound to the
//! place it is kept in, so that one copied elsewhere in the database does not open.

use crate::{auth::MacKey, models::Sealed};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use data_encoding::BASE64;

/// What secrets are sealed with, and while it is being changed what they were sealed with before.
#[derive(Clone)]
pub struct SealingKey {
    current: MacKey,
    previous: Option<MacKey>,
}

/// Never shows the key.
impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// A secret could not be sealed.
#[derive(Debug, thiserror::Error)]
#[error("a secret could not be sealed")]
pub struct SealingFailed;

/// What makes each sealing different; drawn anew for each.
pub type SealingNonce = [u8; NONCE_LEN];

const PURPOSE: &str = "payment-accounts";

impl SealingKey {
    /// A key from a secret of our own.
    pub fn new(secret: &[u8], previous: Option<&[u8]>) -> Self {
        let derive = |secret: &[u8]| MacKey::derive(secret, PURPOSE);
        Self { current: derive(secret), previous: previous.map(derive) }
    }

    /// Seals a secret for this place.
    pub fn seal(
        &self,
        place: &[&str],
        secret: &str,
        nonce: SealingNonce,
    ) -> Result<Sealed, SealingFailed> {
        let mut sealed = secret.as_bytes().to_vec();
        let key = cipher(&self.current).ok_or(SealingFailed)?;
        let about = Aad::from(bound_to(place));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), about, &mut sealed)
            .map_err(|_| SealingFailed)?;
        Ok(Sealed(BASE64.encode(&[&nonce[..], &sealed].concat())))
    }

    /// The secret of this place sealed with the current key, if it was sealed with the one before;
    /// `None` where nothing is to be done, or nothing can be.
    pub fn reseal(
        &self,
        place: &[&str],
        sealed: &Sealed,
        nonce: SealingNonce,
    ) -> Result<Option<Sealed>, SealingFailed> {
        let current = Self { current: self.current.clone(), previous: None };
        match (current.open(place, sealed), self.open(place, sealed)) {
            (None, Some(secret)) => self.seal(place, &secret, nonce).map(Some),
            _ => Ok(None),
        }
    }

    /// The secret that was sealed for this place; `None` if it was sealed for another, with
    /// another key, or tampered with.
    pub fn open(&self, place: &[&str], sealed: &Sealed) -> Option<String> {
        let bytes = BASE64.decode(sealed.0.as_bytes()).ok()?;
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|key| open_with(key, place, &bytes))
    }
}

fn open_with(key: &MacKey, place: &[&str], bytes: &[u8]) -> Option<String> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    let plain = cipher(key)?.open_in_place(nonce, Aad::from(bound_to(place)), &mut sealed).ok()?;
    String::from_utf8(plain.to_vec()).ok()
}

fn cipher(key: &MacKey) -> Option<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, &key.tag(&["aes-256-gcm"])).ok()?;
    Some(LessSafeKey::new(key))
}

/// Where one part ends and the next begins is part of it.
fn bound_to(place: &[&str]) -> Vec<u8> {
    let parts = place.iter().map(|part| [part.as_bytes(), b"\0"].concat());
    parts.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: [&str; 2] = ["pac_1", "key"];

    #[test]
    fn a_secret_opens_only_where_it_was_sealed_and_whole() {
        let key = SealingKey::new(b"a secret of at least thirty-two bytes", None);
        let sealed = key.seal(&PLACE, "hush", [7; NONCE_LEN]).unwrap();
        assert!(!sealed.0.contains("hush"));
        assert_eq!(key.open(&PLACE, &sealed).as_deref(), Some("hush"));
        assert_eq!(key.open(&["pac_2", "key"], &sealed), None);
        assert_eq!(key.open(&["pac_1", "webhook"], &sealed), None);
        assert_ne!(key.seal(&PLACE, "hush", [8; NONCE_LEN]).unwrap(), sealed);
        let bytes = BASE64.decode(sealed.0.as_bytes()).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert_eq!(key.open(&PLACE, &Sealed(BASE64.encode(&changed))), None, "{index}");
        }
        for bad in ["", "AAAA", "not base64"] {
            assert_eq!(key.open(&PLACE, &Sealed(bad.to_owned())), None);
        }
    }

    #[test]
    fn the_key_before_still_opens_and_no_other() {
        let old = SealingKey::new(b"the secret before this one, long enough", None);
        let sealed = old.seal(&PLACE, "hush", [7; NONCE_LEN]).unwrap();
        let new = b"the secret of today, which is long enough";
        let rotated = SealingKey::new(new, Some(b"the secret before this one, long enough"));
        assert_eq!(rotated.open(&PLACE, &sealed).as_deref(), Some("hush"));
        assert_eq!(SealingKey::new(new, None).open(&PLACE, &sealed), None);
    }

    #[test]
    fn what_the_key_before_sealed_is_sealed_with_the_current_one_and_nothing_else() {
        let old = SealingKey::new(b"the secret before this one, long enough", None);
        let sealed = old.seal(&PLACE, "hush", [7; NONCE_LEN]).unwrap();
        let new = b"the secret of today, which is long enough";
        let rotated = SealingKey::new(new, Some(b"the secret before this one, long enough"));
        let again = rotated.reseal(&PLACE, &sealed, [8; NONCE_LEN]).unwrap().unwrap();
        let alone = SealingKey::new(new, None);
        assert_eq!(alone.open(&PLACE, &again).as_deref(), Some("hush"));
        for (key, place, sealed) in [
            (&rotated, PLACE, &again),
            (&alone, PLACE, &sealed),
            (&rotated, ["pac_2", "key"], &sealed),
        ] {
            assert_eq!(key.reseal(&place, sealed, [9; NONCE_LEN]).unwrap(), None);
        }
    }
}
