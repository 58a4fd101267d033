//! What Razorpay takes in a body, and how it says no.

use serde_json::{Map, Value, json};

use super::problem::Problem;

/// The least order, payment or refund in INR: one rupee.
const MINIMUM: u64 = 100;
/// The most that one payment may be: five lakh rupees, Razorpay's usual limit of an account.
const MAXIMUM: u64 = 50_000_000;
/// Longest receipt.
const RECEIPT: usize = 40;
/// Most pairs of notes, and the longest of each.
const NOTES: usize = 15;
const NOTE: usize = 256;

/// A body's members, each taken out by name; what is left over was not asked for.
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// An absent body is an empty one: a full refund needs none.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            // The PHP behind the API reads an empty array as an empty object.
            Ok(Value::Array(items)) if items.is_empty() => Ok(Self(Map::new())),
            _ => Err(Problem::invalid("The request body is not valid JSON.")),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// An amount in minor units, if there. Digits in a string count, as they do there.
    pub(super) fn amount(&mut self) -> Result<Option<u64>, Problem> {
        let Some(value) = self.take("amount") else {
            return Ok(None);
        };
        let amount = match &value {
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.parse().ok(),
            _ => None,
        };
        let negative = value.as_i64().is_some_and(|amount| amount < 0);
        match amount {
            Some(amount) => Ok(Some(amount)),
            None if negative => Ok(Some(0)),
            None => Err(Problem::field("amount", "The amount must be an integer.")),
        }
    }

    /// The amount of an order or a capture, which may not be left out.
    pub(super) fn required_amount(&mut self) -> Result<u64, Problem> {
        self.amount()?.ok_or_else(|| Problem::field("amount", "amount: is required."))
    }

    /// Three capital letters of a currency we know.
    pub(super) fn currency(&mut self) -> Result<Option<String>, Problem> {
        const KNOWN: [&str; 8] = ["INR", "USD", "EUR", "GBP", "AED", "SGD", "AUD", "MYR"];
        match self.take("currency") {
            None => Ok(None),
            Some(Value::String(code)) if KNOWN.contains(&code.as_str()) => Ok(Some(code)),
            Some(Value::String(_)) => {
                Err(Problem::field("currency", "The selected currency is invalid."))
            }
            Some(other) => {
                Err(Problem::field("currency", format!("expected string but provided {other}")))
            }
        }
    }

    /// An order's currency, which may not be left out.
    pub(super) fn required_currency(&mut self) -> Result<String, Problem> {
        self.currency()?.ok_or_else(|| Problem::field("currency", "currency: is required."))
    }

    /// Up to 40 characters.
    pub(super) fn receipt(&mut self) -> Result<Option<String>, Problem> {
        match self.take("receipt") {
            None => Ok(None),
            Some(Value::String(receipt)) if receipt.chars().count() <= RECEIPT => {
                Ok(Some(receipt).filter(|receipt| !receipt.is_empty()))
            }
            Some(Value::String(_)) => {
                Err(Problem::field("receipt", "The receipt may not be greater than 40 characters."))
            }
            Some(_) => Err(Problem::field("receipt", "The receipt must be a string.")),
        }
    }

    /// Up to 15 pairs of up to 256 characters; `[]` when there are none.
    pub(super) fn notes(&mut self) -> Result<Option<Value>, Problem> {
        let notes = match self.take("notes") {
            None => return Ok(None),
            Some(Value::Array(items)) if items.is_empty() => return Ok(Some(json!([]))),
            Some(Value::Object(notes)) => notes,
            Some(_) => return Err(Problem::field("notes", "The notes must be an array.")),
        };
        if notes.len() > NOTES {
            let why = "Number of fields in notes should be less than or equal to 15";
            return Err(Problem::field("notes", why));
        }
        let long = |text: &str| text.chars().count() > NOTE;
        for (name, value) in &notes {
            match value {
                Value::String(text) if long(text) || long(name) => {
                    let why = format!("notes.{name} may not be greater than 256 characters.");
                    return Err(Problem::field("notes", why));
                }
                Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
                _ => {
                    let why = format!("notes.{name} must be a string.");
                    return Err(Problem::field("notes", why));
                }
            }
        }
        Ok(Some(if notes.is_empty() { json!([]) } else { Value::Object(notes) }))
    }

    /// A text of at most this many characters.
    pub(super) fn text(&mut self, name: &str, longest: usize) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= longest => Ok(Some(text)),
            Some(Value::String(_)) => {
                let why = format!("The {name} may not be greater than {longest} characters.");
                Err(Problem::field(name, why))
            }
            Some(_) => Err(Problem::field(name, format!("The {name} must be a string."))),
        }
    }

    /// True or false; 1 and 0 count, as they do there.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(value) if value == 1 => Ok(Some(true)),
            Some(value) if value == 0 => Ok(Some(false)),
            Some(_) => {
                Err(Problem::field(name, format!("The {name} field must be true or false.")))
            }
        }
    }

    /// A whole number.
    pub(super) fn whole(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let whole = value.as_i64().map(Some);
        whole.ok_or_else(|| Problem::field(name, format!("The {name} must be an integer.")))
    }

    /// An object, whatever is in it.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Value>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(object @ Value::Object(_)) => Ok(Some(object)),
            Some(_) => Err(Problem::field(name, format!("The {name} must be an object."))),
        }
    }

    /// `normal` unless said otherwise.
    pub(super) fn speed(&mut self) -> Result<String, Problem> {
        match self.take("speed") {
            None => Ok("normal".to_owned()),
            Some(Value::String(speed)) if matches!(speed.as_str(), "normal" | "optimum") => {
                Ok(speed)
            }
            Some(_) => Err(Problem::field("speed", "The selected speed is invalid.")),
        }
    }

    /// Drops members that are allowed and change nothing here.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.0.remove(*name);
        }
    }

    /// Refuses whatever nobody asked for, as Razorpay does.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let why = format!("{} is/are not required and should not be sent", names.join(", "));
        Err(Problem::refused(why, "payment_initiation", "extra_field_sent"))
    }
}

/// The least and the most of an order: step and reason as Razorpay's newer texts have them.
pub(super) fn within_the_limits_of_an_order(amount: u64) -> Result<(), Problem> {
    if amount > MAXIMUM {
        return Err(Problem::field("amount", "Amount exceeds maximum amount allowed."));
    }
    if amount >= MINIMUM {
        return Ok(());
    }
    let why = "Order amount less than minimum amount allowed";
    Err(Problem::refused(why, "order_creation", "amount_less_than_minimum_amount")
        .with("field", "amount"))
}

/// The least amount of a refund, or of a payment link.
pub(super) fn at_least_one_rupee(amount: u64) -> Result<(), Problem> {
    if amount >= MINIMUM {
        return Ok(());
    }
    Err(Problem::field("amount", "The amount must be at least INR 1.00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_over_members_are_refused_by_name() {
        let mut body = Body::parse(br#"{"amount": 100, "colour": "red"}"#).unwrap();
        assert_eq!(body.amount().unwrap(), Some(100));
        let refusal = body.finish().unwrap_err().into_body();
        assert_eq!(
            refusal["error"]["description"],
            "colour is/are not required and should not be sent"
        );
    }

    #[test]
    fn amounts_are_whole_numbers() {
        for bad in ["100.5", "\"ten\"", "true", "{}"] {
            let text = format!(r#"{{"amount": {bad}}}"#);
            let refusal = Body::parse(text.as_bytes()).unwrap().amount().unwrap_err();
            assert_eq!(
                refusal.into_body()["error"]["description"],
                "The amount must be an integer."
            );
        }
        for (amount, fine) in [(99, false), (100, true), (MAXIMUM, true), (MAXIMUM + 1, false)] {
            assert_eq!(within_the_limits_of_an_order(amount).is_ok(), fine, "{amount}");
        }
    }

    #[test]
    fn sixteen_notes_and_forty_one_characters_are_too_many() {
        let notes: Map<String, Value> = (0..16).map(|n| (n.to_string(), json!("x"))).collect();
        let text = json!({ "notes": notes, "receipt": "r".repeat(41) }).to_string();
        let mut body = Body::parse(text.as_bytes()).unwrap();
        assert!(body.notes().is_err());
        assert!(body.receipt().is_err());
    }
}
