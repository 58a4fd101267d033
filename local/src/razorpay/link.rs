//! Payment links: an order with an address of its own, for a counter that has no checkout page.
//! The entity and the rules of its states (razorpay.com/docs/api/payments/payment-links).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entity::{Order, OrderStatus, Payment};
use super::event::About;
use super::ids;
use super::ledger::Ledger;
use super::problem::Problem;

/// A link's life: created, then paid, cancelled or expired for good. (Razorpay also knows
/// `partially_paid`; the customer here always pays all of it.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LinkStatus {
    Created,
    Paid,
    Cancelled,
    Expired,
}

/// Member for member as Razorpay's API shows it; what did not happen yet has the instant 0.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PaymentLink {
    pub(super) id: String,
    pub(super) accept_partial: bool,
    pub(super) amount: u64,
    pub(super) amount_paid: u64,
    pub(super) callback_method: String,
    pub(super) callback_url: String,
    pub(super) cancelled_at: i64,
    pub(super) created_at: i64,
    pub(super) currency: String,
    pub(super) customer: Value,
    pub(super) description: String,
    pub(super) expire_by: i64,
    pub(super) expired_at: i64,
    pub(super) first_min_partial_amount: u64,
    pub(super) notes: Value,
    pub(super) notify: Value,
    pub(super) order_id: String,
    /// `null` until somebody pays: another of the API's habits.
    pub(super) payments: Value,
    pub(super) reference_id: String,
    pub(super) reminder_enable: bool,
    pub(super) reminders: Value,
    pub(super) short_url: String,
    pub(super) status: LinkStatus,
    pub(super) updated_at: i64,
    pub(super) upi_link: bool,
    pub(super) user_id: String,
}

impl PaymentLink {
    fn pay(&mut self, payment: &Payment) {
        self.status = LinkStatus::Paid;
        self.amount_paid = payment.amount;
        self.updated_at = ids::now();
        self.payments = json!([{
            "amount": payment.amount,
            "created_at": payment.created_at,
            "method": payment.method,
            "payment_id": payment.id,
            "plink_id": self.id,
            "status": "captured",
            "updated_at": ids::now(),
        }]);
    }
}

impl Ledger {
    /// A new link with the order it is paid by. The reference is unique, as a receipt is.
    pub(super) fn create_link(&mut self, mut link: PaymentLink) -> Result<PaymentLink, Problem> {
        let reference = link.reference_id.as_str();
        if !reference.is_empty() && self.links.iter().any(|other| other.reference_id == reference) {
            let why = format!("payment link with given reference_id ({reference}) already exists");
            return Err(Problem::field("reference_id", why));
        }
        let order = Order {
            id: link.order_id.clone(),
            entity: "order".to_owned(),
            amount: link.amount,
            amount_paid: 0,
            amount_due: link.amount,
            currency: link.currency.clone(),
            receipt: None,
            offer_id: None,
            status: OrderStatus::Created,
            attempts: 0,
            notes: link.notes.clone(),
            created_at: link.created_at,
        };
        link.short_url = self.short_url(&link.id);
        self.put_order(order);
        self.put_link(link.clone());
        Ok(link)
    }

    /// A link by id, or Razorpay's refusal.
    pub(super) fn link(&self, id: &str) -> Result<&PaymentLink, Problem> {
        if !ids::well_formed("plink_", id) {
            return Err(Problem::invalid(format!("{id} is not a valid id")));
        }
        self.links.get(id).ok_or_else(Problem::no_such_id)
    }

    /// The link an order belongs to, if any.
    pub(super) fn link_of(&self, order_id: &str) -> Option<&PaymentLink> {
        self.links.iter().find(|link| link.order_id == order_id)
    }

    /// Links past their time that are still open run out now. Nobody watches the clock in between:
    /// every reader and payer calls this first.
    pub(super) fn expire_links(&mut self) -> Vec<String> {
        let now = ids::now();
        let over = |link: &&PaymentLink| {
            link.status == LinkStatus::Created && link.expire_by > 0 && link.expire_by <= now
        };
        let over: Vec<String> = self.links.iter().filter(over).map(|it| it.id.clone()).collect();
        over.iter().filter_map(|id| self.end_link(id, LinkStatus::Expired).ok()).flatten().collect()
    }

    /// Ends an open link unpaid: by the merchant, or by its time.
    pub(super) fn end_link(
        &mut self,
        id: &str,
        status: LinkStatus,
    ) -> Result<Vec<String>, Problem> {
        let mut link = self.link(id)?.clone();
        if link.status != LinkStatus::Created {
            return Err(not_open(&link));
        }
        let name = match status {
            LinkStatus::Expired => "payment_link.expired",
            _ => "payment_link.cancelled",
        };
        let now = ids::now();
        link.status = status;
        link.updated_at = now;
        match status {
            LinkStatus::Expired => link.expired_at = now,
            _ => link.cancelled_at = now,
        }
        self.put_link(link.clone());
        Ok(vec![self.emit(name, About { link: Some(&link), ..About::default() })])
    }

    /// Whether an order may still be paid as far as its link goes.
    pub(super) fn link_is_open(&self, order_id: &str) -> Result<(), Problem> {
        match self.link_of(order_id) {
            Some(link) if link.status != LinkStatus::Created => Err(not_open(link)),
            _ => Ok(()),
        }
    }

    /// The link of an order that has just been paid is paid too.
    pub(super) fn pay_link(&mut self, order: &Order, payment: &Payment) -> Option<String> {
        let mut link = self.link_of(&order.id)?.clone();
        link.pay(payment);
        self.put_link(link.clone());
        let about = About { link: Some(&link), order: Some(order), ..About::payment(payment) };
        Some(self.emit("payment_link.paid", about))
    }
}

fn not_open(link: &PaymentLink) -> Problem {
    let status = json!(link.status);
    let status = status.as_str().unwrap_or_default();
    Problem::invalid(format!("The payment link is {status} and cannot be changed or paid."))
}
