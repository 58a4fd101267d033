//! Mails to the owners of accounts: the outbox of people. Those about appointments wait in the
//! appointments.

use super::{
    AccountId, FileName, Instant, Name, NotificationId, RowCounts, SlotOffer, WaitId,
    effect::retry_seconds,
};
use serde::{Deserialize, Serialize};

/// A mail that waits to be sent. It is written with what asks for it, and holds neither address
/// nor code: both are looked up or computed when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: NotificationId,
    /// Whose mail it is. One to an account that is not there is dropped, so that a mail for an
    /// address nobody has can be asked for at the same cost as any other.
    pub account_id: AccountId,
    /// What it says.
    pub message: Message,
    /// When the schedule sends it, if whoever wrote it has not had it sent before. Whoever sends it
    /// moves this on first, so that no two do.
    pub due_at: Instant,
    /// After this instant it is of no use any more.
    pub expires_at: Instant,
    /// How often it was tried.
    pub attempts: u32,
}

/// What a mail to the owner of an account says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Message {
    /// The code that belongs to this nonce. Nobody can tell the one from the other without the
    /// key, so a copy of the outbox logs nobody in.
    Otp {
        /// What the code is good for.
        purpose: OtpPurpose,
        /// Random.
        nonce: String,
    },
    /// A person was added to the account.
    FamilyMember {
        /// Who.
        member: Name,
    },
    /// A file of patients that the account's owner sent has been read.
    Imported {
        /// The file.
        file: FileName,
        /// What became of its rows.
        rows: RowCounts,
        /// Whether it was a trial, which writes nothing.
        trial: bool,
        /// Whether it could not be read as a whole.
        failed: bool,
    },
    /// A slot somebody waited for is kept for him.
    SlotOffered {
        /// His place on the list.
        entry: WaitId,
        /// For whom it is.
        patient: Name,
        /// Which slot, and until when.
        offer: Box<SlotOffer>,
    },
    /// Wrong passwords have locked the password.
    Locked {
        /// Until when.
        until: Instant,
    },
}

/// What an OTP is for; one made for a purpose is good for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtpPurpose {
    /// To log in, and to prove the address of a new account.
    LogIn,
    /// To choose a new password.
    Reset,
}

impl OtpPurpose {
    /// As it stands in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::Reset => "reset",
        }
    }
}

/// How long a mail that is no code is worth sending, in seconds: three days.
const KEEP_SECONDS: i64 = 3 * 24 * 3600;
/// How long the schedule leaves a mail to whoever wrote it, in seconds.
const HEAD_START_SECONDS: i64 = 10;

impl Notification {
    /// A mail that is tried for three days.
    pub fn new(id: NotificationId, to: &AccountId, message: Message, now: Instant) -> Self {
        Self::until(id, to, message, now, now.plus_seconds(KEEP_SECONDS))
    }

    /// A mail that is of no use after `expires_at`.
    pub fn until(
        id: NotificationId,
        to: &AccountId,
        message: Message,
        now: Instant,
        expires_at: Instant,
    ) -> Self {
        let due_at = now.plus_seconds(HEAD_START_SECONDS);
        Self { id, account_id: to.clone(), message, due_at, expires_at, attempts: 0 }
    }

    /// Whether it is still of use.
    pub fn is_of_use(&self, now: Instant) -> bool {
        now < self.expires_at
    }

    /// When it is tried again after a try that failed at this instant.
    pub fn next_try(&self, now: Instant) -> Instant {
        now.plus_seconds(retry_seconds(self.attempts))
    }
}
