//! Orders, payments and refunds, member for member as Razorpay's API shows them.
//!
//! The same form goes over the wire, into a webhook's payload and into the state file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An order's life: created, attempted at the first payment, paid at the first capture. Paid is
/// terminal, also after refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrderStatus {
    Created,
    Attempted,
    Paid,
}

/// A payment's life. `Created` while the bank has not spoken; `Refunded` only after the full amount; a failed payment may still be
/// authorized late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PaymentStatus {
    Created,
    Authorized,
    Captured,
    Refunded,
    Failed,
}

/// A refund's life: pending, then processed or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    Processed,
    Failed,
}

/// Amounts are in the currency's minor unit, instants in unix seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) entity: String,
    pub(super) amount: u64,
    pub(super) amount_paid: u64,
    pub(super) amount_due: u64,
    pub(super) currency: String,
    pub(super) receipt: Option<String>,
    pub(super) offer_id: Option<String>,
    pub(super) status: OrderStatus,
    pub(super) attempts: u32,
    /// `[]` when empty, an object otherwise: PHP's habit, and every client's trap.
    pub(super) notes: Value,
    pub(super) created_at: i64,
}

/// A payment by UPI: the method with the fewest members that still has all the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) entity: String,
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) status: PaymentStatus,
    pub(super) order_id: Option<String>,
    pub(super) invoice_id: Option<String>,
    pub(super) international: bool,
    pub(super) method: String,
    pub(super) amount_refunded: u64,
    pub(super) refund_status: Option<String>,
    pub(super) captured: bool,
    pub(super) description: Option<String>,
    pub(super) card_id: Option<String>,
    pub(super) bank: Option<String>,
    pub(super) wallet: Option<String>,
    pub(super) vpa: Option<String>,
    pub(super) email: String,
    pub(super) contact: String,
    pub(super) notes: Value,
    /// Null until captured, as the tax.
    pub(super) fee: Option<u64>,
    pub(super) tax: Option<u64>,
    pub(super) error_code: Option<String>,
    pub(super) error_description: Option<String>,
    pub(super) error_source: Option<String>,
    pub(super) error_step: Option<String>,
    pub(super) error_reason: Option<String>,
    pub(super) acquirer_data: Value,
    pub(super) created_at: i64,
    pub(super) upi: Value,
    /// Only there when true: the bank confirmed after Razorpay had given the payment up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) late_authorized: bool,
}

/// Money on its way back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) entity: String,
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) payment_id: String,
    pub(super) notes: Value,
    pub(super) receipt: Option<String>,
    pub(super) acquirer_data: Value,
    pub(super) created_at: i64,
    pub(super) batch_id: Option<String>,
    pub(super) status: RefundStatus,
    pub(super) speed_processed: String,
    pub(super) speed_requested: String,
}

impl Payment {
    /// A payment of the whole order, authorized by the customer's bank.
    pub(super) fn authorized(id: String, order: &Order, now: i64) -> Self {
        Self {
            id,
            entity: "payment".to_owned(),
            amount: order.amount,
            currency: order.currency.clone(),
            status: PaymentStatus::Authorized,
            order_id: Some(order.id.clone()),
            invoice_id: None,
            international: false,
            method: "upi".to_owned(),
            amount_refunded: 0,
            refund_status: None,
            captured: false,
            description: None,
            card_id: None,
            bank: None,
            wallet: None,
            vpa: Some("customer@upi".to_owned()),
            email: "customer@example.com".to_owned(),
            contact: "+919000000000".to_owned(),
            notes: order.notes.clone(),
            fee: None,
            tax: None,
            error_code: None,
            error_description: None,
            error_source: None,
            error_step: None,
            error_reason: None,
            acquirer_data: json!({ "rrn": "000000000001" }),
            created_at: now,
            upi: json!({ "vpa": "customer@upi" }),
            late_authorized: false,
        }
    }

    /// A payment of the whole order that the customer's bank has not answered yet.
    pub(super) fn created(id: String, order: &Order, now: i64) -> Self {
        let payment = Self::authorized(id, order, now);
        let acquirer_data = json!({ "rrn": null });
        Self { status: PaymentStatus::Created, acquirer_data, ..payment }
    }

    /// The bank sets the money aside.
    pub(super) fn authorize(&mut self) {
        self.status = PaymentStatus::Authorized;
        self.acquirer_data = json!({ "rrn": "000000000001" });
    }

    /// Gives the payment up: the customer's bank said no.
    pub(super) fn fail(&mut self) {
        self.status = PaymentStatus::Failed;
        self.error_code = Some("BAD_REQUEST_ERROR".to_owned());
        self.error_description = Some("Payment failed".to_owned());
        self.error_source = Some("issuer".to_owned());
        self.error_step = Some("payment_authorization".to_owned());
        self.error_reason = Some("payment_failed".to_owned());
        self.acquirer_data = json!({ "rrn": null });
    }

    /// The bank confirmed after all.
    pub(super) fn authorize_late(&mut self) {
        self.status = PaymentStatus::Authorized;
        self.late_authorized = true;
        self.error_code = None;
        self.error_description = None;
        self.error_source = None;
        self.error_step = None;
        self.error_reason = None;
        self.acquirer_data = json!({ "rrn": "000000000002" });
    }

    /// Takes the money. The fee is 2 %, and 18 % tax on that; `fee` includes the tax.
    pub(super) fn capture(&mut self) {
        let base = self.amount / 50;
        let tax = base.saturating_mul(18) / 100;
        self.status = PaymentStatus::Captured;
        self.captured = true;
        self.fee = Some(base.saturating_add(tax));
        self.tax = Some(tax);
    }

    /// Sets what has been given back and the two members that follow from it.
    pub(super) fn set_refunded(&mut self, amount: u64) {
        self.amount_refunded = amount;
        let full = amount >= self.amount;
        self.refund_status = match amount {
            0 => None,
            _ if full => Some("full".to_owned()),
            _ => Some("partial".to_owned()),
        };
        self.status = if full { PaymentStatus::Refunded } else { PaymentStatus::Captured };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(amount: u64) -> Payment {
        let order = Order {
            id: "order_00000000000001".to_owned(),
            entity: "order".to_owned(),
            amount,
            amount_paid: 0,
            amount_due: amount,
            currency: "INR".to_owned(),
            receipt: None,
            offer_id: None,
            status: OrderStatus::Created,
            attempts: 0,
            notes: json!([]),
            created_at: 1,
        };
        Payment::authorized("pay_00000000000001".to_owned(), &order, 1)
    }

    #[test]
    fn a_partial_refund_leaves_the_payment_captured() {
        let mut it = payment(500);
        it.capture();
        it.set_refunded(499);
        assert_eq!(it.status, PaymentStatus::Captured);
        assert_eq!(it.refund_status.as_deref(), Some("partial"));
        it.set_refunded(500);
        assert_eq!(it.status, PaymentStatus::Refunded);
        it.set_refunded(0);
        assert_eq!((it.status, it.refund_status), (PaymentStatus::Captured, None));
    }

    #[test]
    fn the_fee_is_null_until_captured() {
        let mut it = payment(250_000);
        assert_eq!((it.fee, it.tax), (None, None));
        it.capture();
        assert_eq!((it.fee, it.tax), (Some(5_900), Some(900)));
    }
}
