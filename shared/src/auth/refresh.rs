//! Refresh tokens: opaque, replaced at every use, and not stored at all.
//!
//! A token is its session and generation under a keyed hash. The database knows only the latest
//! generation, so a copy of it gives nobody a token; and a client whose answer was lost can be
//! given the same successor again, for it is computed, not drawn.

use super::MacKey;
use crate::models::{AccountId, Parse as _, SessionId};
use data_encoding::BASE64URL_NOPAD;

/// Makes and reads refresh tokens.
#[derive(Debug, Clone)]
pub struct RefreshTokens {
    current: MacKey,
    previous: Option<MacKey>,
}

/// What a refresh token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose it is.
    pub account: AccountId,
    /// Of which session.
    pub session: SessionId,
    /// Which of the session's tokens, from 0.
    pub generation: i64,
}

impl RefreshTokens {
    /// How long a session lives without a refresh, in seconds: thirty days.
    pub const LIFETIME_SECONDS: i64 = 30 * 24 * 3600;
    /// For how many seconds a replaced token still gives its successor, the same one: the answer
    /// may have been lost (RFC 9700 §4.14).
    pub const GRACE_SECONDS: i64 = 10;

    /// Tokens under a key derived from `secret`; those sealed under the `previous` one still open,
    /// so that a change of secrets ends no session.
    pub fn new(secret: &[u8], previous: Option<&[u8]>) -> Self {
        let key = |secret: &[u8]| MacKey::derive(secret, "refresh-token");
        Self { current: key(secret), previous: previous.map(key) }
    }

    /// The token's text.
    pub fn seal(&self, token: &RefreshToken) -> String {
        let generation = token.generation.to_string();
        let parts = [token.account.as_str(), token.session.as_str(), generation.as_str()];
        let tag = BASE64URL_NOPAD.encode(&self.current.tag(&parts));
        format!("{}.{tag}", BASE64URL_NOPAD.encode(parts.join(" ").as_bytes()))
    }

    /// What a text says, if we sealed it.
    pub fn open(&self, text: &str) -> Option<RefreshToken> {
        let (body, tag) = text.split_once('.').filter(|_| text.len() < 512)?;
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
        let body = String::from_utf8(BASE64URL_NOPAD.decode(body.as_bytes()).ok()?).ok()?;
        let parts: Vec<&str> = body.split(' ').collect();
        let previous = self.previous.as_ref().is_some_and(|key| key.verify(&parts, &tag));
        if !self.current.verify(&parts, &tag) && !previous {
            return None;
        }
        let [account, session, generation] = parts.as_slice() else {
            return None;
        };
        Some(RefreshToken {
            account: AccountId::parse(account).ok()?,
            session: SessionId::parse(session).ok()?,
            generation: generation.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entropy::Entropy, models::Instant};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_of_others_opens(text in "\\PC{0,60}", body in prop::collection::vec(any::<u8>(), 0..80)) {
            let tokens = RefreshTokens::new(b"secret", None);
            prop_assert_eq!(tokens.open(&text), None);
            let body = BASE64URL_NOPAD.encode(&body);
            prop_assert_eq!(tokens.open(&format!("{body}.{body}")), None);
        }
    }

    #[test]
    fn only_sealed_tokens_open() {
        let now = Instant::from_seconds(1);
        let token = RefreshToken {
            account: Entropy.id(now).unwrap(),
            session: Entropy.id(now).unwrap(),
            generation: 3,
        };
        let tokens = RefreshTokens::new(b"secret", None);
        let text = tokens.seal(&token);
        assert_eq!(RefreshTokens::new(b"new", Some(b"secret")).open(&text), Some(token.clone()));
        assert_eq!(tokens.open(&text), Some(token));
        assert_eq!(RefreshTokens::new(b"other", None).open(&text), None);
        for bad in ["", ".", "a.b", &text[1..], &format!("{text}A")] {
            assert_eq!(tokens.open(bad), None, "{bad}");
        }
    }
}
