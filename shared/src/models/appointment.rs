//! Appointments: their life, and the decisions that move it on.

use super::{
    AccountId, AppointmentId, AskedLink, CancellationPolicy, Day, Dispute, DoctorRef, Effect,
    EffectId, FollowUp, Identifier, Instant, Issue, LeaveMark, LedgerEntry, Money, Name, Order,
    Parse, PatientId, Payment, PaymentLink, Reason, Refund, RefundId, Role, SlotId, Step,
    VisitType,
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
    /// The patient is there.
    CheckedIn,
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
    /// What a stored status means at this instant: a hold that has run out is expired.
    pub(super) fn at(self, hold_expires_at: Option<Instant>, now: Instant) -> Self {
        match self {
            Self::Held if hold_expires_at.is_some_and(|until| until <= now) => Self::Expired,
            status => status,
        }
    }

    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Held,
        Self::Confirmed,
        Self::CheckedIn,
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
            Self::CheckedIn => "checked_in",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::NoShow => "no_show",
        }
    }

    /// Whether it takes up its slot and its patient's time.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Confirmed | Self::CheckedIn)
    }
}

impl Parse for AppointmentStatus {
    fn parse(text: &str) -> Result<Self, Issue> {
        let wanted = |status: &Self| status.as_str() == text;
        Self::ALL.into_iter().find(wanted).ok_or_else(|| {
            Issue::invalid(
                "must be one of held, confirmed, checked_in, completed, cancelled, expired, no_show",
            )
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
    /// What kind of visit it is.
    #[serde(default)]
    pub visit_type: VisitType,
    /// What it costs.
    pub fee: Money,
    /// Which of the visits after a consultation it is, if it costs less for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUp>,
    /// What cancelling gives back.
    pub policy: CancellationPolicy,
    /// Until when the slot is kept for payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_expires_at: Option<Instant>,
    /// What it is paid by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// The payment link the desk had made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<PaymentLink>,
    /// The payment link Razorpay was asked for, until it is kept as `link`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_asked: Option<AskedLink>,
    /// What cancelling gives a patient at most, of what was paid: what it gave when he moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_percent: Option<u8>,
    /// What cancelling gives a patient at least, of what was paid: what it gave when somebody else
    /// moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_percent: Option<u8>,
    /// Every payment we heard of.
    #[serde(default)]
    pub payments: Vec<Payment>,
    /// Everything that goes back.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// What banks asked back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
    /// Its lines in the hospital's ledger; only ever added to.
    #[serde(default)]
    pub ledger: Vec<LedgerEntry>,
    /// Why the patient comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who called it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
    /// The leaves of its doctor it fell into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<LeaveMark>,
    /// When Razorpay is asked about its order, in case no word of a payment reaches us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconcile_at: Option<Instant>,
    /// Since when Razorpay could not be asked, if the last time it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_since: Option<Instant>,
    /// What must still happen outside.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// Its number in the doctor's queue of its day, once its patient was checked in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u32>,
    /// What became of it, from the booking on.
    #[serde(default)]
    pub history: Vec<Step>,
    /// When it was booked.
    pub created_at: Instant,
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
    /// It has not begun: nobody has failed to come, or was seen.
    NotStarted,
    /// Its doctor is away then and its patient is asked: whoever does not come misses nothing.
    DoctorAway,
    /// It is not its day.
    NotToday,
    /// The day is over on which that could be taken back.
    DayOver,
    /// Too much was taken back already.
    TooOften,
}

impl Appointment {
    /// Where it stands at this instant: a hold that has run out is expired, swept or not.
    pub fn status(&self, now: Instant) -> AppointmentStatus {
        self.status.at(self.hold_expires_at, now)
    }

    /// The refund its cancellation brought.
    pub fn cancellation_refund(&self) -> Option<&Refund> {
        self.cancellation.as_ref()?.refund_id.as_ref().and_then(|id| self.refund(id))
    }

    pub(super) fn next(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }
}

#[cfg(test)]
#[path = "appointment_tests.rs"]
mod tests;
