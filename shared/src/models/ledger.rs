//! The ledger: double entry, in minor units, only ever added to. An appointment's lines are in
//! its own document, written with the change that causes them, so there is no change without its
//! line and no line without its change.

use super::{
    Appointment, Instant, Money, PaymentId, PaymentStatus, RefundCause, RefundId, RefundStatus,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Where money is, or whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerAccount {
    /// At Razorpay.
    Razorpay,
    /// At the hospital's desk.
    Desk,
    /// Taken back from us by a bank, after a dispute.
    Chargebacks,
    /// What appointments stand on, or were kept by the terms of their cancellation.
    Appointments,
    /// What patients are to get back.
    Owed,
}

impl LedgerAccount {
    /// Every account.
    pub const ALL: [Self; 5] =
        [Self::Razorpay, Self::Desk, Self::Chargebacks, Self::Appointments, Self::Owed];
}

/// Why an entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryCause {
    /// A payment came, and the appointment stands on it.
    Paid,
    /// A payment came after the slot had gone to somebody else, and is owed back.
    Late,
    /// A second payment came, and is owed back.
    Duplicate,
    /// A payment of another amount came, and is owed back.
    Mismatch,
    /// A payment came that had gone back before we heard of it.
    Returned,
    /// The appointment was cancelled.
    Cancelled,
    /// The patient did not come.
    NoShow,
    /// The appointment was moved to a cheaper slot.
    Rescheduled,
    /// Somebody began a refund in Razorpay's dashboard.
    Outside,
    /// A refund reached the patient.
    Refunded,
    /// A dispute was lost.
    DisputeLost,
}

impl From<RefundCause> for EntryCause {
    fn from(cause: RefundCause) -> Self {
        match cause {
            RefundCause::Cancelled => Self::Cancelled,
            RefundCause::NoShow => Self::NoShow,
            RefundCause::Rescheduled => Self::Rescheduled,
            RefundCause::Late => Self::Late,
            RefundCause::Duplicate => Self::Duplicate,
            RefundCause::Mismatch => Self::Mismatch,
            RefundCause::Returned => Self::Returned,
            RefundCause::Outside => Self::Outside,
        }
    }
}

/// One entry: the same amount to the debit of one account and the credit of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    /// Counts the appointment's entries, from 1.
    pub number: i64,
    /// When.
    pub at: Instant,
    /// Why.
    pub cause: EntryCause,
    /// How much.
    pub amount: Money,
    /// Which account is debited.
    pub debit: LedgerAccount,
    /// Which is credited.
    pub credit: LedgerAccount,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// Of which refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
}

/// Debits less credits of each account, in minor units.
pub type Balances = BTreeMap<LedgerAccount, i64>;

impl Appointment {
    /// Adds an entry.
    pub(super) fn enter(
        &mut self,
        cause: EntryCause,
        amount: Money,
        (debit, credit): (LedgerAccount, LedgerAccount),
        (payment_id, refund_id): (PaymentId, Option<RefundId>),
        now: Instant,
    ) {
        let number = self.ledger.last().map_or(1, |last| last.number.saturating_add(1));
        let entry =
            LedgerEntry { number, at: now, cause, amount, debit, credit, payment_id, refund_id };
        self.ledger.push(entry);
    }

    /// The account a payment's money is in.
    pub(super) fn house_of(&self, payment: &PaymentId) -> LedgerAccount {
        let paid = self.payments.iter().find(|paid| paid.id == *payment);
        if paid.is_some_and(|paid| paid.via.is_desk()) {
            LedgerAccount::Desk
        } else {
            LedgerAccount::Razorpay
        }
    }

    /// The balances its entries come to.
    pub fn balances(&self) -> Balances {
        let mut balances = Balances::new();
        for entry in &self.ledger {
            let amount = entry.amount.amount();
            *balances.entry(entry.debit).or_default() += amount;
            *balances.entry(entry.credit).or_default() -= amount;
        }
        balances.retain(|_, balance| *balance != 0);
        balances
    }

    /// The balances its payments, refunds and disputes come to: the proof of [`Self::balances`].
    pub fn balances_of_state(&self) -> Balances {
        let mut balances = Balances::new();
        let mut add = |account, amount: i64| *balances.entry(account).or_default() += amount;
        for paid in self.payments.iter().filter(|paid| paid.status >= PaymentStatus::Captured) {
            add(self.house_of(&paid.id), paid.amount.amount());
            add(LedgerAccount::Appointments, -paid.amount.amount());
        }
        for refund in &self.refunds {
            let amount = refund.amount.amount();
            add(LedgerAccount::Appointments, amount);
            match refund.status {
                RefundStatus::Processed => add(self.house_of(&refund.payment_id), -amount),
                _ => add(LedgerAccount::Owed, -amount),
            }
        }
        for dispute in self.disputes.iter().filter(|one| one.is_lost_of(&one.payment_id)) {
            add(LedgerAccount::Chargebacks, dispute.amount.amount());
            add(LedgerAccount::Razorpay, -dispute.amount.amount());
        }
        balances.retain(|_, balance| *balance != 0);
        balances
    }
}
