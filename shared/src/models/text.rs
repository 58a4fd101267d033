//! Texts with rules: names, addresses, numbers. Each is cleaned and checked once, at the door.

use super::{Issue, IssueCode, Parse, issue::texts_in_documents};
use std::fmt;
use unicode_normalization::UnicodeNormalization as _;
use utoipa::openapi::SchemaFormat;

/// Trims, composes (NFC) and checks a line of text: no control characters, `least` to `most`
/// characters.
fn line(text: &str, least: usize, most: usize) -> Result<String, Issue> {
    let trimmed = text.trim();
    // What is ASCII is composed already, a byte each; a million rows of a file mostly are.
    let (clean, length, control) = if trimmed.is_ascii() {
        let control = trimmed.bytes().any(|byte| byte.is_ascii_control());
        (trimmed.to_owned(), trimmed.len(), control)
    } else {
        let composed: String = trimmed.nfc().collect();
        let control = composed.chars().any(char::is_control);
        let length = composed.chars().count();
        (composed, length, control)
    };
    if control {
        return Err(Issue::invalid("must not hold control characters"));
    }
    if length < least && length == 0 {
        return Err(Issue::new(IssueCode::Required, "must not be empty"));
    }
    if length < least || length > most {
        return Err(Issue::new(
            IssueCode::Length,
            format!("must have {least} to {most} characters"),
        ));
    }
    Ok(clean)
}

/// Declares texts. What a text's doc comment and its rules say is what the API's document says.
macro_rules! texts {
    ($(
        $(#[doc = $meaning:literal])+
        $name:ident, example $example:literal $(, $rule:ident $value:expr)* => $parse:expr;
    )*) => {$(
        $(#[doc = $meaning])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text, clean.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Parse for $name {
            fn parse(text: &str) -> Result<Self, Issue> {
                let parse: fn(&str) -> Result<String, Issue> = $parse;
                parse(text).map(Self)
            }
        }

        texts_in_documents! {
            $name: text => text.0;
        }

        /// Shows only what it is: the text may be a patient's fact and must not reach a log.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($meaning),+).trim_ascii()))
                    $(.$rule(Some($value)))*
                    .examples([$example])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

texts! {
    /// A person's or hospital's name, 1 to 100 characters.
    Name, example "Asha Rao", min_length 1, max_length 100 => |text| line(text, 1, 100);
    /// An e-mail address, lower case.
    Email, example "asha@example.com",
        format SchemaFormat::Custom("email".into()), max_length 254 => email;
    /// A telephone number in E.164 form; India where no country is given.
    Mobile, example "+919876543210" => mobile;
    /// The hospital's own number for a patient; text, its leading zeros kept.
    Identifier, example "MRN-00042", min_length 1, max_length 64 => |text| line(text, 1, 64);
    /// A doctor's field.
    Speciality, example "Cardiology", min_length 2, max_length 80 => |text| line(text, 2, 80);
    /// A doctor's number with the medical council.
    RegistrationNumber, example "MCI-12345", min_length 1, max_length 64
        => |text| line(text, 1, 64);
    /// Why somebody books, cancels or blocks.
    Reason, example "Follow-up", min_length 1, max_length 500 => |text| line(text, 1, 500);
    /// The number on a terminal's slip, or of a UPI transaction.
    DeskReference, example "UTR 433012345678", min_length 1, max_length 64
        => |text| line(text, 1, 64);
    /// The short name of a hospital in a log-in: 2 to 40 letters, digits and inner hyphens.
    HospitalCode, example "sunrise",
        pattern r"^\s*[A-Za-z0-9][A-Za-z0-9-]{0,38}[A-Za-z0-9]\s*$" => code;
    /// The name of an uploaded file, without a path.
    FileName, example "patients.csv", min_length 1, max_length 200, pattern r"^[^/\\]+$"
        => file_name;
    /// What somebody types into a search field.
    Search, example "asha", min_length 1, max_length 100
        => |text| line(text, 1, 100).map(|text| text.to_lowercase());
}

impl Name {
    /// As it is compared in a search: lower case.
    pub fn search_key(&self) -> String {
        self.0.to_lowercase()
    }
}

fn email(text: &str) -> Result<String, Issue> {
    let clean = text.trim().to_lowercase();
    let options = email_address::Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    let plain = clean.is_ascii() && !clean.contains(['"', ' ', '\\']);
    if clean.len() > 254
        || !plain
        || email_address::EmailAddress::parse_with_options(&clean, options).is_err()
    {
        return Err(Issue::new(
            IssueCode::InvalidEmail,
            "must be an e-mail address such as asha@example.com",
        ));
    }
    Ok(clean)
}

/// E.164 with India as the default country, whose mobiles have ten digits and begin with 6 to 9.
fn mobile(text: &str) -> Result<String, Issue> {
    let wrong =
        || Issue::new(IssueCode::InvalidMobile, "must be a mobile number such as +919876543210");
    let compact: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{a0}'))
        .collect();
    let (international, digits) = match (compact.strip_prefix('+'), compact.strip_prefix("00")) {
        (Some(rest), _) | (None, Some(rest)) => (true, rest),
        (None, None) => (false, compact.as_str()),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let indian = |national: &str| {
        // "+91 098…": the trunk zero stays when somebody puts the country before it.
        let national =
            national.strip_prefix('0').filter(|rest| rest.len() == 10).unwrap_or(national);
        let right = national.len() == 10 && national.starts_with(['6', '7', '8', '9']);
        right.then(|| format!("+91{national}")).ok_or_else(wrong)
    };
    match (international, digits.len()) {
        (true, 8..=15) if digits.starts_with("91") => indian(digits.get(2..).unwrap_or_default()),
        (true, 8..=15) if !digits.starts_with('0') => Ok(format!("+{digits}")),
        (false, 10 | 11) => indian(digits),
        (false, 12 | 13) => indian(digits.strip_prefix("91").ok_or_else(wrong)?),
        _ => Err(wrong()),
    }
}

fn code(text: &str) -> Result<String, Issue> {
    let clean = text.trim().to_ascii_lowercase();
    let letters = clean.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if (2..=40).contains(&clean.len())
        && letters
        && !clean.starts_with('-')
        && !clean.ends_with('-')
    {
        return Ok(clean);
    }
    Err(Issue::invalid("must have 2 to 40 letters, digits and inner hyphens"))
}

fn file_name(text: &str) -> Result<String, Issue> {
    let clean = line(text, 1, 200)?;
    if clean.contains(['/', '\\']) || clean.starts_with('.') {
        return Err(Issue::invalid("must be a file name without a path"));
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mobiles_become_e164() {
        for text in [
            "9876543210",
            "09876543210",
            "+91 98765 43210",
            "91-9876543210",
            "0091 9876543210",
            "+91 098765 43210",
            "91 (0)98765-43210",
        ] {
            assert_eq!(Mobile::parse(text).unwrap().as_str(), "+919876543210", "{text}");
        }
        assert_eq!(Mobile::parse("+91 91919 19191").unwrap().as_str(), "+919191919191");
        assert_eq!(Mobile::parse("+1 415 555 2671").unwrap().as_str(), "+14155552671");
        for text in [
            "",
            "12345",
            "+91 12345 67890",
            "98765432101",
            "+919876",
            "98765x3210",
            "５５５５５５５５５５",
        ] {
            assert!(Mobile::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_checked_and_lowered() {
        assert_eq!(Email::parse(" Asha@Example.COM ").unwrap().as_str(), "asha@example.com");
        for text in [
            "",
            "asha",
            "asha@",
            "@example.com",
            "a b@example.com",
            "Asha <a@example.com>",
            "a@[1.2.3.4]",
        ] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_trimmed_and_composed() {
        assert_eq!(Name::parse("  Rene\u{301} ").unwrap().as_str(), "René");
        assert!(Name::parse("a\u{0}b").is_err());
        assert!(Name::parse("   ").is_err());
        assert!(HospitalCode::parse("hos_01").is_err());
    }

    /// What the document says of a text's length is what is asked of it.
    fn is_as_long_as_told<T: Parse + utoipa::PartialSchema>() {
        let schema = serde_json::to_value(T::schema()).unwrap();
        let told = |name: &str| usize::try_from(schema[name].as_u64().unwrap()).unwrap();
        let (least, most) = (told("minLength"), told("maxLength"));
        for length in [least, most] {
            assert!(T::parse(&"a".repeat(length)).is_ok(), "{schema}: {length}");
        }
        for length in [least - 1, most + 1] {
            assert!(T::parse(&"a".repeat(length)).is_err(), "{schema}: {length}");
        }
    }

    #[test]
    fn texts_are_as_long_as_the_document_says() {
        is_as_long_as_told::<Name>();
        is_as_long_as_told::<Identifier>();
        is_as_long_as_told::<Speciality>();
        is_as_long_as_told::<RegistrationNumber>();
        is_as_long_as_told::<Reason>();
        is_as_long_as_told::<DeskReference>();
        is_as_long_as_told::<FileName>();
        is_as_long_as_told::<Search>();
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_settles(text in "\\PC{0,40}") {
            if let Ok(mobile) = Mobile::parse(&text) {
                prop_assert_eq!(Mobile::parse(mobile.as_str()), Ok(mobile));
            }
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(Name::parse(name.as_str()), Ok(name));
            }
        }
    }
}
