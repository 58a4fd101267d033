//! What a list shows of an appointment.

use super::{
    Appointment, AppointmentId, AppointmentStatus, DoctorRef, FollowUp, Instant, Money, Order,
    PatientRef, Payment, PaymentLink, Reason, Refund, SlotId, VisitType, capture,
};
use serde::Deserialize;

/// An appointment without what only a decision about it needs: most of what is kept of one is its
/// past, and a list of thirty would carry thirty pasts along.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentSummary {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: AppointmentId,
    /// Where it stands, as stored: ask [`AppointmentSummary::status`].
    pub status: AppointmentStatus,
    /// When it begins.
    pub start: Instant,
    /// When it is over.
    pub end: Instant,
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
    /// Which of the visits after a consultation it is.
    #[serde(default)]
    pub follow_up: Option<FollowUp>,
    /// Until when the slot is kept for payment.
    #[serde(default)]
    pub hold_expires_at: Option<Instant>,
    /// What it is paid by.
    #[serde(default)]
    pub order: Option<Order>,
    /// The payment link the desk had made for it.
    #[serde(default)]
    pub link: Option<PaymentLink>,
    /// Every payment we heard of.
    #[serde(default)]
    pub payments: Vec<Payment>,
    /// Everything that goes back.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// The patient's number of the day with this doctor, once he is there.
    #[serde(default)]
    pub token: Option<u32>,
    /// Why the patient comes.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// When it was booked.
    pub created_at: Instant,
}

impl AppointmentSummary {
    /// The names these have in the database.
    pub const FIELDS: [&str; 18] = [
        "_id",
        "status",
        "start",
        "end",
        "doctor",
        "patient",
        "slotId",
        "visitType",
        "fee",
        "followUp",
        "holdExpiresAt",
        "order",
        "link",
        "payments",
        "refunds",
        "token",
        "reason",
        "createdAt",
    ];

    /// Where it stands at this instant.
    pub fn status(&self, now: Instant) -> AppointmentStatus {
        self.status.at(self.hold_expires_at, now)
    }

    /// The captured payment it stands on.
    pub fn paid(&self) -> Option<&Payment> {
        capture::paid(&self.payments, &self.refunds)
    }
}

/// What a calendar shows of an appointment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalendarEntry {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: AppointmentId,
    /// Counts its changes.
    pub version: i64,
    /// Where it stands, as stored: ask [`CalendarEntry::status`].
    pub status: AppointmentStatus,
    /// When it begins.
    pub start: Instant,
    /// When it is over.
    pub end: Instant,
    /// With whom.
    pub doctor: DoctorRef,
    /// For whom.
    pub patient: PatientRef,
    /// Until when the slot is kept for payment.
    #[serde(default)]
    pub hold_expires_at: Option<Instant>,
    /// When it was booked.
    pub created_at: Instant,
    /// When something became of it.
    #[serde(default)]
    pub history: Vec<StepAt>,
}

/// When something became of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct StepAt {
    /// When.
    pub at: Instant,
}

impl CalendarEntry {
    /// The names these have in the database.
    pub const FIELDS: [&str; 10] = [
        "_id",
        "version",
        "status",
        "start",
        "end",
        "doctor",
        "patient",
        "holdExpiresAt",
        "createdAt",
        "history.at",
    ];

    /// Where it stands at this instant.
    pub fn status(&self, now: Instant) -> AppointmentStatus {
        self.status.at(self.hold_expires_at, now)
    }

    /// When something last became of it.
    pub fn changed_at(&self) -> Instant {
        self.history.last().map_or(self.created_at, |step| step.at)
    }
}

impl From<&Appointment> for AppointmentSummary {
    fn from(appointment: &Appointment) -> Self {
        Self {
            id: appointment.id.clone(),
            status: appointment.status,
            start: appointment.start,
            end: appointment.end,
            doctor: appointment.doctor.clone(),
            patient: appointment.patient.clone(),
            slot_id: appointment.slot_id.clone(),
            visit_type: appointment.visit_type,
            fee: appointment.fee,
            follow_up: appointment.follow_up.clone(),
            hold_expires_at: appointment.hold_expires_at,
            order: appointment.order.clone(),
            link: appointment.link.clone(),
            payments: appointment.payments.clone(),
            refunds: appointment.refunds.clone(),
            token: appointment.token,
            reason: appointment.reason.clone(),
            created_at: appointment.created_at,
        }
    }
}
