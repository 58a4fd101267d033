//! Receipts: numbered without a gap, per hospital and financial year.

use super::{
    Appointment, AppointmentId, HospitalCode, Instant, Issue, Money, Name, Parse, PaymentId,
    ReceiptId, Zone, issue::texts_in_documents,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// India's financial year, 1 April to 31 March (General Clauses Act 1897, section 3(21)), on the
/// hospital's clocks. It is called by the calendar years it begins and ends in: `2026-27`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FinancialYear(i16);

impl FinancialYear {
    /// The one an instant is in.
    pub fn of(at: Instant, zone: &Zone) -> Self {
        let date = zone.day(at).date();
        Self(if date.month() >= 4 { date.year() } else { date.year().saturating_sub(1) })
    }
}

impl fmt::Display for FinancialYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0, self.0.saturating_add(1).rem_euclid(100))
    }
}

impl Parse for FinancialYear {
    fn parse(text: &str) -> Result<Self, Issue> {
        let year = text.split_once('-').and_then(|(first, _)| first.parse().ok()).map(Self);
        year.filter(|year| year.to_string() == text)
            .ok_or_else(|| Issue::invalid("must be a financial year such as 2026-27"))
    }
}

texts_in_documents! {
    FinancialYear: year => year.to_string();
}

/// A receipt for the payment an appointment stands on. It is never changed and never removed; what
/// goes back later is in the appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: ReceiptId,
    /// In which year the money came.
    pub year: FinancialYear,
    /// Its place among the hospital's receipts of that year, from 1 and without a gap.
    pub serial: i64,
    /// The hospital's code, which begins the number.
    pub code: HospitalCode,
    /// What the hospital was called then.
    pub hospital: Name,
    /// For which appointment.
    pub appointment_id: AppointmentId,
    /// For which payment; there is one receipt for it.
    pub payment_id: PaymentId,
    /// How much came.
    pub amount: Money,
    /// When it came.
    pub paid_at: Instant,
    /// When the number was given.
    pub issued_at: Instant,
}

impl Receipt {
    /// The receipt an appointment is to have, with the first number there is; `None` where nothing
    /// was paid that it stands on.
    pub fn of(
        appointment: &Appointment,
        (code, hospital, zone): (&HospitalCode, &Name, &Zone),
        id: ReceiptId,
        now: Instant,
    ) -> Option<Self> {
        let paid = appointment.paid()?;
        Some(Self {
            id,
            year: FinancialYear::of(paid.came_at(), zone),
            serial: 1,
            code: code.clone(),
            hospital: hospital.clone(),
            appointment_id: appointment.id.clone(),
            payment_id: paid.id.clone(),
            amount: paid.amount,
            paid_at: paid.came_at(),
            issued_at: now,
        })
    }

    /// The number as people read it: `SUN/2026-27/000123`. The serial grows past six digits where
    /// it must.
    pub fn number(&self) -> String {
        let code = self.code.as_str().to_ascii_uppercase();
        format!("{code}/{}/{:06}", self.year, self.serial)
    }

    /// The number as a file's name.
    pub fn file_name(&self) -> String {
        self.number().replace('/', "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Day, TimeOfDay};
    use proptest::prelude::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn first_of_april(year: i16, zone: &Zone) -> Instant {
        let day = Day::parse(&format!("{year}-04-01")).unwrap();
        zone.at(day, TimeOfDay::parse("00:00").unwrap())
    }

    #[test]
    fn a_year_turns_at_midnight_of_the_hospitals_first_of_april() {
        let kolkata = zone("Asia/Kolkata");
        let turn = first_of_april(2027, &kolkata);
        assert_eq!(FinancialYear::of(turn, &kolkata).to_string(), "2027-28");
        let before = Instant::from_millis(turn.millis() - 1);
        assert_eq!(FinancialYear::of(before, &kolkata).to_string(), "2026-27");
        // Elsewhere it is another day.
        assert_eq!(FinancialYear::of(turn, &zone("Europe/London")).to_string(), "2026-27");
        assert_eq!(FinancialYear(1999).to_string(), "1999-00");
    }

    #[test]
    fn only_a_years_own_name_is_read() {
        assert_eq!(FinancialYear::parse("2026-27"), Ok(FinancialYear(2026)));
        for text in ["2026-28", "2026", "26-27", "2026-2027", "", "x-27", "+2026-27", "2026-27 "] {
            assert!(FinancialYear::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_is_in_the_one_year_that_has_begun_and_not_ended(
            seconds in -2_000_000_000_i64..7_000_000_000,
            name in prop::sample::select(vec!["Asia/Kolkata", "Europe/Berlin", "Pacific/Apia", "America/New_York", "UTC"]),
        ) {
            let (at, zone) = (Instant::from_seconds(seconds), zone(name));
            let year = FinancialYear::of(at, &zone);
            prop_assert!(first_of_april(year.0, &zone) <= at);
            prop_assert!(at < first_of_april(year.0 + 1, &zone));
            prop_assert_eq!(FinancialYear::parse(&year.to_string()), Ok(year));
        }

        #[test]
        fn later_numbers_of_a_year_differ_and_sort_later(one in 1_i64..2_000_000, two in 1_i64..2_000_000) {
            let number = |serial| receipt(serial).number();
            prop_assert_eq!(one == two, number(one) == number(two));
            let length = |serial| number(serial).len();
            prop_assert_eq!(one < two, (length(one), number(one)) < (length(two), number(two)));
        }
    }

    fn receipt(serial: i64) -> Receipt {
        let at = Instant::from_seconds(1_796_099_400);
        Receipt {
            id: ReceiptId::from_parts(at, 1),
            year: FinancialYear(2026),
            serial,
            code: HospitalCode::parse("sun").unwrap(),
            hospital: Name::parse("Sunrise Hospital").unwrap(),
            appointment_id: AppointmentId::from_parts(at, 1),
            payment_id: PaymentId::parse("pay_A1").unwrap(),
            amount: Money::zero(super::super::Currency::INR),
            paid_at: at,
            issued_at: at,
        }
    }

    #[test]
    fn a_number_names_hospital_year_and_place() {
        assert_eq!(receipt(123).number(), "SUN/2026-27/000123");
        assert_eq!(receipt(1_234_567).number(), "SUN/2026-27/1234567");
        assert_eq!(receipt(123).file_name(), "SUN-2026-27-000123");
    }
}
