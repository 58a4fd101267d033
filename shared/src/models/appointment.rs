//! Appointments: their life, and the decisions that move it on.

use super::{
    AccountId, AppointmentId, CancelQuote, CancellationPolicy, Day, DoctorRef, EffectId,
    Identifier, Instant, Issue, Money, Name, Order, Parse, Patient, PatientId, Payment, PaymentId,
    PaymentStatus, Reason, Refund, RefundCause, RefundId, RefundStatus, Role, Slot, SlotId,
    SlotRefusal, SlotStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an appointment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStatus {
    /// Booked, not paid; the slot is kept until the hold runs out.
    Held,
    /// Paid, or free.
    Confirmed,
    /// The patient was seen.
    Completed,
    /// Called off.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// The patient did not come.
    NoShow,
}

impl AppointmentStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Held,
        Self::Confirmed,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
        Self::NoShow,
    ];

    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::NoShow => "no_show",
        }
    }

    /// Whether it takes up its slot and its patient's time.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Confirmed)
    }
}

impl Parse for AppointmentStatus {
    fn parse(text: &str) -> Result<Self, Issue> {
        let wanted = |status: &Self| status.as_str() == text;
        Self::ALL.into_iter().find(wanted).ok_or_else(|| {
            Issue::invalid("must be one of held, confirmed, completed, cancelled, expired, no_show")
        })
    }
}

/// A patient as an appointment shows him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatientRef {
    /// The patient.
    pub id: PatientId,
    /// His name when he booked.
    pub name: Name,
    /// The hospital's number for him.
    pub identifier: Identifier,
    /// The account that acts for him.
    pub account_id: AccountId,
}

/// Something that must happen outside, written with the state that asks for it: the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Its id; a mail carries it, so that one sent twice is told from two.
    pub id: EffectId,
    /// What must happen.
    pub kind: EffectKind,
    /// Not before this instant.
    pub due_at: Instant,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
}

/// What must happen outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EffectKind {
    /// Tell the patient that the appointment stands.
    MailConfirmed,
    /// Tell the patient that it is called off, and what comes back.
    MailCancelled,
    /// Tell the patient that a payment came too late or twice and goes back.
    MailRefund {
        /// Which refund.
        refund: RefundId,
    },
    /// Pay money back.
    Refund {
        /// Which refund.
        refund: RefundId,
    },
}

/// Who called an appointment off, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// In which role.
    pub by: Role,
    /// Which account.
    pub account_id: AccountId,
    /// When.
    pub at: Instant,
    /// Why, if a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The refund that follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
}

/// A patient's booking of a slot, with its money and its outbox: one document, so that a change
/// of it is one write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Appointment {
    /// Its id; also the receipt of its order.
    #[serde(rename = "_id")]
    pub id: AppointmentId,
    /// Counts its changes; a write names the version it was decided on.
    pub version: i64,
    /// Where it stands, as stored: ask [`Appointment::status`].
    pub status: AppointmentStatus,
    /// When it begins.
    pub start: Instant,
    /// When it is over.
    pub end: Instant,
    /// The hospital's day it is on.
    pub day: Day,
    /// With whom.
    pub doctor: DoctorRef,
    /// For whom.
    pub patient: PatientRef,
    /// In which slot.
    pub slot_id: SlotId,
    /// What it costs.
    pub fee: Money,
    /// What cancelling gives back.
    pub policy: CancellationPolicy,
    /// Until when the slot is kept for payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_expires_at: Option<Instant>,
    /// What it is paid by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Every payment we heard of.
    #[serde(default)]
    pub payments: Vec<Payment>,
    /// Everything that goes back.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// Why the patient comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who called it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
    /// When Razorpay is asked about its order, in case no word of a payment reaches us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconcile_at: Option<Instant>,
    /// What must still happen outside.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// When it was booked.
    pub created_at: Instant,
}

/// What a booking needs besides the slot and the patient.
#[derive(Debug, Clone)]
pub struct Booking {
    /// The id the appointment gets.
    pub id: AppointmentId,
    /// The id of the mail it may cause.
    pub effect: EffectId,
    /// Why the patient comes.
    pub reason: Option<Reason>,
    /// The hospital's terms.
    pub policy: CancellationPolicy,
    /// How long an unpaid slot is kept, in seconds.
    pub hold_seconds: i64,
}

/// New ids for what a decision may bring about.
#[derive(Debug, Clone)]
pub struct NewIds {
    /// For a refund.
    pub refund: RefundId,
    /// For the refund's effect.
    pub refund_effect: EffectId,
    /// For a mail.
    pub mail: EffectId,
}

/// Why a change of an appointment is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppointmentRefusal {
    /// The time to pay is over.
    HoldExpired,
    /// It is paid.
    AlreadyPaid,
    /// It costs nothing.
    NothingToPay,
    /// It is over, called off or not paid in time.
    NotLive(AppointmentStatus),
    /// It has begun: only the doctor or the hospital can still call it off.
    Started,
}

/// What calling off comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelling {
    /// It was called off before; nothing changes.
    Already,
    /// Its next state.
    Now(Box<Appointment>),
}

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
        if slot.start <= now {
            return Err(SlotRefusal::InPast);
        }
        let free = slot.fee.is_zero();
        let confirmed = Effect {
            id: with.effect,
            kind: EffectKind::MailConfirmed,
            due_at: now,
            attempts: 0,
        };
        Ok(Self {
            id: with.id,
            version: 1,
            status: if free {
                AppointmentStatus::Confirmed
            } else {
                AppointmentStatus::Held
            },
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
            fee: slot.fee,
            policy: with.policy,
            hold_expires_at: (!free).then(|| now.plus_seconds(with.hold_seconds)),
            order: None,
            payments: Vec::new(),
            refunds: Vec::new(),
            reason: with.reason,
            cancellation: None,
            reconcile_at: None,
            effects: if free { vec![confirmed] } else { Vec::new() },
            created_at: now,
        })
    }

    /// Where it stands at this instant: a hold that has run out is expired, swept or not.
    pub fn status(&self, now: Instant) -> AppointmentStatus {
        let ran_out = self.hold_expires_at.is_some_and(|until| until <= now);
        match self.status {
            AppointmentStatus::Held if ran_out => AppointmentStatus::Expired,
            status => status,
        }
    }

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

    /// What calling it off now would give back.
    pub fn cancel_quote(&self, by: Role, now: Instant) -> Result<CancelQuote, AppointmentRefusal> {
        let status = self.status(now);
        if !status.is_live() {
            return Err(AppointmentRefusal::NotLive(status));
        }
        if by == Role::Patient && self.start <= now {
            return Err(AppointmentRefusal::Started);
        }
        let paid = self
            .paid()
            .map_or(Money::zero(self.fee.currency()), |payment| payment.amount);
        Ok(self.policy.quote(paid, by, self.start, now))
    }

    /// Calls it off: frees the slot and owes back what the policy says.
    pub fn cancel(
        &self,
        by: (Role, &AccountId),
        reason: Option<Reason>,
        ids: NewIds,
        now: Instant,
    ) -> Result<Cancelling, AppointmentRefusal> {
        if self.status == AppointmentStatus::Cancelled {
            return Ok(Cancelling::Already);
        }
        let quote = self.cancel_quote(by.0, now)?;
        let mut next = self.next();
        next.status = AppointmentStatus::Cancelled;
        next.hold_expires_at = None;
        let paid = self
            .paid()
            .map(|payment| payment.id.clone())
            .filter(|_| !quote.refund.is_zero());
        let refund_id = paid.is_some().then(|| ids.refund.clone());
        next.cancellation = Some(Cancellation {
            by: by.0,
            account_id: by.1.clone(),
            at: now,
            reason,
            refund_id,
        });
        let mail = ids.mail.clone();
        if let Some(payment) = paid {
            next.owe(payment, quote.refund, RefundCause::Cancelled, ids, now);
        }
        next.effects.push(Effect {
            id: mail,
            kind: EffectKind::MailCancelled,
            due_at: now,
            attempts: 0,
        });
        Ok(Cancelling::Now(Box::new(next)))
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
            let kind = EffectKind::MailRefund {
                refund: ids.refund.clone(),
            };
            back.effects.push(Effect {
                id: ids.mail.clone(),
                kind,
                due_at: now,
                attempts: 0,
            });
            Box::new(back)
        };
        if self
            .order
            .as_ref()
            .is_none_or(|order| order.amount != payment.amount)
        {
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
        confirmed.effects.push(Effect {
            id: ids.mail.clone(),
            kind,
            due_at: now,
            attempts: 0,
        });
        let mut lost = back(RefundCause::Late);
        if lost.status == AppointmentStatus::Held {
            lost.status = AppointmentStatus::Expired;
            lost.hold_expires_at = None;
        }
        Capture::Confirm {
            confirmed: Box::new(confirmed),
            lost,
        }
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

    /// Its state once the hold has run out; `None` while it has not.
    pub fn expire(&self, now: Instant) -> Option<Self> {
        if self.status != AppointmentStatus::Held || self.status(now) != AppointmentStatus::Expired
        {
            return None;
        }
        let mut next = self.next();
        next.status = AppointmentStatus::Expired;
        next.hold_expires_at = None;
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
        next.effects
            .retain(|effect| effect.kind != EffectKind::Refund { refund: id.clone() });
        Some(next)
    }

    /// Its state after Razorpay was asked about its order and knew of no captured payment: asked
    /// again after twice the time, for five days.
    pub fn reconciled(&self, now: Instant) -> Self {
        let mut next = self.next();
        let age = self
            .order
            .as_ref()
            .map_or(0, |order| now.seconds_since(order.created_at));
        let again = self.paid().is_none() && age < Self::RECONCILE_FOR_SECONDS;
        next.reconcile_at = again.then(|| now.plus_seconds(age.max(Self::RECONCILE_AFTER_SECONDS)));
        next
    }

    /// Its state without an effect that is done.
    pub fn effect_done(&self, id: &EffectId) -> Self {
        let mut next = self.next();
        next.effects.retain(|effect| effect.id != *id);
        next
    }

    /// Its state with an effect to be tried again after a while that grows: 1, 2, 4 … 60 minutes.
    pub fn effect_failed(&self, id: &EffectId, now: Instant) -> Self {
        let mut next = self.next();
        if let Some(effect) = next.effects.iter_mut().find(|effect| effect.id == *id) {
            effect.attempts = effect.attempts.saturating_add(1);
            let minutes = 1_i64 << effect.attempts.saturating_sub(1).min(6);
            effect.due_at = now.plus_seconds(minutes.min(60) * 60);
        }
        next
    }

    /// The refund with this id.
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == *id)
    }

    /// The refund its cancellation brought.
    pub fn cancellation_refund(&self) -> Option<&Refund> {
        self.cancellation
            .as_ref()?
            .refund_id
            .as_ref()
            .and_then(|id| self.refund(id))
    }

    fn next(&self) -> Self {
        Self {
            version: self.version.saturating_add(1),
            ..self.clone()
        }
    }

    fn record(&mut self, payment: &Payment) {
        match self
            .payments
            .iter_mut()
            .find(|known| known.id == payment.id)
        {
            Some(known) if known.status < payment.status => {
                known.status = payment.status;
                known.amount = payment.amount;
            }
            Some(_) => {}
            None => self.payments.push(payment.clone()),
        }
    }

    fn owe(
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
            kind: EffectKind::Refund {
                refund: refund.clone(),
            },
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
        if let Some(payment) = self
            .payments
            .iter_mut()
            .find(|payment| payment.id == *payment_id)
            && back >= payment.amount.amount()
        {
            payment.status = PaymentStatus::Refunded;
        }
    }
}

#[cfg(test)]
#[path = "appointment_tests.rs"]
mod tests;
