//! Booking and calling off.

use super::{
    AccountId, Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, CancelQuote,
    Cancellation, CancellationPolicy, Decided, Doer, Effect, EffectId, EffectKind, FeeQuote,
    Happening, Instant, LeaveOutcome, Money, NewIds, Offer, Patient, PatientRef, Reason, Refund,
    RefundCause, Role, Slot, SlotRefusal, SlotStatus, Step, leave,
};

/// What a booking needs besides the slot and the patient.
#[derive(Debug, Clone)]
pub struct Booking {
    /// The id the appointment gets.
    pub id: AppointmentId,
    /// The id of the mail it may cause.
    pub effect: EffectId,
    /// Why the patient comes.
    pub reason: Option<Reason>,
    /// What it costs, in the slot that is wanted.
    pub quote: FeeQuote,
    /// The hospital's terms.
    pub policy: CancellationPolicy,
    /// What the hospital lets book.
    pub offer: Offer,
    /// How long an unpaid slot is kept, in seconds.
    pub hold_seconds: i64,
}

impl Booking {
    /// However soon a slot begins there is this long to pay, in seconds.
    const LEAST_SECONDS: i64 = 600;

    /// Until when an unpaid slot is kept at the latest, and that it is kept no longer than until it
    /// begins, or this other instant if that is later.
    pub fn hold(&self, now: Instant) -> (Instant, Instant) {
        let least = self.hold_seconds.min(Self::LEAST_SECONDS);
        (now.plus_seconds(self.hold_seconds), now.plus_seconds(least))
    }

    /// Until when a hold is not cut short, however soon a slot begins that it is moved to.
    pub const fn least_hold(now: Instant) -> Instant {
        now.plus_seconds(Self::LEAST_SECONDS)
    }

    fn hold_until(&self, start: Instant, now: Instant) -> Instant {
        let (most, least) = self.hold(now);
        most.min(start.max(least))
    }
}

impl Appointment {
    /// Books an open slot for a patient. A fee leaves it held; without one it stands at once.
    pub fn book(
        slot: &Slot,
        patient: &Patient,
        with: Booking,
        now: Instant,
    ) -> Result<Self, SlotRefusal> {
        if slot.status(now) != SlotStatus::Open {
            return Err(SlotRefusal::Taken);
        }
        with.offer.check(slot, true, now)?;
        let free = with.quote.fee.is_zero();
        let hold_expires_at = (!free).then(|| with.hold_until(slot.start, now));
        let confirmed =
            Effect { id: with.effect, kind: EffectKind::MailConfirmed, due_at: now, attempts: 0 };
        Ok(Self {
            id: with.id,
            version: 1,
            status: if free { AppointmentStatus::Confirmed } else { AppointmentStatus::Held },
            start: slot.start,
            end: slot.end,
            day: slot.day,
            doctor: slot.doctor.clone(),
            patient: PatientRef {
                id: patient.id.clone(),
                name: patient.name.clone(),
                identifier: patient.identifier.clone(),
                account_id: patient.account_id.clone(),
            },
            slot_id: slot.id.clone(),
            visit_type: with.quote.visit_type,
            fee: with.quote.fee,
            follow_up: with.quote.follow_up,
            policy: with.policy,
            hold_expires_at,
            order: None,
            link: None,
            link_asked: None,
            most_percent: None,
            least_percent: None,
            payments: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            ledger: Vec::new(),
            reason: with.reason,
            cancellation: None,
            leaves: Vec::new(),
            reconcile_at: None,
            unanswered_since: None,
            effects: if free { vec![confirmed] } else { Vec::new() },
            token: None,
            history: vec![Step {
                what: Happening::Booked,
                by: Doer::person(Role::Patient, &patient.account_id),
                at: now,
                reason: None,
                from: None,
            }],
            created_at: now,
        })
    }

    /// What calling it off now would give back.
    pub fn cancel_quote(&self, by: Role, now: Instant) -> Result<CancelQuote, AppointmentRefusal> {
        let status = self.status(now);
        if !status.is_live() {
            return Err(AppointmentRefusal::NotLive(status));
        }
        if by == Role::Patient && self.start <= now {
            return Err(AppointmentRefusal::Started);
        }
        // Whose doctor is away loses nothing by calling off himself.
        let by = if self.has_leave_offer() { Role::Hospital } else { by };
        let mut quote = self.policy.quote(self.paid_amount(), by, self.start, now);
        if let Some(most) =
            self.most_percent.filter(|most| by == Role::Patient && *most < quote.percent)
        {
            quote = CancelQuote {
                refund: self.paid_amount().percent(most),
                percent: most,
                rule: format!("{most} %, as when the patient moved the appointment"),
            };
        }
        if let Some(least) =
            self.least_percent.filter(|least| by == Role::Patient && quote.percent < *least)
        {
            quote = CancelQuote {
                refund: self.paid_amount().percent(least),
                percent: least,
                rule: format!("{least} %, as before the hospital moved the appointment"),
            };
        }
        // What went back already, in Razorpay's dashboard or by a dispute, does not go back again.
        let left = self.paid().and_then(|payment| self.refundable(&payment.id));
        quote.refund =
            left.filter(|left| left.amount() < quote.refund.amount()).unwrap_or(quote.refund);
        Ok(quote)
    }

    /// What was paid for it, less what went back because it was moved to a cheaper slot.
    pub(super) fn paid_amount(&self) -> Money {
        let Some(payment) = self.paid() else {
            return Money::zero(self.fee.currency());
        };
        let moved = |refund: &&Refund| {
            refund.payment_id == payment.id && refund.cause == RefundCause::Rescheduled
        };
        self.refunds.iter().filter(moved).fold(payment.amount, |left, refund| {
            left.minus(refund.amount).unwrap_or(Money::zero(left.currency()))
        })
    }

    /// Calls it off: frees the slot and owes back what the policy says.
    pub fn cancel(
        &self,
        by: (Role, &AccountId),
        reason: Option<Reason>,
        ids: NewIds,
        now: Instant,
    ) -> Result<Decided, AppointmentRefusal> {
        if self.status == AppointmentStatus::Cancelled {
            return Ok(Decided::Already);
        }
        let quote = self.cancel_quote(by.0, now)?;
        // Whoever calls off what its patient is asked about need not say why.
        let reason = reason.or_else(|| leave::away().filter(|_| self.has_leave_offer()));
        let mut next = self.next();
        next.status = AppointmentStatus::Cancelled;
        next.hold_expires_at = None;
        next.end_offers(LeaveOutcome::Cancelled);
        let paid =
            self.paid().map(|payment| payment.id.clone()).filter(|_| !quote.refund.is_zero());
        let refund_id = paid.is_some().then(|| ids.refund.clone());
        next.note(Happening::Cancelled, Doer::person(by.0, by.1), reason.clone(), now);
        next.cancellation =
            Some(Cancellation { by: by.0, account_id: by.1.clone(), at: now, reason, refund_id });
        if let Some(payment) = paid {
            next.owe(payment, quote.refund, RefundCause::Cancelled, &ids, now);
        }
        next.effects.push(Effect {
            id: ids.mail,
            kind: EffectKind::MailCancelled,
            due_at: now,
            attempts: 0,
        });
        Ok(Decided::Now(Box::new(next)))
    }

    /// Its state once the hold has run out; `None` while it has not.
    pub fn expire(&self, now: Instant) -> Option<Self> {
        if self.status != AppointmentStatus::Held || self.status(now) != AppointmentStatus::Expired
        {
            return None;
        }
        let mut next = self.next();
        next.expires(now);
        Some(next)
    }

    /// Lets go of the slot: it was not paid in time.
    pub(super) fn expires(&mut self, now: Instant) {
        self.status = AppointmentStatus::Expired;
        self.hold_expires_at = None;
        self.note(Happening::Expired, Doer::NOBODY, None, now);
    }
}
