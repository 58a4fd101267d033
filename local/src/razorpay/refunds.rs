//! Refunds: how much may go back, the idempotency header, and how a refund settles.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entity::{Payment, PaymentStatus, Refund, RefundStatus};
use super::event::About;
use super::ids;
use super::ledger::Ledger;
use super::problem::Problem;

/// An instant refund of this amount falls back to normal speed, as in Razorpay's test mode.
const FALLS_BACK: u64 = 2_468;

/// A used `X-Refund-Idempotency` key, and the request it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyUse {
    pub(super) key: String,
    /// Payment and body as asked, to tell a repeat from another request.
    pub(super) request: String,
    pub(super) refund_id: String,
}

/// A refund as asked for; no amount means all that is left.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) payment_id: String,
    pub(super) amount: Option<u64>,
    pub(super) speed: String,
    pub(super) notes: Value,
    pub(super) receipt: Option<String>,
}

impl Ask {
    fn fingerprint(&self) -> String {
        json!([self.payment_id, self.amount, self.speed, self.notes, self.receipt]).to_string()
    }
}

/// At least ten of `[A-Za-z0-9_-]`.
pub(super) fn check_key(key: &str) -> Result<(), Problem> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if key.len() >= 10 && key.bytes().all(letter) {
        return Ok(());
    }
    let why = "The idempotency key must be at least 10 characters of letters, digits, hyphens and \
               underscores.";
    Err(Problem::not_applicable(http::StatusCode::BAD_REQUEST, why))
}

impl Ledger {
    /// A refund by id, or Razorpay's refusal.
    pub(super) fn refund(&self, id: &str) -> Result<&Refund, Problem> {
        if !ids::well_formed("rfnd_", id) {
            return Err(Problem::invalid(format!("{id} is not a valid id")));
        }
        self.refunds.get(id).ok_or_else(Problem::no_such_id)
    }

    /// Makes a refund, or finds the one the same key made before. Events only for a new one.
    pub(super) fn ask_refund(
        &mut self,
        ask: &Ask,
        key: Option<&str>,
    ) -> Result<(Refund, Vec<String>), Problem> {
        let request = ask.fingerprint();
        if let Some(used) = key.and_then(|key| self.refund_keys.get(key)) {
            if used.request != request {
                let why = "Different request with the same idempotency key has already been \
                           processed.";
                return Err(Problem::not_applicable(http::StatusCode::CONFLICT, why));
            }
            let refund = self.refund(&used.refund_id)?.clone();
            return Ok((refund, Vec::new()));
        }
        let (refund, events) = self.make_refund(ask)?;
        if let Some(key) = key {
            let refund_id = refund.id.clone();
            self.put_refund_key(KeyUse { key: key.to_owned(), request, refund_id });
        }
        Ok((refund, events))
    }

    fn make_refund(&mut self, ask: &Ask) -> Result<(Refund, Vec<String>), Problem> {
        let mut payment = self.payment(&ask.payment_id)?.clone();
        let amount = refundable(&payment, ask.amount)?;
        payment.set_refunded(payment.amount_refunded.saturating_add(amount));
        let refund = Refund {
            id: ids::fresh("rfnd_"),
            entity: "refund".to_owned(),
            amount,
            currency: payment.currency.clone(),
            payment_id: payment.id.clone(),
            notes: ask.notes.clone(),
            receipt: ask.receipt.clone(),
            acquirer_data: json!({ "arn": null }),
            created_at: ids::now(),
            batch_id: None,
            status: RefundStatus::Pending,
            speed_processed: speed(&ask.speed, amount).to_owned(),
            speed_requested: ask.speed.clone(),
        };
        self.put_payment(payment.clone());
        self.put_refund(refund.clone());
        let about = About { refund: Some(&refund), ..About::payment(&payment) };
        let mut events = vec![self.emit("refund.created", about)];
        if ask.speed == "optimum" && refund.speed_processed == "normal" {
            events.push(self.emit("refund.speed_changed", about));
        }
        Ok((refund, events))
    }

    /// The bank's word on a pending refund. A failed one gives its amount back to the payment,
    /// where it may be refunded again.
    pub(super) fn settle(&mut self, id: &str, processed: bool) -> Vec<String> {
        let Some(mut refund) = self.refunds.get(id).cloned() else {
            return Vec::new();
        };
        let Some(mut payment) = self.payments.get(&refund.payment_id).cloned() else {
            return Vec::new();
        };
        if refund.status != RefundStatus::Pending {
            return Vec::new();
        }
        let name = if processed {
            refund.status = RefundStatus::Processed;
            refund.acquirer_data = json!({ "arn": "10000000000000" });
            "refund.processed"
        } else {
            refund.status = RefundStatus::Failed;
            payment.set_refunded(payment.amount_refunded.saturating_sub(refund.amount));
            self.put_payment(payment.clone());
            "refund.failed"
        };
        self.put_refund(refund.clone());
        vec![self.emit(name, About { refund: Some(&refund), ..About::payment(&payment) })]
    }

    /// Refunds the bank has not spoken on.
    pub(super) fn pending_refunds(&self) -> Vec<String> {
        let pending = self.refunds.iter().filter(|it| it.status == RefundStatus::Pending);
        pending.map(|refund| refund.id.clone()).collect()
    }
}

/// How fast it goes back in the end.
fn speed(asked: &str, amount: u64) -> &'static str {
    if asked == "optimum" && amount != FALLS_BACK { "instant" } else { "normal" }
}

/// How much would go back: what was asked, or all that is left.
fn refundable(payment: &Payment, asked: Option<u64>) -> Result<u64, Problem> {
    let refuse = |why: &str| Problem::refused(why, "refund_initiation", "input_validation_failed");
    match payment.status {
        PaymentStatus::Captured => {}
        PaymentStatus::Refunded => {
            return Err(refuse("The payment has been fully refunded already."));
        }
        PaymentStatus::Created | PaymentStatus::Authorized | PaymentStatus::Failed => {
            let why = "The payment status should be captured for action to be taken";
            return Err(refuse(why));
        }
    }
    let left = payment.amount.saturating_sub(payment.amount_refunded);
    match asked {
        None => Ok(left),
        Some(amount) if amount <= left => Ok(amount),
        Some(amount) if amount <= payment.amount => {
            Err(refuse("The total refund amount is greater than the refund payment amount")
                .with("field", "amount"))
        }
        Some(_) => Err(refuse("The refund amount provided is greater than amount captured.")
            .with("field", "amount")),
    }
}
