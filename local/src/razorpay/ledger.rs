//! Orders and payments and the rules of their states.
//!
//! Everything here runs under one lock and has no IO but the journal, so each request is one
//! step for all the others. Facts: Razorpay's documents for orders, payments and capture.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde_json::json;

use super::entity::{Order, OrderStatus, Payment, PaymentStatus, Refund};
use super::event::{About, Delivery, Event};
use super::ids;
use super::journal::{self, Journal, Record};
use super::link::PaymentLink;
use super::problem::Problem;
use super::refunds::KeyUse;
use super::table::Table;

/// Finished events kept over a restart; older ones are history nobody asks for.
const FINISHED_EVENTS: usize = 1_000;

/// How a customer's attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Captured,
    Authorized,
    Failed,
    /// The bank does not answer; Razorpay gives the payment up after some ten minutes.
    Pending,
    /// Nobody captured it within three days: Razorpay gives the money back by itself.
    Refunded,
}

/// The whole state of the simulated account.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) orders: Table<Order>,
    pub(super) payments: Table<Payment>,
    pub(super) refunds: Table<Refund>,
    pub(super) refund_keys: HashMap<String, KeyUse>,
    pub(super) events: Table<Event>,
    pub(super) links: Table<PaymentLink>,
    url: String,
    account: String,
    receipts: HashMap<String, String>,
    journal: Journal,
}

impl Ledger {
    /// Reads the state file, if there is one, and goes on from there.
    pub(super) fn open(account: String, url: String, path: Option<&Path>) -> io::Result<Self> {
        let mut ledger = Self { url, account, ..Self::default() };
        if let Some(path) = path {
            for record in journal::read(path)? {
                ledger.apply(record);
            }
            ledger.journal = Journal::compact(path, &ledger.records())?;
        }
        Ok(ledger)
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Order(order) => self.index_order(order),
            Record::Payment(payment) => self.payments.put(payment.id.clone(), *payment),
            Record::Refund(refund) => self.refunds.put(refund.id.clone(), refund),
            Record::Event(event) => self.events.put(event.id.clone(), event),
            Record::Link(mut link) => {
                // The port may be another than in the run that made it.
                link.short_url = self.short_url(&link.id);
                self.links.put(link.id.clone(), *link);
            }
            Record::RefundKey(used) => {
                self.refund_keys.insert(used.key.clone(), used);
            }
        }
    }

    fn records(&self) -> Vec<Record> {
        let finished = |event: &&Event| event.delivery != Delivery::Pending;
        let old = self.events.iter().filter(finished).count().saturating_sub(FINISHED_EVENTS);
        let mut seen = 0_usize;
        let events = self.events.iter().filter(|event| {
            seen = seen.saturating_add(usize::from(finished(event)));
            !finished(event) || seen > old
        });
        let events: Vec<Record> = events.cloned().map(Record::Event).collect();
        let orders = self.orders.iter().cloned().map(Record::Order);
        let payments = self.payments.iter().cloned().map(Box::new).map(Record::Payment);
        let refunds = self.refunds.iter().cloned().map(Record::Refund);
        let keys = self.refund_keys.values().cloned().map(Record::RefundKey);
        let links = self.links.iter().cloned().map(Box::new).map(Record::Link);
        orders.chain(payments).chain(refunds).chain(keys).chain(links).chain(events).collect()
    }

    fn index_order(&mut self, order: Order) {
        if let Some(receipt) = &order.receipt {
            self.receipts.insert(receipt.clone(), order.id.clone());
        }
        self.orders.put(order.id.clone(), order);
    }

    pub(super) fn put_order(&mut self, order: Order) {
        self.journal.append(&Record::Order(order.clone()));
        self.index_order(order);
    }

    pub(super) fn put_payment(&mut self, payment: Payment) {
        self.journal.append(&Record::Payment(Box::new(payment.clone())));
        self.payments.put(payment.id.clone(), payment);
    }

    pub(super) fn put_refund(&mut self, refund: Refund) {
        self.journal.append(&Record::Refund(refund.clone()));
        self.refunds.put(refund.id.clone(), refund);
    }

    pub(super) fn put_refund_key(&mut self, used: KeyUse) {
        self.journal.append(&Record::RefundKey(used.clone()));
        self.refund_keys.insert(used.key.clone(), used);
    }

    pub(super) fn put_event(&mut self, event: Event) {
        self.journal.append(&Record::Event(event.clone()));
        self.events.put(event.id.clone(), event);
    }

    pub(super) fn put_link(&mut self, link: PaymentLink) {
        self.journal.append(&Record::Link(Box::new(link.clone())));
        self.links.put(link.id.clone(), link);
    }

    /// Where the customer opens a payment link.
    pub(super) fn short_url(&self, id: &str) -> String {
        format!("{}/l/{id}", self.url)
    }

    /// Records an event.
    pub(super) fn emit(&mut self, name: &str, about: About<'_>) -> String {
        let event = Event::snapshot(&self.account, name, about);
        let id = event.id.clone();
        self.put_event(event);
        id
    }

    /// A new order. The receipt is Razorpay's idempotency key for orders: a second use is
    /// refused, and the caller finds the first by `GET /orders?receipt=`. With `unique_receipt` the
    /// first is the answer (razorpay.com, retries and idempotency, BP-07).
    pub(super) fn create_order(&mut self, order: Order, unique: bool) -> Result<Order, Problem> {
        let used = order.receipt.as_ref().and_then(|receipt| self.receipts.get(receipt));
        if let Some(first) = used.and_then(|id| self.orders.get(id)) {
            if unique && (first.amount, &first.currency) == (order.amount, &order.currency) {
                return Ok(first.clone());
            }
            return Err(Problem::field("receipt", "Order receipt should be unique."));
        }
        self.put_order(order.clone());
        Ok(order)
    }

    /// An order by id, or Razorpay's refusal.
    pub(super) fn order(&self, id: &str) -> Result<&Order, Problem> {
        if !ids::well_formed("order_", id) {
            return Err(Problem::invalid(format!("{id} is not a valid id")));
        }
        self.orders.get(id).ok_or_else(Problem::no_such_id)
    }

    /// A payment by id, or Razorpay's refusal.
    pub(super) fn payment(&self, id: &str) -> Result<&Payment, Problem> {
        if !ids::well_formed("pay_", id) {
            return Err(Problem::invalid(format!("{id} is not a valid id")));
        }
        self.payments.get(id).ok_or_else(Problem::no_such_id)
    }

    /// A customer pays, or fails to. Returns the payment and the events, in order.
    pub(super) fn checkout(
        &mut self,
        order_id: &str,
        outcome: Outcome,
        at: Option<i64>,
    ) -> Result<(Payment, Vec<String>), Problem> {
        let mut order = self.order(order_id)?.clone();
        if order.status == OrderStatus::Paid {
            return Err(already_paid());
        }
        self.link_is_open(order_id)?;
        let mut payment = Payment::created(ids::fresh("pay_"), &order, at.unwrap_or_else(ids::now));
        if outcome == Outcome::Refunded {
            return Err(Problem::invalid("A payment is made before it goes back."));
        }
        order.attempts = order.attempts.saturating_add(1);
        order.status = OrderStatus::Attempted;
        self.put_order(order);
        if outcome == Outcome::Pending {
            self.put_payment(payment.clone());
            return Ok((payment, Vec::new()));
        }
        if outcome == Outcome::Failed {
            payment.fail();
            self.put_payment(payment.clone());
            let event = self.emit("payment.failed", About::payment(&payment));
            return Ok((payment, vec![event]));
        }
        payment.authorize();
        self.put_payment(payment.clone());
        let mut events = vec![self.emit("payment.authorized", About::payment(&payment))];
        if outcome == Outcome::Captured {
            let (captured, more) = self.take_money(payment);
            payment = captured;
            events.extend(more);
        }
        Ok((payment, events))
    }

    /// Capture by the merchant's API call: the whole authorised amount, once.
    pub(super) fn capture(
        &mut self,
        id: &str,
        amount: u64,
        currency: &str,
    ) -> Result<(Payment, Vec<String>), Problem> {
        let payment = self.payment(id)?.clone();
        match payment.status {
            PaymentStatus::Captured | PaymentStatus::Refunded => {
                return Err(uncapturable("This payment has already been captured."));
            }
            PaymentStatus::Created | PaymentStatus::Failed => {
                let why = "Only payments which have been authorized and not yet captured can be \
                           captured";
                return Err(uncapturable(why));
            }
            PaymentStatus::Authorized => {}
        }
        if amount != payment.amount {
            let why = "Capture amount must be equal to the amount authorized.";
            return Err(uncapturable(why).with("field", "amount"));
        }
        if currency != payment.currency {
            let why = "Payment currency and capture currency must be the same";
            return Err(uncapturable(why).with("field", "currency"));
        }
        if self.order_of(&payment).is_some_and(|order| order.status == OrderStatus::Paid) {
            return Err(already_paid());
        }
        Ok(self.take_money(payment))
    }

    /// The bank speaks after all: on a payment it had not answered, or confirms one that Razorpay
    /// had marked as failed. A capture goes through
    /// even when another payment has paid the order by then: that is the case a merchant must
    /// survive (refund the second one).
    pub(super) fn authorize_late(
        &mut self,
        id: &str,
        outcome: Outcome,
    ) -> Result<(Payment, Vec<String>), Problem> {
        let mut payment = self.payment(id)?.clone();
        let mut events = Vec::new();
        match (payment.status, outcome) {
            (PaymentStatus::Created, Outcome::Failed) => {
                payment.fail();
                self.put_payment(payment.clone());
                events.push(self.emit("payment.failed", About::payment(&payment)));
            }
            (PaymentStatus::Created, Outcome::Authorized | Outcome::Captured) => {
                payment.authorize();
                self.put_payment(payment.clone());
                events.push(self.emit("payment.authorized", About::payment(&payment)));
            }
            (PaymentStatus::Failed, Outcome::Authorized | Outcome::Captured) => {
                payment.authorize_late();
                self.put_payment(payment.clone());
                events.push(self.emit("payment.authorized", About::payment(&payment)));
            }
            (PaymentStatus::Authorized, Outcome::Captured) => {}
            (PaymentStatus::Authorized, Outcome::Refunded) => return Ok(self.give_back(payment)),
            _ => return Err(Problem::invalid("The payment cannot take this outcome.")),
        }
        if outcome == Outcome::Captured {
            let (captured, more) = self.take_money(payment);
            payment = captured;
            events.extend(more);
        }
        Ok((payment, events))
    }

    /// Money the merchant never took; it was never his, so no refund of his is made.
    fn give_back(&mut self, mut payment: Payment) -> (Payment, Vec<String>) {
        payment.set_refunded(payment.amount);
        self.put_payment(payment.clone());
        let event = self.emit("payment.refunded", About::payment(&payment));
        (payment, vec![event])
    }

    /// The customer's bank asks money back, or speaks on that it asked for.
    pub(super) fn dispute(&mut self, id: &str, phase: &str) -> Result<Vec<String>, Problem> {
        if !["created", "under_review", "won", "lost", "closed"].contains(&phase) {
            return Err(Problem::invalid("The phase of a dispute is not known."));
        }
        let payment = self.payment(id)?.clone();
        if !payment.captured {
            return Err(Problem::invalid("Only a captured payment can be disputed."));
        }
        let dispute = json!({
            "id": ids::derived("disp_", id),
            "entity": "dispute",
            "payment_id": id,
            "amount": payment.amount,
            "currency": payment.currency,
            "amount_deducted": if phase == "lost" { payment.amount } else { 0 },
            "reason_code": "goods_or_services_not_received_or_partially_received",
            "respond_by": ids::now().saturating_add(7 * 24 * 3600),
            "status": if phase == "created" { "open" } else { phase },
            "phase": "chargeback",
            "created_at": payment.created_at,
        });
        let about = About { dispute: Some(&dispute), ..About::payment(&payment) };
        Ok(vec![self.emit(&format!("payment.dispute.{phase}"), about)])
    }

    fn order_of(&self, payment: &Payment) -> Option<&Order> {
        payment.order_id.as_deref().and_then(|id| self.orders.get(id))
    }

    /// Captures, and pays the order unless another payment has.
    fn take_money(&mut self, mut payment: Payment) -> (Payment, Vec<String>) {
        payment.capture();
        self.put_payment(payment.clone());
        let mut events = vec![self.emit("payment.captured", About::payment(&payment))];
        let unpaid = self.order_of(&payment).filter(|order| order.status != OrderStatus::Paid);
        if let Some(mut order) = unpaid.cloned() {
            order.status = OrderStatus::Paid;
            order.amount_paid = order.amount;
            order.amount_due = 0;
            self.put_order(order.clone());
            let about = About { order: Some(&order), ..About::payment(&payment) };
            events.push(self.emit("order.paid", about));
            events.extend(self.pay_link(&order, &payment));
        }
        (payment, events)
    }
}

fn already_paid() -> Problem {
    let why = "Payment already done for this order.";
    Problem::refused(why, "payment_initiation", "order_already_paid")
}

fn uncapturable(why: &str) -> Problem {
    Problem::refused(why, "payment_capture", "input_validation_failed")
}
