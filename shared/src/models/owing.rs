//! How an appointment comes to owe money, and how it is rid of it: each step has its line in the
//! ledger.

use super::{
    Appointment, Effect, EffectKind, EntryCause, Instant, LedgerAccount, Money, NewIds, Payment,
    PaymentId, PaymentStatus, Refund, RefundCause, RefundId, RefundStatus,
};

impl Appointment {
    /// Owes part of a captured payment. What came by Razorpay goes back by it, what was paid at
    /// the desk is handed back there.
    pub(super) fn owe(
        &mut self,
        payment_id: PaymentId,
        amount: Money,
        cause: RefundCause,
        ids: &NewIds,
        now: Instant,
    ) {
        let of = |payment: &&Payment| payment.id == payment_id;
        let at_desk = self.payments.iter().find(of).is_some_and(|paid| paid.via.is_desk());
        if !at_desk {
            self.effects.push(Effect {
                id: ids.refund_effect.clone(),
                kind: EffectKind::Refund { refund: ids.refund.clone() },
                due_at: now,
                attempts: 0,
            });
        }
        let refund = Refund {
            id: ids.refund.clone(),
            payment_id,
            amount,
            status: RefundStatus::Pending,
            razorpay_id: None,
            failed: Vec::new(),
            at_desk,
            cause,
            created_at: now,
        };
        self.add_refund(refund, now);
    }

    /// Adds a refund. A stray payment's money was never the appointment's: it is entered as owed
    /// from the beginning.
    pub(super) fn add_refund(&mut self, refund: Refund, now: Instant) {
        let (cause, amount) = (EntryCause::from(refund.cause), refund.amount);
        let from = if refund.cause.is_stray() {
            self.house_of(&refund.payment_id)
        } else {
            LedgerAccount::Appointments
        };
        let (payment, id) = (refund.payment_id.clone(), Some(refund.id.clone()));
        self.refunds.push(refund);
        self.enter(cause, amount, (from, LedgerAccount::Owed), (payment, id), now);
    }

    /// Puts the effect of a refund back into the outbox, to be carried out after a while.
    pub(super) fn try_again(&mut self, id: &RefundId, wait: Option<i64>, now: Instant) {
        // Tried often enough, it is left to people.
        let Some(wait) = wait else {
            return;
        };
        self.effects.push(Effect {
            id: id.alongside(),
            kind: EffectKind::Refund { refund: id.clone() },
            due_at: now.plus_seconds(wait),
            attempts: 0,
        });
    }

    /// Notes that a refund went back. Razorpay calls a payment refunded only once all of it did.
    pub(super) fn went_back(&mut self, id: &RefundId, now: Instant) {
        let Some(refund) = self.refund(id) else {
            return;
        };
        let (payment, amount) = (refund.payment_id.clone(), refund.amount);
        let lines = (LedgerAccount::Owed, self.house_of(&payment));
        self.enter(EntryCause::Refunded, amount, lines, (payment.clone(), Some(id.clone())), now);
        let back: i64 = self
            .refunds
            .iter()
            .filter(|refund| refund.payment_id == payment)
            .filter(|refund| refund.status == RefundStatus::Processed)
            .map(|refund| refund.amount.amount())
            .sum();
        if let Some(paid) = self.payments.iter_mut().find(|paid| paid.id == payment)
            && back >= paid.amount.amount()
        {
            paid.status = PaymentStatus::Refunded;
        }
    }

    /// Has Razorpay asked a quarter of an hour from now, unless it is asked earlier.
    pub(super) fn ask_later(&mut self, now: Instant) {
        let at = now.plus_seconds(Self::RECONCILE_AFTER_SECONDS);
        self.reconcile_at = Some(self.reconcile_at.map_or(at, |before| before.min(at)));
    }
}
