//! The day of the appointment: the patient comes and is seen, or does not come; and what was noted
//! by mistake is taken back.

use super::{
    Appointment, AppointmentRefusal, AppointmentStatus, Day, Doer, Effect, EffectId, EffectKind,
    Happening, Instant, Money, NewIds, Reason, RefundCause, Zone,
};

/// What a wish to change an appointment comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is so already; nothing changes.
    Already,
    /// Its next state.
    Now(Box<Appointment>),
}

/// Who notes something of a visit, and when.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    /// Who.
    pub by: Doer,
    /// Why, if a reason was given.
    pub reason: Option<Reason>,
    /// Where the hospital's days begin and end.
    pub zone: &'a Zone,
    /// When.
    pub now: Instant,
}

/// How long before its start a patient is checked in even if that is the day before: who comes at
/// ten past midnight is there on the eve.
const EARLY_SECONDS: i64 = 2 * 3600;

impl Appointment {
    /// Its state with the patient there. He is checked in on the appointment's day.
    pub fn check_in(&self, note: Note<'_>) -> Result<Decided, AppointmentRefusal> {
        match self.status(note.now) {
            AppointmentStatus::CheckedIn => return Ok(Decided::Already),
            AppointmentStatus::Confirmed => {}
            other => return Err(AppointmentRefusal::NotLive(other)),
        }
        let (from, _) = note.zone.bounds(self.day);
        let (_, to) = note.zone.bounds(note.zone.day(self.end.plus_seconds(-1)));
        if note.now < from.min(self.start.plus_seconds(-EARLY_SECONDS)) || to <= note.now {
            return Err(AppointmentRefusal::NotToday);
        }
        Ok(self.moved(AppointmentStatus::CheckedIn, Happening::CheckedIn, note))
    }

    /// Its state once the patient was seen. Where nobody is checked in, it is enough that it has
    /// begun.
    pub fn complete(&self, note: Note<'_>) -> Result<Decided, AppointmentRefusal> {
        match self.status(note.now) {
            AppointmentStatus::Completed => return Ok(Decided::Already),
            AppointmentStatus::Confirmed if note.now < self.start => {
                return Err(AppointmentRefusal::NotStarted);
            }
            AppointmentStatus::Confirmed | AppointmentStatus::CheckedIn => {}
            other => return Err(AppointmentRefusal::NotLive(other)),
        }
        Ok(self.moved(AppointmentStatus::Completed, Happening::Completed, note))
    }

    /// Its state when the patient did not come. What the terms give back then is owed once the day
    /// is over, for until then it may be undone.
    pub fn no_show(&self, effect: EffectId, note: Note<'_>) -> Result<Decided, AppointmentRefusal> {
        match self.status(note.now) {
            AppointmentStatus::NoShow => return Ok(Decided::Already),
            AppointmentStatus::Confirmed if note.now < self.start => {
                return Err(AppointmentRefusal::NotStarted);
            }
            AppointmentStatus::Confirmed if self.has_leave_offer() => {
                return Err(AppointmentRefusal::DoctorAway);
            }
            AppointmentStatus::Confirmed => {}
            other => return Err(AppointmentRefusal::NotLive(other)),
        }
        let (_, due_at) = note.zone.bounds(self.last_day(note.now, note.zone));
        let mut next = self.moved_to(AppointmentStatus::NoShow, Happening::NoShow, note);
        if self.no_show_amount().is_some() {
            let kind = EffectKind::OweNoShow;
            next.effects.push(Effect { id: effect, kind, due_at, attempts: 0 });
        }
        Ok(Decided::Now(Box::new(next)))
    }

    /// Its state with the latest step, a check-in or a no-show, taken back: on the hospital's day
    /// on which that was noted, or on which it ends where that is later, and before money has gone
    /// back for it.
    pub fn undo(&self, note: Note<'_>) -> Result<Decided, AppointmentRefusal> {
        let latest = self.latest();
        match self.status(note.now) {
            AppointmentStatus::Confirmed
                if latest.is_some_and(|step| step.what == Happening::Undone) =>
            {
                return Ok(Decided::Already);
            }
            AppointmentStatus::CheckedIn | AppointmentStatus::NoShow => {}
            other => return Err(AppointmentRefusal::NotLive(other)),
        }
        let today = note.zone.day(note.now);
        let owed = self.refunds.iter().any(|refund| refund.cause == RefundCause::NoShow);
        if owed || latest.is_none_or(|step| self.last_day(step.at, note.zone) < today) {
            return Err(AppointmentRefusal::DayOver);
        }
        if self.history_is_full() {
            return Err(AppointmentRefusal::TooOften);
        }
        let mut next = self.moved_to(AppointmentStatus::Confirmed, Happening::Undone, note);
        next.effects.retain(|effect| effect.kind != EffectKind::OweNoShow);
        Ok(Decided::Now(Box::new(next)))
    }

    /// Its state once the day is over on which its patient was noted not to have come: what the
    /// terms give back is owed. `None` if that is no longer so.
    pub fn no_show_owed(&self, ids: &NewIds, now: Instant) -> Option<Self> {
        let mut next = self.next();
        let before = next.effects.len();
        next.effects.retain(|effect| effect.kind != EffectKind::OweNoShow || now < effect.due_at);
        if next.effects.len() == before {
            return None;
        }
        if let (Some(payment), Some(refund)) = (self.paid(), self.no_show_amount()) {
            next.owe(payment.id.clone(), refund, RefundCause::NoShow, ids, now);
            let kind = EffectKind::MailRefund { refund: ids.refund.clone() };
            next.effects.push(Effect { id: ids.mail.clone(), kind, due_at: now, attempts: 0 });
        }
        Some(next)
    }

    /// What goes back, or went, to a patient who did not come, by the terms and as far as it is
    /// still there.
    pub fn no_show_amount(&self) -> Option<Money> {
        let owed = self.refunds.iter().find(|refund| refund.cause == RefundCause::NoShow);
        if let Some(owed) = owed {
            return Some(owed.amount);
        }
        let payment = self.paid()?;
        let left = self.refundable(&payment.id).unwrap_or(payment.amount);
        let refund = self.policy.no_show(self.paid_amount());
        let refund = if left.amount() < refund.amount() { left } else { refund };
        Some(refund).filter(|refund| !refund.is_zero())
    }

    /// The last of the hospital's days on which what was noted then may be taken back.
    fn last_day(&self, noted: Instant, zone: &Zone) -> Day {
        zone.day(noted).max(zone.day(self.end.plus_seconds(-1)))
    }

    fn moved(&self, to: AppointmentStatus, what: Happening, note: Note<'_>) -> Decided {
        Decided::Now(Box::new(self.moved_to(to, what, note)))
    }

    fn moved_to(&self, to: AppointmentStatus, what: Happening, note: Note<'_>) -> Self {
        let mut next = self.next();
        next.status = to;
        next.note(what, note.by, note.reason, note.now);
        next
    }
}

#[cfg(test)]
#[path = "visit_tests.rs"]
mod tests;
