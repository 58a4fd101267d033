//! What an appointment does with money: orders, captures, refunds. In whatever order and however
//! often Razorpay tells of them, the money ends on the appointment or goes back.

use super::{
    Appointment, AppointmentRefusal, AppointmentStatus, Effect, EffectKind, Instant, Money, NewIds,
    Order, Payment, PaymentId, PaymentStatus, Refund, RefundCause, RefundId, RefundStatus,
};

/// What a captured payment comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capture {
    /// We knew; nothing changes.
    Known,
    /// The appointment stands, provided its slot can still be taken for it in the same write;
    /// otherwise the money goes back.
    Confirm {
        /// Its state if the slot is had.
        confirmed: Box<Appointment>,
        /// Its state if the slot is gone.
        lost: Box<Appointment>,
    },
    /// The money goes back.
    Refund(Box<Appointment>),
}

impl Appointment {
    /// After how many seconds without word Razorpay is asked about an order (Razorpay, webhook
    /// best practices: fifteen minutes).
    pub const RECONCILE_AFTER_SECONDS: i64 = 15 * 60;

    /// For how long an order is asked about: a bank may still pay after days.
    const RECONCILE_FOR_SECONDS: i64 = 5 * 24 * 3600;

    /// The captured payment it stands on.
    pub fn paid(&self) -> Option<&Payment> {
        let owed_back = |id: &PaymentId| {
            self.refunds
                .iter()
                .any(|refund| refund.payment_id == *id && refund.cause != RefundCause::Cancelled)
        };
        self.payments
            .iter()
            .find(|payment| payment.status >= PaymentStatus::Captured && !owed_back(&payment.id))
    }

    /// Whether an order may be made for it now.
    pub fn payable(&self, now: Instant) -> Result<Money, AppointmentRefusal> {
        match self.status(now) {
            _ if self.fee.is_zero() => Err(AppointmentRefusal::NothingToPay),
            AppointmentStatus::Held => Ok(self.fee),
            AppointmentStatus::Expired => Err(AppointmentRefusal::HoldExpired),
            _ if self.paid().is_some() => Err(AppointmentRefusal::AlreadyPaid),
            other => Err(AppointmentRefusal::NotLive(other)),
        }
    }

    /// Its state with this order; the first order stays.
    pub fn with_order(&self, order: Order) -> Self {
        let mut next = self.next();
        let asked_at = next.order.get_or_insert(order).created_at;
        next.reconcile_at = Some(asked_at.plus_seconds(Self::RECONCILE_AFTER_SECONDS));
        next
    }

    /// What a payment that Razorpay captured comes to. Called by verification, webhook and
    /// reconciliation alike, any number of times.
    pub fn capture(&self, payment: &Payment, ids: &NewIds, now: Instant) -> Capture {
        let known = self.payments.iter().find(|known| known.id == payment.id);
        if known.is_some_and(|known| known.status >= PaymentStatus::Captured) {
            return Capture::Known;
        }
        let mut recorded = self.next();
        recorded.record(payment);
        let back = |cause| {
            let mut back = recorded.clone();
            back.owe(payment.id.clone(), payment.amount, cause, ids.clone(), now);
            let kind = EffectKind::MailRefund { refund: ids.refund.clone() };
            back.effects.push(Effect { id: ids.mail.clone(), kind, due_at: now, attempts: 0 });
            Box::new(back)
        };
        if self.order.as_ref().is_none_or(|order| order.amount != payment.amount) {
            return Capture::Refund(back(RefundCause::Mismatch));
        }
        if self.paid().is_some() {
            return Capture::Refund(back(RefundCause::Duplicate));
        }
        let in_time = self.status(now) == AppointmentStatus::Held;
        let still_possible = match self.status {
            AppointmentStatus::Held | AppointmentStatus::Expired => in_time || now < self.start,
            _ => false,
        };
        if !still_possible {
            return Capture::Refund(back(RefundCause::Late));
        }
        let mut confirmed = recorded.clone();
        confirmed.status = AppointmentStatus::Confirmed;
        confirmed.hold_expires_at = None;
        confirmed.reconcile_at = None;
        let kind = EffectKind::MailConfirmed;
        confirmed.effects.push(Effect { id: ids.mail.clone(), kind, due_at: now, attempts: 0 });
        let mut lost = back(RefundCause::Late);
        if lost.status == AppointmentStatus::Held {
            lost.status = AppointmentStatus::Expired;
            lost.hold_expires_at = None;
        }
        Capture::Confirm { confirmed: Box::new(confirmed), lost }
    }

    /// Its state after hearing of a payment that is not captured; `None` if that is not news.
    pub fn heard_of(&self, payment: &Payment) -> Option<Self> {
        let known = self.payments.iter().find(|known| known.id == payment.id);
        if known.is_some_and(|known| known.status >= payment.status) {
            return None;
        }
        let mut next = self.next();
        next.record(payment);
        Some(next)
    }

    /// Its state after hearing how a refund stands; `None` if that is not news. A processed
    /// refund stays processed; its effect is done with.
    pub fn refund_moved(
        &self,
        id: &RefundId,
        razorpay_id: &str,
        status: RefundStatus,
    ) -> Option<Self> {
        let index = self.refunds.iter().position(|refund| refund.id == *id)?;
        let mut next = self.next();
        let refund = next.refunds.get_mut(index)?;
        let settled = refund.status == RefundStatus::Processed;
        let same = refund.status == status && refund.razorpay_id.as_deref() == Some(razorpay_id);
        if settled || same {
            return None;
        }
        refund.status = status;
        refund.razorpay_id = Some(razorpay_id.to_owned());
        let payment_id = refund.payment_id.clone();
        if status == RefundStatus::Processed {
            next.mark_refunded(&payment_id);
        }
        next.effects.retain(|effect| effect.kind != EffectKind::Refund { refund: id.clone() });
        Some(next)
    }

    /// Its state after Razorpay was asked about its order and knew of no captured payment: asked
    /// again after twice the time, for five days.
    pub fn reconciled(&self, now: Instant) -> Self {
        let mut next = self.next();
        let age = self.order.as_ref().map_or(0, |order| now.seconds_since(order.created_at));
        let again = self.paid().is_none() && age < Self::RECONCILE_FOR_SECONDS;
        next.reconcile_at = again.then(|| now.plus_seconds(age.max(Self::RECONCILE_AFTER_SECONDS)));
        next
    }

    fn record(&mut self, payment: &Payment) {
        match self.payments.iter_mut().find(|known| known.id == payment.id) {
            Some(known) if known.status < payment.status => {
                known.status = payment.status;
                known.amount = payment.amount;
            }
            Some(_) => {}
            None => self.payments.push(payment.clone()),
        }
    }

    pub(super) fn owe(
        &mut self,
        payment_id: PaymentId,
        amount: Money,
        cause: RefundCause,
        ids: NewIds,
        now: Instant,
    ) {
        let refund = ids.refund;
        self.effects.push(Effect {
            id: ids.refund_effect,
            kind: EffectKind::Refund { refund: refund.clone() },
            due_at: now,
            attempts: 0,
        });
        self.refunds.push(Refund {
            id: refund,
            payment_id,
            amount,
            status: RefundStatus::Pending,
            razorpay_id: None,
            cause,
            created_at: now,
        });
    }

    /// Razorpay calls a payment refunded only once all of it went back.
    fn mark_refunded(&mut self, payment_id: &PaymentId) {
        let back: i64 = self
            .refunds
            .iter()
            .filter(|refund| {
                refund.payment_id == *payment_id && refund.status == RefundStatus::Processed
            })
            .map(|refund| refund.amount.amount())
            .sum();
        if let Some(payment) = self.payments.iter_mut().find(|payment| payment.id == *payment_id)
            && back >= payment.amount.amount()
        {
            payment.status = PaymentStatus::Refunded;
        }
    }
}
