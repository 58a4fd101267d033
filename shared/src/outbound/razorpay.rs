//! Razorpay: orders, payments, refunds, signatures (razorpay.com/docs/api).

use super::{Error, Result, Service, http::Http};
use crate::models::{Currency, Money, OrderId, Parse as _, PaymentId, PaymentStatus, RefundStatus};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

/// A Razorpay account's API key.
#[derive(Clone)]
pub struct Keys {
    /// Public; the browser gets it.
    pub id: String,
    /// Secret.
    pub secret: String,
}

/// A Razorpay account.
#[derive(Clone)]
pub struct Razorpay {
    http: Http,
    url: String,
    keys: Keys,
}

/// A payment as Razorpay tells of it. What it may leave out is optional.
#[derive(Debug, Clone, Deserialize)]
pub struct RazorpayPayment {
    /// Its id.
    pub id: PaymentId,
    /// Minor units.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
    /// `created`, `authorized`, `captured`, `refunded` or `failed`.
    pub status: String,
    /// The order it pays.
    #[serde(default)]
    pub order_id: Option<OrderId>,
}

impl RazorpayPayment {
    /// How far it came; `None` while the customer is still at it.
    pub fn status(&self) -> Option<PaymentStatus> {
        match self.status.as_str() {
            "failed" => Some(PaymentStatus::Failed),
            "authorized" => Some(PaymentStatus::Authorized),
            "captured" => Some(PaymentStatus::Captured),
            "refunded" => Some(PaymentStatus::Refunded),
            _ => None,
        }
    }

    /// What was paid.
    pub fn money(&self) -> Option<Money> {
        Money::new(self.amount, self.currency)
    }
}

/// A refund as Razorpay tells of it.
#[derive(Debug, Clone, Deserialize)]
pub struct RazorpayRefund {
    /// Razorpay's id.
    pub id: String,
    /// `pending`, `processed` or `failed`.
    pub status: String,
    /// Of which payment.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// Ours: `refund` is our id of it. An empty list where there are none.
    #[serde(default)]
    pub notes: Value,
}

impl RazorpayRefund {
    /// Where it stands.
    pub fn status(&self) -> RefundStatus {
        match self.status.as_str() {
            "processed" => RefundStatus::Processed,
            "failed" => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        }
    }
}

#[derive(Deserialize)]
struct OrderEntity {
    id: OrderId,
    amount: i64,
    currency: Currency,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default)]
    error: ProblemDetail,
}

#[derive(Deserialize, Default)]
struct ProblemDetail {
    #[serde(default)]
    code: String,
    #[serde(default)]
    description: String,
}

impl Razorpay {
    /// The account with these keys; `url` is Razorpay's, or the simulator's.
    pub fn new(url: &str, keys: Keys) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { http: Http::new(Service::Razorpay, Duration::from_secs(8)), url, keys }
    }

    /// The public key.
    pub fn key_id(&self) -> &str {
        &self.keys.id
    }

    /// The order with this receipt, made if it is not there. The receipt is what makes a retry
    /// safe: an answer that was lost, and Razorpay's refusal of a receipt used before, both lead
    /// to the order that exists.
    pub async fn order(&self, receipt: &str, amount: Money, notes: Value) -> Result<OrderId> {
        let body = json!({
            "amount": amount.amount(),
            "currency": amount.currency().as_str(),
            "receipt": receipt,
            "notes": notes,
        });
        let made = self.call::<OrderEntity>(Method::POST, "/v1/orders", Some(&body)).await;
        let order = match made {
            Ok(order) => order,
            Err(error @ (Error::Refused { status: 400, .. } | Error::Unavailable { .. })) => {
                self.adopt(receipt).await.ok().flatten().ok_or(error)?
            }
            Err(error) => return Err(error),
        };
        if order.amount == amount.amount() && order.currency == amount.currency() {
            return Ok(order.id);
        }
        Err(Error::unavailable(Service::Razorpay, "an order has another amount than asked for"))
    }

    async fn adopt(&self, receipt: &str) -> Result<Option<OrderEntity>> {
        let path = format!("/v1/orders?receipt={receipt}");
        let found: Items<OrderEntity> = self.call(Method::GET, &path, None).await?;
        Ok(found.items.into_iter().next())
    }

    /// The payments of an order.
    pub async fn payments_of(&self, order: &OrderId) -> Result<Vec<RazorpayPayment>> {
        let path = format!("/v1/orders/{}/payments", order.as_str());
        self.call::<Items<RazorpayPayment>>(Method::GET, &path, None).await.map(|found| found.items)
    }

    /// A payment as it is now, captured if it was only authorised.
    pub async fn captured(&self, id: &PaymentId, amount: Money) -> Result<RazorpayPayment> {
        let path = format!("/v1/payments/{}", id.as_str());
        let payment: RazorpayPayment = self.call(Method::GET, &path, None).await?;
        if payment.status() != Some(PaymentStatus::Authorized) {
            return Ok(payment);
        }
        let body = json!({ "amount": amount.amount(), "currency": amount.currency().as_str() });
        let capture = format!("{path}/capture");
        match self.call(Method::POST, &capture, Some(&body)).await {
            // Somebody else captured it, or the answer was lost: the payment itself knows.
            Err(Error::Refused { status: 400, .. } | Error::Unavailable { .. }) => {
                self.call(Method::GET, &path, None).await
            }
            result => result,
        }
    }

    /// Pays money back. `key` is our id of the refund: asking again with it gives the same refund
    /// (razorpay.com/docs/api/refunds: `X-Refund-Idempotency`).
    pub async fn refund(
        &self,
        payment: &PaymentId,
        amount: Money,
        key: &str,
    ) -> Result<RazorpayRefund> {
        let path = format!("/v1/payments/{}/refund", payment.as_str());
        let body =
            json!({ "amount": amount.amount(), "speed": "normal", "notes": { "refund": key } });
        let request =
            self.request(Method::POST, &path)?.header("X-Refund-Idempotency", key).json(&body);
        self.send(request).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T> {
        let request = self.request(method, path)?;
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    fn request(&self, method: Method, path: &str) -> Result<reqwest::RequestBuilder> {
        let request = self.http.client()?.request(method, format!("{}{path}", self.url));
        Ok(request.basic_auth(&self.keys.id, Some(&self.keys.secret)))
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T> {
        let response = request.send().await.map_err(|error| self.http.unavailable(error))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.http.unavailable(error))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| {
                Error::unavailable(Service::Razorpay, "an answer is not what its API promises")
            });
        }
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
        // 409: another request with the same idempotency key is at work; the same key again gives
        // its refund.
        if status.is_server_error() || matches!(status.as_u16(), 401 | 409 | 429) {
            return Err(Error::unavailable(
                Service::Razorpay,
                format!("status {status} {}", problem.error.code),
            ));
        }
        Err(Error::Refused {
            service: Service::Razorpay,
            status: status.as_u16(),
            code: problem.error.code,
            description: problem.error.description,
        })
    }

    /// Whether Checkout's callback is Razorpay's, for the order we stored.
    pub fn signed(&self, order: &OrderId, payment: &PaymentId, signature: &str) -> bool {
        checkout_signature_is_right(&self.keys.secret, order, payment, signature)
    }
}

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

macro_rules! secret_debug {
    ($($type:ident)*) => {$(
        /// Never shows the secret.
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    )*};
}

secret_debug! { Keys Razorpay WebhookSecrets }

/// The id of a refund of ours that Razorpay tells of.
pub fn our_refund(notes: &Value) -> Option<crate::models::RefundId> {
    crate::models::RefundId::parse(notes.get("refund")?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
