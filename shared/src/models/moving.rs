//! Moving an appointment to another slot: same id, and its money goes with it.

use super::{
    AccountId, Appointment, AppointmentRefusal, AppointmentStatus, Booking, Decided, Doer, Effect,
    EffectKind, Happening, Instant, LeaveOutcome, Money, NewIds, Offer, Reason, Refund,
    RefundCause, Role, Slot, SlotRefusal, SlotStatus, leave,
};
use std::cmp::Ordering;

/// A wish to move an appointment.
#[derive(Debug, Clone)]
pub struct Moving {
    /// Who wishes it.
    pub by: (Role, AccountId),
    /// Why, if a reason was given.
    pub reason: Option<Reason>,
    /// What the hospital lets book.
    pub offer: Offer,
    /// New ids for what it may bring about.
    pub ids: NewIds,
    /// When.
    pub now: Instant,
}

/// Why an appointment is not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveRefusal {
    /// The appointment is not one to be moved.
    Appointment(AppointmentRefusal),
    /// The slot cannot be had.
    Slot(SlotRefusal),
    /// The slot costs so much more.
    CostsMore(Money),
    /// It is not paid yet, and the slot costs something else than is being paid.
    OtherFee,
    /// The slot's doctor offers no visit of its kind.
    NotOffered,
}

impl Appointment {
    /// Its state in another slot. Where that costs less, the difference goes back; where it costs
    /// more, a patient is refused, and whoever else moves it asks nothing more of the patient. By
    /// moving what he has paid for himself, a patient does not better what cancelling gives back, and
    /// by being moved he does not lose it. One whose doctor is away is moved to what he may choose
    /// instead as the hospital would move him.
    pub fn reschedule(&self, slot: &Slot, with: &Moving) -> Result<Decided, MoveRefusal> {
        let (now, (role, account)) = (with.now, &with.by);
        let himself = *role == Role::Patient;
        let instead = himself && self.may_choose(slot, now);
        let by_patient = himself && !instead;
        self.movable(by_patient, now).map_err(MoveRefusal::Appointment)?;
        if self.slot_id == slot.id {
            return Ok(Decided::Already);
        }
        if self.history_is_full() {
            return Err(MoveRefusal::Appointment(AppointmentRefusal::TooOften));
        }
        if slot.status(now) != SlotStatus::Open {
            return Err(MoveRefusal::Slot(SlotRefusal::Taken));
        }
        with.offer.check(slot, by_patient, now).map_err(MoveRefusal::Slot)?;
        let fee = self.fee_in(slot).ok_or(MoveRefusal::NotOffered)?;
        let cheaper = self.cheaper_by(fee, by_patient)?;
        let mut next = self.next();
        if self.status == AppointmentStatus::Confirmed {
            // Once it has begun a patient calls nothing off.
            let percent = self.cancel_quote(Role::Patient, now).ok().map(|quote| quote.percent);
            if by_patient {
                (next.most_percent, next.least_percent) = (percent, None);
            } else {
                next.least_percent = percent.max(self.least_percent);
            }
        }
        let least = Booking::least_hold(now);
        next.hold_expires_at = self.hold_expires_at.map(|hold| hold.min(slot.start.max(least)));
        if let Some(difference) = cheaper {
            next.fee = fee;
            let paid = self.paid().map(|payment| payment.id.clone());
            let left = paid.as_ref().and_then(|payment| self.refundable(payment));
            let back =
                left.filter(|left| left.amount() < difference.amount()).unwrap_or(difference);
            if let Some(payment) = paid.filter(|_| !back.is_zero()) {
                next.owe(payment, back, RefundCause::Rescheduled, &with.ids, now);
            }
        }
        (next.start, next.end, next.day) = (slot.start, slot.end, slot.day);
        // With another doctor it follows nothing: the first one's follow-up is to be had again.
        next.follow_up = next.follow_up.filter(|_| slot.doctor.id == self.doctor.id);
        next.doctor = slot.doctor.clone();
        next.slot_id = slot.id.clone();
        next.token = None;
        next.end_offers(LeaveOutcome::Moved);
        let reason = with.reason.clone().or_else(|| leave::away().filter(|_| instead));
        next.note(Happening::Rescheduled, Doer::person(*role, account), reason, now);
        if let Some(step) = next.history.last_mut() {
            step.from = Some(self.start);
        }
        if self.status == AppointmentStatus::Confirmed {
            let (id, kind) = (with.ids.mail.clone(), EffectKind::MailMoved);
            next.effects.push(Effect { id, kind, due_at: now, attempts: 0 });
        }
        Ok(Decided::Now(Box::new(next)))
    }

    /// What goes back because the latest move was to a cheaper slot, if it was.
    pub fn moved_refund(&self) -> Option<&Refund> {
        let moved = self.history.iter().rfind(|step| step.what == Happening::Rescheduled)?;
        let of_it = |refund: &&Refund| {
            refund.cause == RefundCause::Rescheduled && refund.created_at == moved.at
        };
        self.refunds.iter().find(of_it)
    }

    fn movable(&self, by_patient: bool, now: Instant) -> Result<(), AppointmentRefusal> {
        match self.status(now) {
            AppointmentStatus::Held | AppointmentStatus::Confirmed => {}
            other => return Err(AppointmentRefusal::NotLive(other)),
        }
        if by_patient && self.start <= now {
            return Err(AppointmentRefusal::Started);
        }
        Ok(())
    }

    /// By how much it costs less there.
    fn cheaper_by(&self, fee: Money, by_patient: bool) -> Result<Option<Money>, MoveRefusal> {
        let order = fee.amount().cmp(&self.fee.amount());
        if fee.currency() != self.fee.currency() {
            return Err(MoveRefusal::OtherFee);
        }
        match order {
            Ordering::Equal => Ok(None),
            _ if self.status == AppointmentStatus::Held => Err(MoveRefusal::OtherFee),
            Ordering::Greater if by_patient => {
                let more = fee.minus(self.fee).unwrap_or(fee);
                Err(MoveRefusal::CostsMore(more))
            }
            Ordering::Greater => Ok(None),
            Ordering::Less => Ok(self.fee.minus(fee)),
        }
    }
}
