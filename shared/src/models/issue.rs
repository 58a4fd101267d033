//! What is wrong with a value, in words its sender can act on.

use super::codes;
use serde::{
    Deserializer,
    de::{Error, Visitor},
};
use std::{borrow::Cow, fmt, marker::PhantomData};

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

/// Reads a value from a text where it lies: nothing is copied on the way.
pub(super) fn parsed<'de, T: Parse, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);

    impl<T: Parse> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::parse(text).map_err(|issue| E::custom(issue.message))
        }
    }

    deserializer.deserialize_str(Text(PhantomData))
}

/// In documents these are texts, which are read as at the door.
macro_rules! texts_in_documents {
    ($($type:ty: $value:ident => $text:expr;)*) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                serializer.serialize_str(AsRef::<str>::as_ref(&$text))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::models::issue::parsed(deserializer)
            }
        }
    )*};
}

pub(super) use texts_in_documents;
