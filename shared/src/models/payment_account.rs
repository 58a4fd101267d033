//! A hospital's own account at Razorpay.

use super::{Instant, Issue, IssueCode, MerchantId, Parse, PaymentAccountId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret under lock and key: what is stored of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

/// Sealed or not, it has no business in a log.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// The public half of an API key: `rzp_live_…`, or `rzp_test_…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// As Razorpay writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Parse for KeyId {
    fn parse(text: &str) -> Result<Self, Issue> {
        let rest = text.strip_prefix("rzp_live_").or_else(|| text.strip_prefix("rzp_test_"));
        let right = |rest: &&str| {
            (1..=40).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        rest.filter(right)
            .map(|_| Self(text.to_owned()))
            .ok_or_else(|| Issue::invalid("must be a key id of the form rzp_live_… or rzp_test_…"))
    }
}

/// A secret as it is handed in: 8 to 128 visible ASCII characters.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainSecret(String);

impl PlainSecret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its last characters, by which people tell one secret from another.
    pub fn hint(&self) -> String {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default().to_owned()
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(…)")
    }
}

impl Parse for PlainSecret {
    fn parse(text: &str) -> Result<Self, Issue> {
        if (8..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Issue::new(IssueCode::Length, "must have 8 to 128 visible ASCII characters"))
    }
}

macro_rules! text_schemas {
    ($($name:ident $meaning:literal, example $example:literal, pattern $pattern:literal;)*) => {$(
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($meaning))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    )*};
}

text_schemas! {
    KeyId "The public half of an API key at Razorpay.",
        example "rzp_test_1DP5mmOlF5G5ag", pattern "^rzp_(live|test)_[A-Za-z0-9]{1,40}$";
    PlainSecret "A secret: 8 to 128 visible ASCII characters.",
        example "not-the-real-secret", pattern "^[!-~]{8,128}$";
}

/// A sealed secret and its last characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSecret {
    /// The secret.
    pub sealed: Sealed,
    /// Its last characters.
    pub hint: String,
}

/// A webhook's secret that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedSecret {
    /// The secret.
    pub sealed: Sealed,
    /// Until when it is still taken.
    pub until: Instant,
}

/// A hospital's own account at Razorpay. One the hospital has left stays, for what was paid into
/// it goes back from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAccount {
    /// Our id; it is in the path its webhooks come to.
    #[serde(rename = "_id")]
    pub id: PaymentAccountId,
    /// Razorpay's id of the merchant. New keys of the same merchant replace the old ones.
    pub merchant: MerchantId,
    /// The public half of the key.
    pub key_id: KeyId,
    /// The secret half.
    pub key_secret: KeptSecret,
    /// What webhooks are signed with.
    pub webhook_secret: KeptSecret,
    /// What they were signed with before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_webhook_secret: Option<ReplacedSecret>,
    /// Whether new orders go to it.
    pub current: bool,
    /// When its keys were last changed.
    pub changed_at: Instant,
}

impl PaymentAccount {
    /// For how long Razorpay repeats an event under the secret of its time (webhooks, best
    /// practices: a day).
    pub const REPEATS_SECONDS: i64 = 24 * 3600;

    /// What becomes of the account's webhook secret when it is replaced by another: it is taken
    /// for a day more. `same` if it is the one we have.
    pub fn replaced_webhook_secret(&self, same: bool, now: Instant) -> Option<ReplacedSecret> {
        if same {
            return self.previous_webhook_secret.clone();
        }
        let until = now.plus_seconds(Self::REPEATS_SECONDS);
        Some(ReplacedSecret { sealed: self.webhook_secret.sealed.clone(), until })
    }

    /// The secret before, while it is still taken.
    pub fn still_taken(&self, now: Instant) -> Option<&Sealed> {
        self.previous_webhook_secret
            .as_ref()
            .filter(|replaced| now < replaced.until)
            .map(|replaced| &replaced.sealed)
    }
}
