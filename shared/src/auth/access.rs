//! Access tokens: JWTs of fifteen minutes, signed with HS256 (RFC 7519, RFC 8725, RFC 9068).

use super::{Membership, Principal};
use crate::models::{AccountId, Currency, HospitalId, Instant, Role, SessionId, Zone};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "mediconnect";
const AUDIENCE: &str = "mediconnect-api";
const TYPE: &str = "at+jwt";

/// Signs and verifies access tokens.
#[derive(Clone)]
pub struct AccessTokens {
    current: Key,
    previous: Option<Key>,
}

#[derive(Clone)]
struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// The token is not one of ours, or its time is over. Why is nobody's business but the log's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the access token is refused: {0}")]
pub struct TokenRefused(&'static str);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: AccountId,
    sid: SessionId,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hos: Option<HospitalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tz: Option<Zone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cur: Option<Currency>,
    iat: i64,
    exp: i64,
    jti: String,
}

impl AccessTokens {
    /// How long a token is good, in seconds.
    pub const LIFETIME_SECONDS: i64 = 15 * 60;

    /// Signs with `secret` and also verifies what the `previous` one signed, so that a secret can
    /// be changed while its tokens are out.
    pub fn new(secret: &[u8], previous: Option<&[u8]>) -> Self {
        Self { current: Key::new(secret), previous: previous.map(Key::new) }
    }

    /// A token for a session that has begun or goes on. `jti` is a fresh random id.
    pub fn issue(
        &self,
        account: &AccountId,
        role: Role,
        session: &SessionId,
        membership: Option<&Membership>,
        (now, jti): (Instant, String),
    ) -> Result<String, TokenRefused> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account.clone(),
            sid: session.clone(),
            role,
            hos: membership.map(|membership| membership.hospital.clone()),
            tz: membership.map(|membership| membership.zone.clone()),
            cur: membership.map(|membership| membership.currency),
            iat: now.seconds(),
            exp: now.seconds().saturating_add(Self::LIFETIME_SECONDS),
            jti,
        };
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.current.id.clone());
        jsonwebtoken::encode(&header, &claims, &self.current.encoding)
            .map_err(|_| TokenRefused("cannot be signed"))
    }

    /// The principal a token speaks for. The algorithm is ours, never the header's (RFC 8725
    /// §3.1); the key id only chooses between keys we have.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Principal, TokenRefused> {
        if token.len() > 4096 {
            return Err(TokenRefused("too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenRefused("no JWT"))?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(TokenRefused("of another type"));
        }
        let key = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| header.kid.as_deref() == Some(key.id.as_str()))
            .ok_or(TokenRefused("signed with an unknown key"))?;
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Time is the injected clock's: the library would ask the machine's.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &rules)
            .map_err(|_| TokenRefused("forged or malformed"))?
            .claims;
        if claims.exp <= now.seconds() || claims.iat > now.seconds().saturating_add(60) {
            return Err(TokenRefused("expired"));
        }
        let membership = match (claims.hos, claims.tz, claims.cur) {
            (Some(hospital), Some(zone), Some(currency)) => {
                Some(Membership { hospital, zone, currency })
            }
            (None, None, None) => None,
            _ => return Err(TokenRefused("inconsistent")),
        };
        if membership.is_some() == (claims.role == Role::Admin) {
            return Err(TokenRefused("inconsistent"));
        }
        Ok(Principal::new(claims.sub, claims.role, claims.sid, membership))
    }
}

impl Key {
    fn new(secret: &[u8]) -> Self {
        let digest = super::MacKey::derive(secret, "key-id").hex(&[]);
        Self {
            id: digest.chars().take(8).collect(),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessTokens({})", self.current.id)
    }
}

/// A bearer token out of an `Authorization` header (RFC 6750): the scheme in any case, one space.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let shaped = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && shaped).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const OTHER: &[u8] = b"fedcba9876543210fedcba9876543210";
    const NOW: Instant = Instant::from_seconds(1_796_000_000);

    fn token(tokens: &AccessTokens) -> (AccountId, String) {
        let (account, session): (AccountId, SessionId) =
            (Entropy.id(NOW).unwrap(), Entropy.id(NOW).unwrap());
        let membership = Membership {
            hospital: Entropy.id(NOW).unwrap(),
            zone: Zone::default(),
            currency: Currency::INR,
        };
        let token = tokens
            .issue(&account, Role::Doctor, &session, Some(&membership), (NOW, "j".to_owned()))
            .unwrap();
        (account, token)
    }

    #[test]
    fn a_token_speaks_for_its_account_until_it_expires() {
        let tokens = AccessTokens::new(SECRET, None);
        let (account, token) = token(&tokens);
        let principal = tokens.verify(&token, NOW).unwrap();
        assert_eq!((principal.account(), principal.role()), (&account, Role::Doctor));
        let last = NOW.plus_seconds(AccessTokens::LIFETIME_SECONDS - 1);
        assert!(tokens.verify(&token, last).is_ok());
        assert!(tokens.verify(&token, last.plus_seconds(1)).is_err());
        assert!(tokens.verify(&token, NOW.plus_seconds(-61)).is_err());
    }

    #[test]
    fn an_old_secret_verifies_while_it_is_named() {
        let (_, token) = token(&AccessTokens::new(OTHER, None));
        assert!(AccessTokens::new(SECRET, None).verify(&token, NOW).is_err());
        assert!(AccessTokens::new(SECRET, Some(OTHER)).verify(&token, NOW).is_ok());
    }

    #[test]
    fn tampered_tokens_are_refused() {
        let tokens = AccessTokens::new(SECRET, None);
        let (_, token) = token(&tokens);
        let parts: Vec<&str> = token.split('.').collect();
        let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        let kid = &tokens.current.id;
        let none = encode(&format!(r#"{{"alg":"none","typ":"at+jwt","kid":"{kid}"}}"#));
        let plain = encode(&format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#));
        let hostile = encode(r#"{"alg":"HS256","typ":"at+jwt","kid":"../../etc/passwd"}"#);
        for header in [none, plain, hostile] {
            let forged = format!("{header}.{}.{}", parts[1], parts[2]);
            assert!(tokens.verify(&forged, NOW).is_err(), "{forged}");
            assert!(tokens.verify(&format!("{header}.{}.", parts[1]), NOW).is_err());
        }
        for forged in ["", ".", "..", "a.b.c", &"x".repeat(100_000)] {
            assert!(tokens.verify(forged, NOW).is_err());
        }
        assert!(tokens.verify(&token[..token.len() - 2], NOW).is_err());
    }

    proptest! {
        /// No text panics, and none but ours, whole, speaks for anybody.
        #[test]
        fn only_whole_tokens_of_ours_are_taken(
            text in "\\PC{0,80}", at: prop::sample::Index, byte in 0x21..0x7f_u8,
        ) {
            let tokens = AccessTokens::new(SECRET, None);
            prop_assert!(tokens.verify(&text, NOW).is_err());
            let thrice = [text.as_str(); 3].join(".");
            prop_assert!(tokens.verify(&thrice, NOW).is_err());
            let (_, token) = token(&tokens);
            let mut bytes = token.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let turned = String::from_utf8(bytes).unwrap();
            // The last character of a signature has bits that decode to nothing.
            let same = turned == token || at == token.len() - 1;
            prop_assert!(same || tokens.verify(&turned, NOW).is_err(), "{turned}");
            prop_assert!(bearer(&text).is_none_or(|token| !token.contains(' ')));
        }
    }

    #[test]
    fn bearer_takes_one_token() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer abc"), Some("abc"));
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer  abc"] {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }
}
