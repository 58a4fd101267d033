//! Orders and payments, as Razorpay tells of them and as we keep them.

use super::{
    AccountId, DeskPaymentId, DeskReference, Instant, Issue, Money, Parse, PaymentAccountId,
    issue::texts_in_documents,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! razorpay_ids {
    ($($(#[doc = $meaning:literal])+ $name:ident $prefix:literal;)*) => {$(
        $(#[doc = $meaning])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

        texts_in_documents! {
            $name: id => id.0;
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($meaning),+).trim_ascii()))
                    .pattern(Some(concat!("^", $prefix, "[A-Za-z0-9]{1,40}$")))
                    .examples([concat!($prefix, "DBJOWzybf0sJbb")])
                    .into()
            }
        }
        impl ToSchema for $name {}
    )*};
}

razorpay_ids! {
    /// An order at Razorpay.
    OrderId "order_";
    /// A payment at Razorpay. Those made at a hospital's desk have one of ours, which is longer
    /// than any of Razorpay's.
    PaymentId "pay_";
    /// A payment link at Razorpay.
    PaymentLinkId "plink_";
    /// A dispute at Razorpay.
    DisputeId "disp_";
    /// A merchant's account at Razorpay.
    MerchantId "acc_";
}

impl PaymentId {
    /// The id of a payment made at the desk.
    pub fn at_desk(id: &DeskPaymentId) -> Self {
        let ulid = id.as_str().rsplit('_').next().unwrap_or_default();
        Self(format!("pay_{ulid}"))
    }
}

/// By what a payment came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PaidBy {
    /// Razorpay Checkout, in the patient's browser.
    #[default]
    Checkout,
    /// A payment link of Razorpay's.
    Link,
    /// Cash, at the desk.
    Cash,
    /// A card, at the desk's own terminal.
    Card,
    /// UPI, to the desk's own code.
    Upi,
}

impl PaidBy {
    /// Whether the hospital has the money itself, and not Razorpay.
    pub const fn is_desk(self) -> bool {
        matches!(self, Self::Cash | Self::Card | Self::Upi)
    }
}

/// The order an appointment is paid by. There is one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Razorpay's id.
    pub id: OrderId,
    /// What we asked for.
    pub amount: Money,
    /// Of which account of the hospital's own; the platform's where there is none. What is paid
    /// goes back by the account it came to, whatever the hospital has by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PaymentAccountId>,
    /// When we asked.
    pub created_at: Instant,
}

/// A payment link an appointment may be paid by. There is one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLink {
    /// Razorpay's id.
    pub id: PaymentLinkId,
    /// Where it leads.
    pub url: String,
    /// Of which account, as of an [`Order`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PaymentAccountId>,
    /// Until when it can be paid.
    pub expires_at: Instant,
    /// When we asked for it.
    pub created_at: Instant,
}

/// A payment link Razorpay was asked for: whether it made it is known once it is kept. Razorpay tells
/// the patient at once, so what is paid by it is the appointment's even if nobody hears of it here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedLink {
    /// Of which account, as of an [`Order`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PaymentAccountId>,
    /// Until when it was to be good.
    pub expires_at: Instant,
    /// When it was asked for.
    pub created_at: Instant,
}

/// How far a payment came. It never goes back to an earlier step, in whatever order Razorpay tells
/// of them.
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

/// A payment of an appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Razorpay's id.
    pub id: PaymentId,
    /// What the patient paid.
    pub amount: Money,
    /// How far it came.
    pub status: PaymentStatus,
    /// By what.
    #[serde(default)]
    pub via: PaidBy,
    /// At the desk: the number on the terminal's slip or of the UPI transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<DeskReference>,
    /// At the desk: who took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<AccountId>,
    /// When we first heard of it.
    pub created_at: Instant,
    /// When the money came: at Razorpay by its own clock, at the desk when it was taken. Nothing
    /// until it is captured, nor where it was not kept yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Instant>,
}

impl Payment {
    /// When the money came, as well as we know: by this its receipt is dated.
    pub fn came_at(&self) -> Instant {
        self.captured_at.unwrap_or(self.created_at)
    }
}
