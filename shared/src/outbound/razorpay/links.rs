//! Payment links (razorpay.com/docs/api/payments/payment-links): a page of Razorpay's on which a
//! patient pays without the hospital's own.

use super::Razorpay;
use crate::{
    models::{Instant, Money, Patient, PaymentId, PaymentLinkId},
    outbound::{Error, Result, Service},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// A payment link that is there.
#[derive(Debug, Deserialize)]
pub struct MadeLink {
    /// Razorpay's id.
    pub id: PaymentLinkId,
    /// Where it leads.
    pub short_url: String,
    amount: i64,
    expire_by: i64,
    #[serde(default)]
    payments: Option<Vec<LinkPayment>>,
}

#[derive(Debug, Deserialize)]
struct LinkPayment {
    payment_id: PaymentId,
}

#[derive(Deserialize)]
struct Links {
    payment_links: Vec<MadeLink>,
}

impl MadeLink {
    /// Until when it can be paid.
    pub const fn expires_at(&self) -> Instant {
        Instant::from_seconds(self.expire_by)
    }

    /// The payments it was paid by.
    pub fn paid_by(self) -> Vec<PaymentId> {
        self.payments.unwrap_or_default().into_iter().map(|paid| paid.payment_id).collect()
    }
}

impl Razorpay {
    /// The link with this reference, made if it is not there. Razorpay tells the patient of it.
    /// As of an order's receipt, there is one link with a reference: an answer that was lost and
    /// the refusal of a second both lead to the first.
    pub async fn link(
        &self,
        reference: &str,
        (amount, patient): (Money, &Patient),
        until: Instant,
        notes: Value,
    ) -> Result<MadeLink> {
        let body = json!({
            "amount": amount.amount(),
            "currency": amount.currency().as_str(),
            "reference_id": reference,
            "description": "Appointment",
            "expire_by": until.seconds(),
            "customer": {
                "name": patient.name.as_str(),
                "email": patient.email.as_str(),
                "contact": patient.mobile.as_str(),
            },
            "notify": { "sms": true, "email": true },
            "notes": notes,
        });
        let made = self.call::<MadeLink>(Method::POST, "/v1/payment_links", Some(&body)).await;
        let link = match made {
            Ok(link) => link,
            Err(error @ (Error::Refused { status: 400, .. } | Error::Unavailable { .. })) => {
                // Where that cannot be told, neither can it be whether there is one.
                let unknown =
                    |error: Error| Error::unavailable(Service::Razorpay, error.to_string());
                self.link_of(reference).await.map_err(unknown)?.ok_or(error)?
            }
            Err(error) => return Err(error),
        };
        if link.amount == amount.amount() {
            return Ok(link);
        }
        Err(Error::unavailable(Service::Razorpay, "a link has another amount than asked for"))
    }

    /// The link with this reference, if it was made.
    pub async fn link_of(&self, reference: &str) -> Result<Option<MadeLink>> {
        let path = format!("/v1/payment_links?reference_id={reference}");
        let found: Links = self.call(Method::GET, &path, None).await?;
        Ok(found.payment_links.into_iter().next())
    }

    /// The payments a link was paid by.
    pub async fn payments_of_link(&self, link: &PaymentLinkId) -> Result<Vec<PaymentId>> {
        let path = format!("/v1/payment_links/{}", link.as_str());
        let link: MadeLink = self.call(Method::GET, &path, None).await?;
        Ok(link.paid_by())
    }
}
