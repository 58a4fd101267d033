//! A doctor's leave: his time is blocked, and whoever was to come then is offered another time or
//! paid back in full.

use super::{
    AccountId, Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, Decided, Effect,
    EffectKind, Instant, Issue, LeaveId, NewIds, Parse, Reason, Role, Slot, Span,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What links to an offer made for a leave are sealed for.
pub const LEAVE_LINK: &str = "leave";

/// Why an appointment is called off or moved for a leave, as its history says it. Why the doctor is
/// away patients are not told.
pub(super) fn away() -> Option<Reason> {
    Reason::parse("The doctor is away").ok()
}

/// What patients are offered whose appointments fall into a leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeaveOffer {
    /// Another time, or their money back.
    #[default]
    Alternatives,
    /// Their money back.
    Refund,
}

impl Parse for LeaveOffer {
    fn parse(text: &str) -> Result<Self, Issue> {
        match text {
            "alternatives" => Ok(Self::Alternatives),
            "refund" => Ok(Self::Refund),
            _ => Err(Issue::invalid("must be alternatives or refund")),
        }
    }
}

/// Where a leave stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeaveStatus {
    /// Its time is blocked; not all patients are told yet.
    Running,
    /// All patients are told.
    Done,
    /// It was taken back: its time is open again.
    TakenBack,
}

/// A stretch of time in which a doctor is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leave {
    /// Its id; slots and appointments it concerns bear it.
    #[serde(rename = "_id")]
    pub id: LeaveId,
    /// Who is away.
    pub doctor_id: AccountId,
    /// From when.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
    /// Why, if a reason was given; patients are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What patients are offered.
    pub offer: LeaveOffer,
    /// In which role it was entered.
    pub by: Role,
    /// By whom.
    pub account_id: AccountId,
    /// Where it stands.
    pub status: LeaveStatus,
    /// Counts its changes: whoever acts for it writes it too, so that nothing is done for a leave
    /// that was just taken back.
    pub version: i64,
    /// How many slots were open and are blocked.
    pub slots_blocked: u64,
    /// Appointments that stay, for their patients are there already.
    #[serde(default)]
    pub staying: Vec<AppointmentId>,
    /// When the schedule looks at it; nothing once all is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Instant>,
    /// When it was entered.
    pub created_at: Instant,
}

impl Leave {
    /// The longest a leave lasts, in seconds.
    const MOST_SECONDS: i64 = 366 * 24 * 3600;

    /// The time of a leave: it ends after it begins and after now, and within a year.
    pub fn span(from: Instant, to: Instant, now: Instant) -> Result<Span, Issue> {
        if to <= from {
            return Err(Issue::invalid("must be after from"));
        }
        if to <= now {
            return Err(Issue::invalid("must not be in the past"));
        }
        if to.seconds_since(from) > Self::MOST_SECONDS {
            return Err(Issue::invalid("must be at most 366 days after from"));
        }
        Ok(Span { start: from, end: to })
    }

    /// The time in which the doctor is away.
    pub const fn away(&self) -> Span {
        Span { start: self.from, end: self.to }
    }
}

/// When a doctor is away, in one document: whoever publishes slots of his writes it, and so does
/// whoever enters a leave, so that of two at once one sees the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// Whose.
    pub doctor_id: AccountId,
    /// His leaves that hold.
    #[serde(default)]
    pub leaves: Vec<Away>,
}

/// One leave in a doctor's calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Which.
    pub id: LeaveId,
    /// From when.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
}

impl Calendar {
    /// The leaves that share any time with a span.
    pub fn during(&self, span: Span) -> Vec<LeaveId> {
        let shares = |away: &&Away| Span { start: away.from, end: away.to }.overlaps(span);
        self.leaves.iter().filter(shares).map(|away| away.id.clone()).collect()
    }
}

/// What became of an appointment that fell into a leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeaveOutcome {
    /// Its patient is asked: another time, or the money back.
    Offered,
    /// It is at another time.
    Moved,
    /// It is called off.
    Cancelled,
    /// It stands: the leave was taken back, or the patient was seen all the same.
    Kept,
}

/// That an appointment fell into a leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaveMark {
    /// Which leave.
    pub id: LeaveId,
    /// In which role it was entered.
    pub by: Role,
    /// By whom.
    pub account_id: AccountId,
    /// What became of the appointment.
    pub outcome: LeaveOutcome,
    /// Until when its patient may choose; then it is called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Instant>,
}

/// Why an offer made for a leave can no longer be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaveRefusal {
    /// Its time is over.
    Over,
    /// It was used: the appointment is moved or called off.
    Used,
    /// There is nothing to choose: the appointment stands.
    Stands,
}

impl Appointment {
    /// For how long a patient may choose, in seconds: two days, but never beyond the start.
    const CHOOSE_SECONDS: i64 = 48 * 3600;
    /// Who has less time than this is not asked any more, in seconds.
    const LEAST_SECONDS: i64 = 3600;

    /// Its state once its doctor is on leave then: called off with all money back, or its patient
    /// asked. `None` if that is no matter for it: it has begun, its patient is there, it is over.
    pub fn on_leave(&self, leave: &Leave, ids: NewIds, now: Instant) -> Option<Self> {
        let own = Span { start: self.start, end: self.end };
        let concerned = self.doctor.id == leave.doctor_id && own.overlaps(leave.away());
        if !concerned || self.start <= now || self.leave_mark(&leave.id).is_some() {
            return None;
        }
        let mut mark = LeaveMark {
            id: leave.id.clone(),
            by: leave.by,
            account_id: leave.account_id.clone(),
            outcome: LeaveOutcome::Cancelled,
            deadline: None,
        };
        let time = self.start.seconds_since(now);
        let asked = leave.offer == LeaveOffer::Alternatives && time >= Self::LEAST_SECONDS;
        match self.status(now) {
            AppointmentStatus::Confirmed if asked => {
                let deadline = now.plus_seconds(time.min(Self::CHOOSE_SECONDS));
                mark.outcome = LeaveOutcome::Offered;
                mark.deadline = Some(deadline);
                let effect = |id, kind, due_at| Effect { id, kind, due_at, attempts: 0 };
                let mut next = self.next();
                let (told, over) = (
                    EffectKind::MailLeave { leave: leave.id.clone() },
                    EffectKind::EndLeave { leave: leave.id.clone() },
                );
                next.effects.push(effect(ids.mail, told, now));
                next.effects.push(effect(ids.refund_effect, over, deadline));
                next.leaves.push(mark);
                Some(next)
            }
            AppointmentStatus::Held | AppointmentStatus::Confirmed => {
                let mut next = self.called_off(leave.by, &leave.account_id, ids, now)?;
                next.leaves.push(mark);
                Some(next)
            }
            _ => None,
        }
    }

    /// Its state once the time to choose is over: called off, with all money back. `None` if there
    /// is nothing to end.
    pub fn leave_lapsed(&self, leave: &LeaveId, ids: NewIds, now: Instant) -> Option<Self> {
        let mark = self.leave_mark(leave)?;
        let over = mark.outcome == LeaveOutcome::Offered
            && mark.deadline.is_none_or(|deadline| deadline <= now);
        if !over || self.status(now) != AppointmentStatus::Confirmed {
            return None;
        }
        self.called_off(mark.by, &mark.account_id, ids, now)
    }

    /// Its state once there is nothing to end: its patient came all the same.
    pub fn leave_over(&self, leave: &LeaveId) -> Self {
        let mut next = self.next();
        let offered = self.leave_mark(leave).map(|mark| mark.outcome);
        next.end_offer(
            leave,
            match offered {
                Some(LeaveOutcome::Offered) | None => LeaveOutcome::Kept,
                Some(outcome) => outcome,
            },
        );
        next
    }

    /// Its state once the leave is taken back: it stands, and its patient is told. `None` if its
    /// patient has nothing to choose.
    pub fn leave_taken_back(&self, leave: &LeaveId, ids: NewIds, now: Instant) -> Option<Self> {
        let mark = self.leave_mark(leave)?;
        if mark.outcome != LeaveOutcome::Offered {
            return None;
        }
        let mut next = self.next();
        next.end_offer(leave, LeaveOutcome::Kept);
        // Another leave may still be in its way; and who is there already need not be told.
        if !next.has_leave_offer() && self.status == AppointmentStatus::Confirmed {
            let (id, kind) = (ids.mail, EffectKind::MailStands);
            next.effects.push(Effect { id, kind, due_at: now, attempts: 0 });
        }
        Some(next)
    }

    /// The offer made for a leave, as long as it can be taken.
    pub fn leave_offer(&self, leave: &LeaveId, now: Instant) -> Result<&LeaveMark, LeaveRefusal> {
        let mark = self.leave_mark(leave).ok_or(LeaveRefusal::Stands)?;
        let over = mark.deadline.is_none_or(|deadline| deadline <= now);
        match mark.outcome {
            LeaveOutcome::Offered if self.status(now) != AppointmentStatus::Confirmed => {
                Err(LeaveRefusal::Stands)
            }
            LeaveOutcome::Offered if over => Err(LeaveRefusal::Over),
            LeaveOutcome::Offered => Ok(mark),
            LeaveOutcome::Kept => Err(LeaveRefusal::Stands),
            LeaveOutcome::Cancelled if self.ended_by_time(mark) => Err(LeaveRefusal::Over),
            LeaveOutcome::Moved | LeaveOutcome::Cancelled => Err(LeaveRefusal::Used),
        }
    }

    /// Whether a slot is one that is offered instead while its doctor is away: his, or another's of
    /// the speciality.
    pub fn is_instead(&self, slot: &Slot) -> bool {
        slot.doctor.id == self.doctor.id || slot.doctor.speciality == self.doctor.speciality
    }

    /// Whether its patient may take this slot, for its doctor is away: by the link or logged in.
    pub(super) fn may_choose(&self, slot: &Slot, now: Instant) -> bool {
        let good = |mark: &LeaveMark| self.leave_offer(&mark.id, now).is_ok();
        self.is_instead(slot) && self.leaves.iter().any(good)
    }

    /// Its state once its patient would rather have his money: all of it.
    pub fn declined(&self, ids: NewIds, now: Instant) -> Result<Decided, AppointmentRefusal> {
        let patient = self.patient.account_id.clone();
        self.cancel((Role::Patient, &patient), None, ids, now)
    }

    /// Whether it is called off because its doctor is away.
    pub fn is_off_for_leave(&self) -> bool {
        let off = |mark: &LeaveMark| mark.outcome == LeaveOutcome::Cancelled;
        self.status == AppointmentStatus::Cancelled && self.leaves.iter().any(off)
    }

    /// What became of it for a leave.
    pub fn leave_mark(&self, leave: &LeaveId) -> Option<&LeaveMark> {
        self.leaves.iter().find(|mark| mark.id == *leave)
    }

    /// Whether its doctor is away then and its patient has not chosen yet: whatever is done about
    /// it costs the patient nothing.
    pub(super) fn has_leave_offer(&self) -> bool {
        self.leaves.iter().any(|mark| mark.outcome == LeaveOutcome::Offered)
    }

    /// Every offer is answered by this.
    pub(super) fn end_offers(&mut self, outcome: LeaveOutcome) {
        let offered: Vec<LeaveId> = self
            .leaves
            .iter()
            .filter(|mark| mark.outcome == LeaveOutcome::Offered)
            .map(|mark| mark.id.clone())
            .collect();
        for leave in offered {
            self.end_offer(&leave, outcome);
        }
    }

    fn end_offer(&mut self, leave: &LeaveId, outcome: LeaveOutcome) {
        for mark in self.leaves.iter_mut().filter(|mark| mark.id == *leave) {
            mark.outcome = outcome;
        }
        self.effects.retain(|effect| match &effect.kind {
            EffectKind::MailLeave { leave: of } | EffectKind::EndLeave { leave: of } => of != leave,
            _ => true,
        });
    }

    fn called_off(&self, by: Role, account: &AccountId, ids: NewIds, now: Instant) -> Option<Self> {
        match self.cancel((by, account), away(), ids, now) {
            Ok(Decided::Now(next)) => Some(*next),
            Ok(Decided::Already) | Err(_) => None,
        }
    }

    fn ended_by_time(&self, mark: &LeaveMark) -> bool {
        let at = self.cancellation.as_ref().map(|cancellation| cancellation.at);
        at.zip(mark.deadline).is_some_and(|(at, deadline)| deadline <= at)
    }
}

#[cfg(test)]
#[path = "leave_tests.rs"]
mod tests;
