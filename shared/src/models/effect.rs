//! The outbox of an appointment: what must happen outside.

use super::{Appointment, AppointmentStatus, EffectId, Instant, LeaveId, Patient, RefundId};
use serde::{Deserialize, Serialize};

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
    /// Tell the patient that it was moved.
    MailMoved,
    /// Tell the patient that it is called off, and what comes back.
    MailCancelled,
    /// Tell the patient that a payment came too late or twice and goes back, or what goes back
    /// although he did not come.
    MailRefund {
        /// Which refund.
        refund: RefundId,
    },
    /// Owe what the terms give back to a patient who did not come: due once nobody can take that
    /// back any more.
    OweNoShow,
    /// Tell the patient that the doctor is away then, and what else is free.
    MailLeave {
        /// Which leave.
        leave: LeaveId,
    },
    /// Tell the patient that the doctor is there after all.
    MailStands,
    /// Call it off, for the doctor is away: due when the patient's time to choose is over.
    EndLeave {
        /// Which leave.
        leave: LeaveId,
    },
    /// Pay money back.
    Refund {
        /// Which refund.
        refund: RefundId,
    },
}

impl Appointment {
    /// Whether a mail that waited says what is so no more: that it stands or was moved, after its
    /// patient was told that it is called off.
    pub fn is_past(&self, mail: &EffectKind) -> bool {
        let stands = matches!(
            mail,
            EffectKind::MailConfirmed | EffectKind::MailMoved | EffectKind::MailStands
        );
        let untold = self.effects.iter().any(|effect| effect.kind == EffectKind::MailCancelled);
        stands && self.status == AppointmentStatus::Cancelled && !untold
    }

    /// Its state without an effect that is done.
    pub fn effect_done(&self, id: &EffectId) -> Self {
        let mut next = self.next();
        next.effects.retain(|effect| effect.id != *id);
        next
    }

    /// Its state with the account its patient is with by now: a file may have given him to another
    /// while he booked.
    pub fn of_account(self, patient: &Patient) -> Self {
        let mut next = self;
        next.patient.account_id = patient.account_id.clone();
        next
    }

    /// Its state with an effect to be tried again after a while that grows: 1, 2, 4 … 60 minutes.
    pub fn effect_failed(&self, id: &EffectId, now: Instant) -> Self {
        let mut next = self.next();
        if let Some(effect) = next.effects.iter_mut().find(|effect| effect.id == *id) {
            effect.attempts = effect.attempts.saturating_add(1);
            effect.due_at = now.plus_seconds(retry_seconds(effect.attempts));
        }
        next
    }
}

/// Seconds from the latest of so many tries to the next: 1, 2, 4 … 60 minutes. It is the same for
/// every outbox.
pub(super) fn retry_seconds(attempts: u32) -> i64 {
    (1_i64 << attempts.saturating_sub(1).min(6)).min(60) * 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let minutes: Vec<i64> = (0..10).map(|attempts| retry_seconds(attempts) / 60).collect();
        assert_eq!(minutes, [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
