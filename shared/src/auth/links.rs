//! Links that work without a log-in: each says what it is for and on what, and is sealed.

use super::{MacKey, Membership};
use crate::models::{Currency, Id, Parse as _, Zone};
use data_encoding::BASE64URL_NOPAD;

/// What links are sealed with.
#[derive(Debug, Clone)]
pub struct Links {
    key: MacKey,
    previous: Option<MacKey>,
}

/// A link that was sealed by us: in which hospital it is good, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedLink {
    membership: Membership,
    about: String,
}

impl OpenedLink {
    /// The hospital.
    pub const fn membership(&self) -> &Membership {
        &self.membership
    }

    /// What it is about, as it was sealed.
    pub fn about(&self) -> &str {
        &self.about
    }
}

/// The length of a seal, in bytes.
const SEAL: usize = 32;

impl Links {
    /// The keys of a secret, and of the one before, whose links stay good.
    pub fn new(secret: &[u8], previous: Option<&[u8]>) -> Self {
        let key = |secret| MacKey::derive(secret, "links");
        Self { key: key(secret), previous: previous.map(key) }
    }

    /// The link for a purpose, about something of a hospital.
    pub fn seal(&self, purpose: &str, membership: &Membership, about: &str) -> String {
        let Membership { hospital, zone, currency } = membership;
        let body = [hospital.as_str(), zone.name(), currency.as_str(), about].join("\n");
        let mut bytes = self.key.tag(&[purpose, &body]).to_vec();
        bytes.extend_from_slice(body.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// What a link for this purpose is about; `None` if it is not one of ours.
    pub fn open(&self, purpose: &str, link: &str) -> Option<OpenedLink> {
        let bytes = BASE64URL_NOPAD.decode(link.as_bytes()).ok()?;
        let (seal, body) = bytes.split_at_checked(SEAL)?;
        let body = std::str::from_utf8(body).ok()?;
        let mut keys = [Some(&self.key), self.previous.as_ref()].into_iter().flatten();
        keys.find(|key| key.verify(&[purpose, body], seal))?;
        let mut parts = body.splitn(4, '\n');
        let membership = Membership {
            hospital: Id::parse(parts.next()?).ok()?,
            zone: Zone::parse(parts.next()?).ok()?,
            currency: Currency::parse(parts.next()?).ok()?,
        };
        Some(OpenedLink { membership, about: parts.next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn membership() -> Membership {
        Membership { hospital: Id::derived(1), zone: Zone::default(), currency: Currency::INR }
    }

    proptest! {
        #[test]
        fn a_link_is_good_for_its_purpose_and_as_it_was_sealed(
            about in "[ -~\n]{0,80}", at in 0..200_usize, other in any::<u8>(),
        ) {
            let links = Links::new(b"secret", None);
            let link = links.seal("queue", &membership(), &about);
            let opened = links.open("queue", &link).unwrap();
            prop_assert_eq!((opened.about(), opened.membership()), (&*about, &membership()));
            prop_assert_eq!(links.open("calendar", &link), None);
            prop_assert_eq!(Links::new(b"other", None).open("queue", &link), None);
            let renewed = Links::new(b"other", Some(b"secret"));
            prop_assert_eq!(renewed.open("queue", &link), Some(opened));
            let mut bytes = link.into_bytes();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != other);
            bytes[at] = other;
            prop_assert_eq!(links.open("queue", &String::from_utf8_lossy(&bytes)), None);
        }
    }
}
