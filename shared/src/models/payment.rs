//! Orders and payments, as Razorpay tells of them and as we keep them.

use super::{Instant, Issue, Money, Parse};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

macro_rules! razorpay_ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "Cow<'_, str>", into = "String")]
        pub struct $name(String);

        impl $name {
            /// As Razorpay writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Parse for $name {
            /// Letters and digits after the prefix only: a `|` in an id would let one signature
            /// pass for another.
            fn parse(text: &str) -> Result<Self, Issue> {
                text.strip_prefix($prefix)
                    .filter(|rest| (1..=40).contains(&rest.len()))
                    .filter(|rest| rest.bytes().all(|b| b.is_ascii_alphanumeric()))
                    .map(|_| Self(text.to_owned()))
                    .ok_or_else(|| Issue::invalid(concat!("must be a Razorpay id of the form ", $prefix, "…")))
            }
        }

        impl TryFrom<Cow<'_, str>> for $name {
            type Error = Cow<'static, str>;
            fn try_from(text: Cow<'_, str>) -> Result<Self, Self::Error> {
                Self::parse(&text).map_err(|issue| issue.message)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                String::schema()
            }
        }
        impl ToSchema for $name {}
    )*};
}

razorpay_ids! {
    /// An order at Razorpay.
    OrderId "order_";
    /// A payment at Razorpay.
    PaymentId "pay_";
}

/// The order an appointment is paid by. There is one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Razorpay's id.
    pub id: OrderId,
    /// What we asked for.
    pub amount: Money,
    /// When we asked.
    pub created_at: Instant,
}

/// How far a payment came. A later step never goes back to an earlier one, in whatever order we
/// hear of them (Razorpay, best practices: «forward only»).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PaymentStatus {
    /// It did not work; the bank may still change its mind.
    Failed,
    /// The bank has set the money aside; it is not ours until captured.
    Authorized,
    /// The money is ours.
    Captured,
    /// All of it went back.
    Refunded,
}

/// A payment of an appointment's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Razorpay's id.
    pub id: PaymentId,
    /// What the patient paid.
    pub amount: Money,
    /// How far it came.
    pub status: PaymentStatus,
    /// When we first heard of it.
    pub created_at: Instant,
}
