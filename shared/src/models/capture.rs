//! What an appointment does with a payment: in whatever order and however often we are told of it,
//! the money ends on the appointment or goes back.

use super::{
    Appointment, AppointmentRefusal, AppointmentStatus, Doer, Effect, EffectKind, EntryCause,
    Happening, Instant, LedgerAccount, Money, NewIds, Order, OrderId, PaidBy, Payment,
    PaymentAccountId, PaymentId, PaymentStatus, Refund, RefundCause, RefundStatus, Role,
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

    /// For how long Razorpay is asked.
    const RECONCILE_FOR_SECONDS: i64 = 5 * 24 * 3600;
    /// How long at most Razorpay is not asked again when it gave no answer.
    const UNANSWERED_FOR_SECONDS: i64 = 4 * 3600;
    /// For how long it may give none before somebody is told.
    const LONG_UNANSWERED_SECONDS: i64 = 24 * 3600;

    /// The captured payment it stands on.
    pub fn paid(&self) -> Option<&Payment> {
        paid(&self.payments, &self.refunds)
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
        next.ask_later(asked_at);
        next
    }

    /// By what a payment of this order came: our own order, or else the payment link, whose
    /// orders are Razorpay's and known to it alone. `None` if it is neither's, or came to another
    /// account than the one we asked it to.
    pub fn paid_by(
        &self,
        order: Option<&OrderId>,
        account: Option<&PaymentAccountId>,
    ) -> Option<PaidBy> {
        if let Some(own) = self.order.as_ref().filter(|own| Some(&own.id) == order) {
            return (own.account.as_ref() == account).then_some(PaidBy::Checkout);
        }
        let has_link = self.link.is_some() || self.link_asked.is_some();
        (has_link && self.account_by(PaidBy::Link) == account).then_some(PaidBy::Link)
    }

    /// The account what is paid by these means comes to; `None` is the platform's.
    pub fn account_by(&self, via: PaidBy) -> Option<&PaymentAccountId> {
        match via {
            PaidBy::Link => match (&self.link, &self.link_asked) {
                (Some(link), _) => link.account.as_ref(),
                (None, asked) => asked.as_ref().and_then(|asked| asked.account.as_ref()),
            },
            _ => self.order.as_ref().and_then(|order| order.account.as_ref()),
        }
    }

    /// The account a payment came to; `None` is the platform's.
    pub fn account_of(&self, payment: &PaymentId) -> Option<&PaymentAccountId> {
        let paid = self.payments.iter().find(|paid| paid.id == *payment)?;
        self.account_by(paid.via)
    }

    /// Whether it has heard of a payment as far as this, or of its capture.
    pub fn knows(&self, payment: &Payment) -> bool {
        let far = payment.status.min(PaymentStatus::Captured);
        self.payments.iter().any(|known| known.id == payment.id && known.status >= far)
    }

    /// What a payment that Razorpay captured comes to. Called by verification, webhook and
    /// reconciliation alike, any number of times.
    pub fn capture(&self, payment: &Payment, ids: &NewIds, now: Instant) -> Capture {
        if self.knows(payment) {
            return Capture::Known;
        }
        let mut recorded = self.next();
        recorded.record(&Payment { status: PaymentStatus::Captured, ..payment.clone() });
        let back = |cause| {
            let mut back = recorded.clone();
            back.owe(payment.id.clone(), payment.amount, cause, ids, now);
            let kind = EffectKind::MailRefund { refund: ids.refund.clone() };
            back.effects.push(Effect { id: ids.mail.clone(), kind, due_at: now, attempts: 0 });
            Box::new(back)
        };
        if payment.status == PaymentStatus::Refunded {
            return Capture::Refund(back(RefundCause::Returned));
        }
        if payment.amount != self.fee {
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
        // There is no more hurry than after an order.
        let later = now.plus_seconds(Self::RECONCILE_AFTER_SECONDS);
        confirmed.reconcile_at = confirmed.reconcile_at.map(|at| at.max(later));
        let taken_by = payment.taken_by.as_ref();
        let by = taken_by.map_or(Doer::NOBODY, |account| Doer::person(Role::Hospital, account));
        confirmed.note(Happening::Confirmed, by, None, now);
        let lines = (confirmed.house_of(&payment.id), LedgerAccount::Appointments);
        let of = (payment.id.clone(), None);
        confirmed.enter(EntryCause::Paid, payment.amount, lines, of, now);
        let kind = EffectKind::MailConfirmed;
        confirmed.effects.push(Effect { id: ids.mail.clone(), kind, due_at: now, attempts: 0 });
        let mut lost = back(RefundCause::Late);
        if lost.status == AppointmentStatus::Held {
            lost.expires(now);
        }
        Capture::Confirm { confirmed: Box::new(confirmed), lost }
    }

    /// Its state after hearing of a payment that is not captured; `None` if that is not news. Where
    /// the bank has set the money aside while the slot is held, Razorpay is asked at once, by which it
    /// is captured: an account that captures nothing by itself would let the hold run out.
    pub fn heard_of(&self, payment: &Payment, now: Instant) -> Option<Self> {
        let known = self.payments.iter().find(|known| known.id == payment.id);
        if known.is_some_and(|known| known.status >= payment.status) {
            return None;
        }
        let mut next = self.next();
        next.record(payment);
        let held = self.status(now) == AppointmentStatus::Held;
        if held && payment.status == PaymentStatus::Authorized {
            next.reconcile_at = Some(now);
        }
        Some(next)
    }

    /// Its state after Razorpay was asked. It is asked again after twice the time, for five days: a
    /// bank may still pay after days, an order may be paid twice, and of neither need we hear.
    pub fn reconciled(&self, now: Instant) -> Self {
        let mut next = self.next();
        let age = self.asked_since().map_or(i64::MAX, |since| now.seconds_since(since));
        let again = age < Self::RECONCILE_FOR_SECONDS;
        next.reconcile_at = again.then(|| now.plus_seconds(age.max(Self::RECONCILE_AFTER_SECONDS)));
        next.unanswered_since = None;
        next
    }

    /// Its state after Razorpay could not be asked, or its account's keys open nothing: it is asked
    /// again after twice the time too, four hours at most, until there is an answer; after a minute
    /// where the bank has set money aside and the hold would run out.
    pub fn unanswered(&self, now: Instant) -> Self {
        let mut next = self.next();
        let age = self.asked_since().map_or(0, |since| now.seconds_since(since));
        let set_aside =
            self.payments.iter().any(|payment| payment.status == PaymentStatus::Authorized);
        let wait = match self.status(now) {
            AppointmentStatus::Held if set_aside => 60,
            _ => age.clamp(Self::RECONCILE_AFTER_SECONDS, Self::UNANSWERED_FOR_SECONDS),
        };
        next.reconcile_at = Some(now.plus_seconds(wait));
        next.unanswered_since.get_or_insert(now);
        next
    }

    /// Whether Razorpay could not be asked about it for a day by now.
    pub fn is_long_unanswered(&self, now: Instant) -> bool {
        let since = self.unanswered_since.map(|since| now.seconds_since(since));
        since.is_some_and(|seconds| seconds >= Self::LONG_UNANSWERED_SECONDS)
    }

    /// Its state with Razorpay to be asked at once, for what it told does not fit what we have.
    pub fn to_be_asked(&self, now: Instant) -> Self {
        Self { reconcile_at: Some(now), ..self.next() }
    }

    /// Since when Razorpay may have something to tell.
    fn asked_since(&self) -> Option<Instant> {
        let order = self.order.as_ref().map(|order| order.created_at);
        let asked = self.link_asked.as_ref().map(|asked| asked.created_at);
        let link = self.link.as_ref().map(|link| link.created_at).max(asked);
        let under_way = |refund: &&Refund| {
            refund.status == RefundStatus::Pending && refund.razorpay_id.is_some()
        };
        let refunds = self.refunds.iter().filter(under_way).map(|refund| refund.created_at).max();
        order.max(link).max(refunds)
    }

    fn record(&mut self, payment: &Payment) {
        match self.payments.iter_mut().find(|known| known.id == payment.id) {
            Some(known) if known.status < payment.status => {
                known.status = payment.status;
                known.amount = payment.amount;
                known.captured_at = known.captured_at.or(payment.captured_at);
            }
            Some(_) => {}
            None => self.payments.push(payment.clone()),
        }
    }
}

/// The captured payment an appointment stands on: one that does not go back as a stray.
pub(super) fn paid<'a>(payments: &'a [Payment], refunds: &[Refund]) -> Option<&'a Payment> {
    let owed_back = |id: &PaymentId| {
        refunds.iter().any(|refund| refund.payment_id == *id && refund.cause.is_stray())
    };
    payments
        .iter()
        .find(|payment| payment.status >= PaymentStatus::Captured && !owed_back(&payment.id))
}
