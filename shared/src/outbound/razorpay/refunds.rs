//! Refunds at Razorpay (razorpay.com/docs/api/refunds).

use super::{Razorpay, RazorpayRefund, entities::Items};
use crate::{
    models::{PaymentId, Refund},
    outbound::Result,
};
use reqwest::Method;
use serde_json::json;

impl Razorpay {
    /// Pays money back. The key is made from our id of the refund: asking again with it gives the
    /// same refund (`X-Refund-Idempotency`).
    pub async fn refund(&self, owed: &Refund) -> Result<RazorpayRefund> {
        let path = format!("/v1/payments/{}/refund", owed.payment_id.as_str());
        let body = json!({
            "amount": owed.amount.amount(),
            "speed": "normal",
            "notes": { "refund": owed.id.as_str() },
        });
        let request = self.request(Method::POST, &path)?;
        self.send(request.header("X-Refund-Idempotency", owed.key()).json(&body)).await
    }

    /// Every refund of a payment, the failed among them.
    pub async fn refunds_of(&self, payment: &PaymentId) -> Result<Vec<RazorpayRefund>> {
        let path = format!("/v1/payments/{}/refunds?count=100", payment.as_str());
        self.call::<Items<_>>(Method::GET, &path, None).await.map(|found| found.items)
    }
}
