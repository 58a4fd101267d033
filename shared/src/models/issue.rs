//! What is wrong with a value, in words its sender can act on.

use super::codes;
use std::borrow::Cow;

codes! {
    /// What is wrong with a field, for programs.
    pub enum IssueCode {
        /// It is missing or empty.
        Required = "REQUIRED",
        /// It is of another type.
        Type = "TYPE",
        /// It is too short or too long.
        Length = "LENGTH",
        /// It breaks a rule the message names.
        Invalid = "INVALID",
        /// There is no such member here.
        UnknownField = "UNKNOWN_FIELD",
        /// It is not an id of the kind that belongs here.
        UnknownId = "UNKNOWN_ID",
        /// It is no hospital's id.
        UnknownHospital = "UNKNOWN_HOSPITAL",
        /// It is not an e-mail address.
        InvalidEmail = "INVALID_EMAIL",
        /// It is not a mobile number.
        InvalidMobile = "INVALID_MOBILE",
        /// It is among the most common passwords, or the owner's own name or address.
        WeakPassword = "WEAK_PASSWORD",
        /// It is no kind of visit the doctor offers.
        VisitTypeNotOffered = "VISIT_TYPE_NOT_OFFERED",
        /// It is not the name of a CSV file.
        NotCsv = "NOT_CSV",
        /// It is not the secret of a key Razorpay knows.
        KeyRefused = "KEY_REFUSED",
    }
}

/// Why a value was refused: a stable code, and a message that says what would be right. The
/// message never repeats the value, which may be a secret or a patient's fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Stable.
    pub code: IssueCode,
    /// One sentence, without the field's name.
    pub message: Cow<'static, str>,
}

impl Issue {
    /// An issue with its own code.
    pub fn new(code: IssueCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value of the right type that breaks a rule.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(IssueCode::Invalid, message)
    }
}

/// A value read from text at the door: once it exists, it is right.
pub trait Parse: Sized {
    /// Reads the text, or says what is wrong with it.
    fn parse(text: &str) -> Result<Self, Issue>;
}
