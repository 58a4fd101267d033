//! Configuration from the environment, checked at start, every fault named at once.

use crate::clock::Clock;
use std::{collections::BTreeMap, fmt};

/// What a function starts in: variables, and a clock. It remembers which names were asked for, so that a
/// test can compare them with the function's block in `template.yaml`, and every fault, so that
/// one start tells all.
#[derive(Debug, Default)]
pub struct Environment {
    clock: Clock,
    values: BTreeMap<String, String>,
    asked: Vec<&'static str>,
    faults: Vec<String>,
}

/// What is wrong with the configuration, a line each.
#[derive(Debug)]
pub struct Missing(Vec<String>);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is wrong: {}", self.0.join("; "))
    }
}

impl std::error::Error for Missing {}

impl Environment {
    /// The process's environment.
    pub fn of_process() -> Self {
        Self::of(std::env::vars())
    }

    /// These values.
    pub fn of(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: values.into_iter().collect(), ..Self::default() }
    }

    /// The same, with this clock instead of the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The clock everything configured here goes by.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    fn value(&mut self, name: &'static str) -> Option<String> {
        self.asked.push(name);
        self.values.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    pub fn required(&mut self, name: &'static str) -> String {
        self.value(name).unwrap_or_else(|| {
            self.fault(format!("{name} is not set"));
            String::new()
        })
    }

    /// A value that may be there.
    pub fn optional(&mut self, name: &'static str) -> Option<String> {
        self.value(name)
    }

    /// A secret of our own, of at least 32 bytes (RFC 7518 §3.2).
    pub fn secret(&mut self, name: &'static str) -> String {
        let secret = self.required(name);
        if !secret.is_empty() && secret.len() < 32 {
            self.fault(format!("{name} has {} bytes; at least 32 are needed", secret.len()));
        }
        secret
    }

    /// An address beginning with one of these.
    pub fn url(&mut self, name: &'static str, schemes: &[&str]) -> String {
        let url = self.required(name);
        if !url.is_empty() && !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            self.fault(format!("{name} must begin with {}", schemes.join(" or ")));
        }
        url
    }

    /// A whole number within bounds, or its default where it is not set.
    pub fn number(
        &mut self,
        name: &'static str,
        default: i64,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> i64 {
        let Some(text) = self.value(name) else {
            return default;
        };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.unwrap_or_else(|| {
            let (least, most) = (bounds.start(), bounds.end());
            self.fault(format!("{name} must be a whole number from {least} to {most}"));
            default
        })
    }

    /// Adds a fault found elsewhere.
    pub fn fault(&mut self, fault: impl Into<String>) {
        let fault = fault.into();
        // Several parts of a function may ask for one name; once is enough to be told.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Every name that was asked for.
    pub fn asked(&self) -> &[&'static str] {
        &self.asked
    }

    /// The configured thing, if nothing is wrong.
    pub fn finish<T>(self, configured: T) -> Result<T, Missing> {
        if self.faults.is_empty() { Ok(configured) } else { Err(Missing(self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_and_no_value_is() {
        let values =
            [("JWT_SECRET", "short-secret"), ("HOLD_SECONDS", "soon"), ("MONGODB_URI", "http://x")];
        let mut env =
            Environment::of(values.map(|(name, value)| (name.to_owned(), value.to_owned())));
        env.secret("JWT_SECRET");
        env.secret("JWT_SECRET");
        env.number("HOLD_SECONDS", 600, 1..=3600);
        env.url("MONGODB_URI", &["mongodb://"]);
        env.required("MAIL_FROM");
        let message = env.finish(()).unwrap_err().to_string();
        for part in
            ["JWT_SECRET has 12 bytes", "HOLD_SECONDS", "MONGODB_URI must", "MAIL_FROM is not set"]
        {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(message.matches("JWT_SECRET").count(), 1, "{message}");
        assert!(!message.contains("short-secret"));
    }
}
