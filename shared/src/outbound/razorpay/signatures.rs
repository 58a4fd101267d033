//! Razorpay's two signatures: of a payment at Checkout, under the key's secret, and of a webhook,
//! under a secret of its own.

use crate::models::{OrderId, PaymentId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Whether `signature` is the hexadecimal HMAC-SHA-256 of `order|payment` under the API key's
/// secret; in constant time.
pub fn checkout_signature_is_right(
    secret: &str,
    order: &OrderId,
    payment: &PaymentId,
    signature: &str,
) -> bool {
    let message = format!("{}|{}", order.as_str(), payment.as_str());
    signature_is_right(secret, message.as_bytes(), signature)
}

/// The secrets a webhook may be signed with: the current one, and while it is being changed the
/// one before, for Razorpay repeats older events for a day.
#[derive(Clone)]
pub struct WebhookSecrets {
    current: String,
    previous: Option<String>,
}

impl WebhookSecrets {
    /// `None` if the current secret is empty: anybody could sign then.
    pub fn new(current: String, previous: Option<String>) -> Option<Self> {
        let previous = previous.filter(|secret| !secret.is_empty());
        (!current.is_empty()).then_some(Self { current, previous })
    }

    /// Whether the body as it came is signed with one of them.
    pub fn signed(&self, body: &[u8], signature: &str) -> bool {
        let previous =
            self.previous.as_ref().map(|secret| signature_is_right(secret, body, signature));
        signature_is_right(&self.current, body, signature) || previous.unwrap_or(false)
    }
}

fn signature_is_right(secret: &str, message: &[u8], signature: &str) -> bool {
    let Ok(tag) = data_encoding::HEXLOWER.decode(signature.as_bytes()) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(message);
    mac.verify_slice(&tag).is_ok()
}

/// Never shows the secret.
impl std::fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Parse as _;

    const SECRET: &str = "a-key-secret-for-the-tests";

    fn sign(message: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(message);
        data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    #[test]
    fn one_changed_byte_breaks_a_signature() {
        let secrets = WebhookSecrets::new(SECRET.to_owned(), None).unwrap();
        let body = br#"{"event":"payment.captured"}"#;
        let signature = sign(body);
        assert!(secrets.signed(body, &signature));
        for index in 0..body.len() {
            let mut changed = body.to_vec();
            changed[index] ^= 1;
            assert!(!secrets.signed(&changed, &signature));
        }
        for bad in ["", "00", &signature[2..], &signature.to_uppercase(), &format!("{signature}00")]
        {
            assert!(!secrets.signed(body, bad), "{bad}");
        }
    }

    #[test]
    fn an_old_secret_still_signs_and_an_empty_one_never() {
        let rotated = WebhookSecrets::new("new".to_owned(), Some(SECRET.to_owned())).unwrap();
        assert!(rotated.signed(b"x", &sign(b"x")));
        assert!(WebhookSecrets::new(String::new(), Some(SECRET.to_owned())).is_none());
        let none_before = WebhookSecrets::new("new".to_owned(), Some(String::new())).unwrap();
        assert!(!none_before.signed(b"x", &sign(b"x")));
    }

    #[test]
    fn a_callback_is_bound_to_its_order() {
        let (order, other) =
            (OrderId::parse("order_A").unwrap(), OrderId::parse("order_B").unwrap());
        let payment = PaymentId::parse("pay_A").unwrap();
        let signature = sign(b"order_A|pay_A");
        assert!(checkout_signature_is_right(SECRET, &order, &payment, &signature));
        assert!(!checkout_signature_is_right(SECRET, &other, &payment, &signature));
        assert!(PaymentId::parse("pay_A|sub_B").is_err());
    }
}
