//! What became of an appointment, step by step: who, when and why.

use super::{AccountId, Appointment, Instant, Reason, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happened to an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// A slot was taken; with a fee it is held until that is paid.
    Booked,
    /// It was paid.
    Confirmed,
    /// The patient is there.
    CheckedIn,
    /// The patient was seen.
    Completed,
    /// It was called off.
    Cancelled,
    /// It was not paid in time.
    Expired,
    /// The patient did not come.
    NoShow,
    /// The check-in or the no-show before was a mistake.
    Undone,
    /// It was moved to another slot.
    Rescheduled,
}

/// Who did something to an appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Doer {
    /// In which role; missing where nobody did it: a payment came by Razorpay, or time ran out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
}

impl Doer {
    /// Somebody.
    pub fn person(role: Role, account: &AccountId) -> Self {
        Self { role: Some(role), account_id: Some(account.clone()) }
    }

    /// Nobody: a payment or the clock.
    pub const NOBODY: Self = Self { role: None, account_id: None };
}

/// One step of an appointment's life. None is ever changed or taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What happened.
    pub what: Happening,
    /// Who did it.
    pub by: Doer,
    /// When.
    pub at: Instant,
    /// Why, if a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the appointment was to be before, if it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
}

impl Appointment {
    /// With so many steps nothing is taken back any more. All other steps lead on, so the history
    /// ends soon after.
    const MOST_STEPS: usize = 50;

    /// Adds a step to the history.
    pub(super) fn note(&mut self, what: Happening, by: Doer, reason: Option<Reason>, now: Instant) {
        self.history.push(Step { what, by, at: now, reason, from: None });
    }

    /// Whether its history is as long as one may be.
    pub(super) const fn history_is_full(&self) -> bool {
        self.history.len() >= Self::MOST_STEPS
    }

    /// The latest step.
    pub(super) fn latest(&self) -> Option<&Step> {
        self.history.last()
    }
}
