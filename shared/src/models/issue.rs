//! What is wrong with a value, in words its sender can act on.

use std::borrow::Cow;

/// Why a value was refused: a stable code, and a message that says what would be right. The
/// message never repeats the value, which may be a secret or a patient's fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Stable, `SCREAMING_SNAKE`.
    pub code: &'static str,
    /// One sentence, without the field's name.
    pub message: Cow<'static, str>,
}

impl Issue {
    /// An issue with its own code.
    pub fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value of the right type that breaks a rule.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("INVALID", message)
    }
}

/// A value read from text at the door: once it exists, it is right.
pub trait Parse: Sized {
    /// Reads the text, or says what is wrong with it.
    fn parse(text: &str) -> Result<Self, Issue>;
}
