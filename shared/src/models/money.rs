//! Money: whole numbers of the currency's minor unit, never a fraction.

use super::{Issue, Parse, issue::texts_in_documents};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An ISO 4217 code, three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Indian rupee; its minor unit is the paisa.
    pub const INR: Self = Self(*b"INR");

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("INR")
    }
}

impl Parse for Currency {
    fn parse(text: &str) -> Result<Self, Issue> {
        <[u8; 3]>::try_from(text.as_bytes())
            .ok()
            .filter(|code| code.iter().all(u8::is_ascii_uppercase))
            .map(Self)
            .ok_or_else(|| Issue::invalid("must be an ISO 4217 code of three capital letters"))
    }
}

texts_in_documents! {
    Currency: currency => currency.as_str();
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("An ISO 4217 code, three capital letters."))
            .pattern(Some("^[A-Z]{3}$"))
            .examples(["INR"])
            .into()
    }
}

impl ToSchema for Currency {}

/// An amount that is not negative: `{"amount": 50000, "currency": "INR"}` is ₹500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units (paise).
    #[schema(minimum = 0)]
    amount: i64,
    /// The currency.
    currency: Currency,
}

impl Money {
    /// What Razorpay accepts at least, in minor units (api/orders: `amount_less_than_minimum_amount`).
    pub const LEAST_PAYABLE: i64 = 100;
    /// The largest fee we take: ₹5,00,000, Razorpay's usual limit for one payment.
    pub const LARGEST: i64 = 50_000_000;

    /// An amount in minor units; a negative one is refused.
    pub fn new(amount: i64, currency: Currency) -> Option<Self> {
        (amount >= 0).then_some(Self { amount, currency })
    }

    /// Nothing at all.
    pub const fn zero(currency: Currency) -> Self {
        Self { amount: 0, currency }
    }

    /// Minor units (paise).
    pub const fn amount(self) -> i64 {
        self.amount
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether there is nothing to pay.
    pub const fn is_zero(self) -> bool {
        self.amount == 0
    }

    /// `percent` of this, rounded down to the minor unit; more than 100 counts as 100.
    pub fn percent(self, percent: u8) -> Self {
        let part = i128::from(self.amount) * i128::from(percent.min(100)) / 100;
        Self { amount: i64::try_from(part).unwrap_or(self.amount), ..self }
    }

    /// The sum; `None` if the currencies differ or it does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        let amount = self.amount.checked_add(other.amount)?;
        (self.currency == other.currency).then_some(Self { amount, ..self })
    }

    /// What is left; `None` if the currencies differ or `other` is more.
    pub fn minus(self, other: Self) -> Option<Self> {
        let amount = self.amount.checked_sub(other.amount)?;
        (self.currency == other.currency && amount >= 0).then_some(Self { amount, ..self })
    }

    /// For people: `₹500.00`, or the code before the figure for other currencies.
    pub fn display(self) -> String {
        let (whole, part) = (self.amount / 100, self.amount % 100);
        match self.currency {
            Currency::INR => format!("₹{whole}.{part:02}"),
            other => format!("{} {whole}.{part:02}", other.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_part_is_never_more_than_the_whole(amount in 0..=i64::MAX, percent: u8) {
            let whole = Money::new(amount, Currency::INR).unwrap();
            let part = whole.percent(percent);
            prop_assert!(part.amount() <= whole.amount());
            prop_assert_eq!(whole.minus(part).unwrap().plus(part), Some(whole));
            prop_assert_eq!(whole.percent(100), whole);
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let usd = Currency::parse("USD").unwrap();
        assert_eq!(Money::new(1, usd).unwrap().plus(Money::zero(Currency::INR)), None);
        assert!(Money::new(-1, usd).is_none());
        assert!(Currency::parse("inr").is_err());
        assert_eq!(Money::new(50_005, Currency::INR).unwrap().display(), "₹500.05");
    }
}
