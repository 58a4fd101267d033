//! Razorpay: orders, payments, refunds, signatures (razorpay.com/docs/api).

mod entities;
mod links;
mod merchants;
mod refunds;
mod signatures;
mod vault;

pub use entities::{RazorpayDispute, RazorpayPayment, RazorpayRefund};
pub use links::MadeLink;
pub use merchants::{HospitalMerchants, Merchants};
pub use signatures::{WebhookSecrets, checkout_signature_is_right};
pub use vault::AccountVault;

use super::{
    Error, Result, Service,
    http::{Answer, Http},
};
use crate::models::{Money, OrderId, PaymentId, PaymentStatus};
use entities::{Items, OrderEntity, Problem};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// A Razorpay account's API key.
#[derive(Clone)]
pub struct Keys {
    /// Public; the browser gets it.
    pub id: String,
    /// Secret.
    pub secret: String,
    /// The secret of the key before, which signs what comes back from a Checkout that was opened with
    /// it (Razorpay, regenerate API keys: good for 24 hours more).
    pub previous: Option<String>,
}

/// A Razorpay account.
#[derive(Clone)]
pub struct Razorpay {
    http: Http,
    url: String,
    keys: Keys,
}

impl Razorpay {
    /// The account with these keys; `url` is Razorpay's, or the simulator's.
    pub fn new(url: &str, keys: Keys) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { http: Http::new(Service::Razorpay, Duration::from_secs(8)), url, keys }
    }

    /// The account with other keys at the same address.
    pub fn with_keys(&self, keys: Keys) -> Self {
        Self { keys, ..self.clone() }
    }

    /// Whether Razorpay knows the keys.
    pub async fn knows_its_keys(&self) -> Result<bool> {
        let request = self.request(Method::GET, "/v1/orders?count=1")?;
        match self.http.send(request).await?.status {
            StatusCode::UNAUTHORIZED => Ok(false),
            status if status.is_success() => Ok(true),
            status => Err(Error::unavailable(Service::Razorpay, format!("status {status}"))),
        }
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

    /// A payment as it is now.
    pub async fn payment(&self, id: &PaymentId) -> Result<RazorpayPayment> {
        self.call(Method::GET, &format!("/v1/payments/{}", id.as_str()), None).await
    }

    /// A payment as it is now, captured if it was only authorised. One that Razorpay refuses to
    /// capture stays authorised.
    ///
    /// # Errors
    /// When Razorpay does not say, or is not able to capture it now: its money is blocked, so that
    /// nobody may be told that it failed.
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
            Err(error @ (Error::Refused { status: 400, .. } | Error::Unavailable { .. })) => {
                let now: RazorpayPayment = self.call(Method::GET, &path, None).await?;
                let open = now.status() == Some(PaymentStatus::Authorized);
                if open && matches!(error, Error::Unavailable { .. }) {
                    Err(error)
                } else {
                    Ok(now)
                }
            }
            result => result,
        }
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
        let Answer { status, body, .. } = self.http.send(request).await?;
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
        let signed = |secret: &str| checkout_signature_is_right(secret, order, payment, signature);
        signed(&self.keys.secret) || self.keys.previous.as_deref().is_some_and(signed)
    }
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

secret_debug! { Keys Razorpay }
