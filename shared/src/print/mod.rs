//! What is printed for people: receipts, in HTML for a screen and in PDF for keeping.
//!
//! What stands on a receipt is decided here, once; the two forms only show it.

mod fonts;
mod html;
mod pdf;

use crate::models::{Appointment, Instant, Money, Receipt, Refund, RefundStatus, Zone};

/// A form could not be made: a bug, for nothing a person wrote can bring it about.
#[derive(Debug, thiserror::Error)]
#[error("a receipt could not be printed: {0}")]
pub struct PrintFailed(String);

/// A receipt in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// `SUN/2026-27/000123`.
    pub number: String,
    /// Who gives it.
    pub hospital: String,
    /// What it says of whom, for what and how, by label.
    pub facts: Vec<(&'static str, String)>,
    /// The sums, the money that came first.
    pub sums: Vec<(String, String)>,
    issued_at: Instant,
}

impl Paper {
    /// A receipt as it reads now: what has gone back since it was given is on it.
    pub fn of(receipt: &Receipt, appointment: &Appointment, zone: &Zone) -> Self {
        let doctor = &appointment.doctor;
        let facts = vec![
            ("Receipt number", receipt.number()),
            ("Date of payment", zone.in_words(receipt.paid_at)),
            ("Received from", appointment.patient.name.as_str().to_owned()),
            ("Patient number", appointment.patient.identifier.as_str().to_owned()),
            ("For", format!("{}, {}", doctor.name.as_str(), doctor.speciality.as_str())),
            ("Appointment", zone.in_words(appointment.start)),
            ("Reference", appointment.id.as_str().to_owned()),
            ("Payment", receipt.payment_id.as_str().to_owned()),
        ];
        Self {
            number: receipt.number(),
            hospital: receipt.hospital.as_str().to_owned(),
            facts,
            sums: sums(receipt, &appointment.refunds, zone),
            issued_at: receipt.issued_at,
        }
    }
}

/// Those of an appointment's refunds that are of the receipt's own payment, the oldest first.
pub fn refunds<'a>(receipt: &'a Receipt, all: &'a [Refund]) -> impl Iterator<Item = &'a Refund> {
    all.iter().filter(|refund| refund.payment_id == receipt.payment_id)
}

/// What is left of the payment once all that is owed back has gone back.
pub fn kept(receipt: &Receipt, all: &[Refund]) -> Money {
    let minus = |left: Money, refund: &Refund| left.minus(refund.amount).unwrap_or(left);
    refunds(receipt, all).fold(receipt.amount, minus)
}

fn sums(receipt: &Receipt, all: &[Refund], zone: &Zone) -> Vec<(String, String)> {
    let mut sums = vec![("Received".to_owned(), receipt.amount.display())];
    for refund in refunds(receipt, all) {
        let status = match refund.status {
            RefundStatus::Pending => "on its way",
            RefundStatus::Processed => "paid back",
            RefundStatus::Failed => "not paid back yet",
        };
        let label = format!("Refund of {}, {status}", zone.day_in_words(refund.created_at));
        // U+2212, the minus sign: a hyphen is easily overlooked.
        sums.push((label, format!("\u{2212}{}", refund.amount.display())));
    }
    if sums.len() > 1 {
        sums.push(("Kept by the hospital".to_owned(), kept(receipt, all).display()));
    }
    sums
}

#[cfg(test)]
mod tests;
