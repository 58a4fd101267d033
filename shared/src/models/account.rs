//! Accounts: who logs in, and when they may not.

use super::{
    AccountId, Email, FeeTerms, HospitalCode, Instant, Issue, IssueCode, Mobile, Money, Name,
    Parse, RegistrationNumber, Role, SessionId, Speciality,
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// Its address is not proved yet: only an OTP makes it active.
    Pending,
    /// May log in.
    Active,
    /// The hospital's administrator has shut it out, until he lets it in again.
    Blocked,
    /// Its person has left; kept for the appointments.
    Deactivated,
}

impl AccountStatus {
    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Deactivated => "deactivated",
        }
    }

    /// Whether the hospital has shut it out, for now or for good.
    pub const fn is_shut_out(self) -> bool {
        matches!(self, Self::Blocked | Self::Deactivated)
    }
}

impl Parse for AccountStatus {
    fn parse(text: &str) -> Result<Self, Issue> {
        [Self::Pending, Self::Active, Self::Blocked, Self::Deactivated]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Issue::invalid("must be one of pending, active, blocked, deactivated"))
    }
}

/// Somebody who logs in. A family shares one account; a doctor has a profile on his.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: AccountId,
    /// What it may do.
    pub role: Role,
    /// Where it stands.
    pub status: AccountStatus,
    /// Where its mails go; unique in the hospital.
    pub email: Email,
    /// Whose it is.
    pub name: Name,
    /// Where its person is called.
    pub mobile: Mobile,
    /// The code of its hospital, so that a log-in finds it in one read; the platform's has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hospital_code: Option<HospitalCode>,
    /// The password's hash in PHC form; without one only an OTP logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// A doctor's profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doctor: Option<DoctorProfile>,
    /// Wrong passwords and their consequence.
    #[serde(default)]
    pub guard: PasswordGuard,
    /// The sessions that have not ended, newest last.
    #[serde(default)]
    pub sessions: Vec<Session>,
    /// The secret in the link to its calendar, if it has one. Without our key it opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// When it last logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_log_in_at: Option<Instant>,
    /// Why its address gets no mails, if it gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_problem: Option<MailProblem>,
    /// When it was made.
    pub created_at: Instant,
}

/// Why an address is not mailed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailProblem {
    /// There is no such mailbox, or it takes nothing for good.
    Bounced,
    /// Its owner called a mail of ours spam.
    Complained,
}

impl MailProblem {
    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
}

/// What patients see of a doctor, and what he costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DoctorProfile {
    /// His field.
    pub speciality: Speciality,
    /// His number with the medical council.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_number: Option<RegistrationNumber>,
    /// What a consultation costs.
    pub fee: Money,
    /// What other visits cost.
    #[serde(default, skip_serializing_if = "FeeTerms::is_plain")]
    pub terms: FeeTerms,
}

/// One log-in and the refresh tokens that follow from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id; the access tokens of the session carry it.
    pub id: SessionId,
    /// How many times its refresh token was replaced; only the latest is good.
    pub generation: i64,
    /// When it began.
    pub started_at: Instant,
    /// When its refresh token was last replaced.
    pub refreshed_at: Instant,
    /// When it ends without a refresh.
    pub expires_at: Instant,
    /// The address it was begun from, so that its owner knows which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the client called itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// Sessions kept for one account; an older one ends when another begins.
pub const SESSIONS_PER_ACCOUNT: i32 = 20;

/// The count of wrong passwords (ASVS 6.3.1). Only wrong passwords count here; an OTP or a reset
/// still gets the owner in while strangers keep the password locked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordGuard {
    /// Attempts since the last success or lock, each counted before its password is compared.
    #[serde(default)]
    pub attempts: i64,
    /// How many locks in a row.
    #[serde(default)]
    pub locks: i64,
    /// Until when passwords are not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Instant>,
    /// The lock its owner is still to be told of: when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tell_at: Option<Instant>,
}

impl PasswordGuard {
    /// Wrong passwords that lock an account.
    pub const ATTEMPTS: i64 = 5;
    /// The longest lock.
    const LONGEST_LOCK_SECONDS: i64 = 3600;

    /// Whether passwords are compared at this instant.
    pub fn is_open(&self, now: Instant) -> bool {
        self.locked_until.is_none_or(|until| until <= now)
    }

    /// The guard once one more attempt is counted; `None` while it is locked. The last attempt
    /// allowed locks at once, so that of many at the same instant no more than
    /// [`Self::ATTEMPTS`] are compared; a right password lifts the lock again.
    pub fn count(&self, now: Instant) -> Option<Self> {
        if !self.is_open(now) {
            return None;
        }
        let attempts = self.attempts.saturating_add(1);
        if attempts < Self::ATTEMPTS {
            let (locks, tell_at) = (self.locks, self.tell_at);
            return Some(Self { attempts, locks, locked_until: None, tell_at });
        }
        let seconds = Self::lock_seconds(self.locks);
        let locked_until = Some(now.plus_seconds(seconds));
        let locks = self.locks.saturating_add(1);
        Some(Self { attempts: 0, locks, locked_until, tell_at: Some(now) })
    }

    /// 1, 2, 4 … 60 minutes.
    pub fn lock_seconds(locks_before: i64) -> i64 {
        let doublings = u32::try_from(locks_before.clamp(0, 6)).unwrap_or(6);
        60_i64.saturating_mul(1 << doublings).min(Self::LONGEST_LOCK_SECONDS)
    }
}

/// A password somebody wants to have: 8 to 128 characters in NFC, not a common one. No rules of
/// composition (ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.9).
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

impl NewPassword {
    /// The password, to be hashed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Refuses a password that its owner's name or address gives away.
    pub fn differs_from(&self, name: &Name, email: &Email) -> Result<(), Issue> {
        let password = self.0.to_lowercase();
        let local_part = email.as_str().split('@').next().unwrap_or_default();
        if password == name.search_key() || password == email.as_str() || password == local_part {
            return Err(Issue::new(
                IssueCode::WeakPassword,
                "must not be the name or the e-mail address",
            ));
        }
        Ok(())
    }
}

impl Parse for NewPassword {
    fn parse(text: &str) -> Result<Self, Issue> {
        if text.len() > 1024 {
            return Err(Issue::new(IssueCode::Length, "must have 8 to 128 characters"));
        }
        let password: String = text.nfc().collect();
        if !(8..=128).contains(&password.chars().count()) {
            return Err(Issue::new(IssueCode::Length, "must have 8 to 128 characters"));
        }
        let lower = password.to_lowercase();
        if COMMON.lines().any(|common| common == lower) {
            return Err(Issue::new(IssueCode::WeakPassword, "is among the most common passwords"));
        }
        Ok(Self(password))
    }
}

/// A password somebody logs in with: any text short enough to hash.
#[derive(Clone)]
pub struct PasswordAttempt(String);

impl PasswordAttempt {
    /// The password, to be compared.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Parse for PasswordAttempt {
    fn parse(text: &str) -> Result<Self, Issue> {
        if text.is_empty() {
            return Err(Issue::new(IssueCode::Required, "must not be empty"));
        }
        if text.len() > 1024 {
            return Err(Issue::new(IssueCode::Length, "must have at most 128 characters"));
        }
        Ok(Self(text.nfc().collect()))
    }
}

/// Six digits from a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Otp(String);

impl Otp {
    /// The digits.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Parse for Otp {
    fn parse(text: &str) -> Result<Self, Issue> {
        let digits = text.trim();
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(digits.to_owned()));
        }
        Err(Issue::invalid("must be six digits"))
    }
}

macro_rules! secrets {
    ($(
        $type:ident $meaning:literal, example $example:literal $(, $rule:ident $value:expr)*;
    )*) => {$(
        /// Never shows the secret.
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($meaning))
                    $(.$rule(Some($value)))*
                    .examples([$example])
                    .write_only(true)
                    .into()
            }
        }
        impl utoipa::ToSchema for $type {}
    )*};
}

secrets! {
    NewPassword "8 to 128 characters, not a common password, and not the owner's name or address.",
        example "a lamp beside the window", min_length 8, max_length 128;
    PasswordAttempt "The password of the account.",
        example "a lamp beside the window", min_length 1, max_length 1024;
    Otp "Six digits from a mail.", example "123456", pattern r"^\s*[0-9]{6}\s*$";
}

/// The common passwords of eight characters and more, lower case, a line each: those of the twenty
/// thousand that leaks hold most often (ASVS 6.2.4 asks for three thousand), and what hospitals here
/// are fond of. A search from end to end takes microseconds beside the hash's milliseconds.
const COMMON: &str = include_str!("common_passwords.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_attempts_lock_and_locks_grow() {
        let start = Instant::from_seconds(1_000_000);
        let mut guard = PasswordGuard::default();
        let mut now = start;
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            for attempt in 1..=5 {
                assert!(guard.is_open(now), "attempt {attempt} of lock {minutes}");
                guard = guard.count(now).unwrap();
            }
            assert_eq!(guard.count(now), None);
            now = now.plus_seconds(minutes * 60 - 1);
            assert_eq!(guard.count(now), None, "{minutes} minutes");
            now = now.plus_seconds(1);
        }
    }

    #[test]
    fn passwords_have_length_and_are_not_common() {
        for bad in [
            "",
            "short",
            "Password",
            "PASSWORD123",
            "Liverpool1",
            &"x".repeat(129),
            &"x".repeat(1_000_000),
        ] {
            assert!(NewPassword::parse(bad).is_err(), "{bad}");
        }
        let enough = COMMON.lines().filter(|common| common.chars().count() >= 8).count();
        assert!(enough > 8000 && enough == COMMON.lines().count(), "{enough}");
        let family = NewPassword::parse("Asha Rao").unwrap();
        let (name, email) = (Name::parse("Asha Rao").unwrap(), Email::parse("a@b.in").unwrap());
        assert!(family.differs_from(&name, &email).is_err());
        let composed = NewPassword::parse("cafe\u{301} au lait").unwrap();
        assert_eq!(composed.expose(), "café au lait");
        assert_eq!(format!("{composed:?}"), "NewPassword(…)");
    }
}
