//! The mails we send, as text and HTML from the same words.
//!
//! What each mail says is in [`letters`]; how every mail looks is in `templates/mail.html` and
//! `templates/mail.txt`. Askama escapes what goes into the HTML. Subjects are constants, so
//! nothing anybody typed can reach a header, and a screen that shows only subjects shows no code
//! and no name.

mod letters;

use crate::models::{AppointmentId, Instant, Money, Name, RowCounts, Speciality, Zone};
use askama::Template;
use letters::{
    Visit, away, cancelled, confirmed, family_member, import_ended, locked, log_in, moved, reset,
    returned, slot_free, stands,
};

/// One mail, by what it is about. Texts come ready to be shown.
#[derive(Debug, Clone, Copy)]
pub enum Mail<'a> {
    /// The code to log in with; it also activates a pending account.
    LogInOtp {
        /// Whose account it is.
        name: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// Six digits.
        otp: &'a str,
        /// How long it is good for.
        minutes: u32,
    },
    /// The code to choose a new password with.
    ResetOtp {
        /// Whose account it is.
        name: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// Six digits.
        otp: &'a str,
        /// How long it is good for.
        minutes: u32,
    },
    /// Wrong passwords have locked the password.
    PasswordLocked {
        /// Whose account it is.
        name: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// Until when, as [`time_for_people`] shows it.
        until: &'a str,
    },
    /// A person was added to an account that is in use already.
    FamilyMember {
        /// Whose account it is.
        name: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// Who was added.
        member: &'a Name,
    },
    /// A file of patients has been read.
    ImportEnded {
        /// Who sent it.
        name: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// The file's name.
        file: &'a str,
        /// What became of its rows.
        rows: &'a RowCounts,
        /// Whether it was a trial, which writes nothing.
        trial: bool,
        /// Whether it could not be read as a whole.
        failed: bool,
    },
    /// An appointment stands.
    AppointmentConfirmed {
        /// Who is treated.
        patient: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// By whom.
        doctor: &'a Name,
        /// The doctor's field.
        speciality: &'a Speciality,
        /// When, as [`time_for_people`] shows it.
        start: &'a str,
        /// What was paid.
        fee: Money,
        /// The number of the receipt for it; none where nothing was paid.
        receipt: Option<&'a str>,
        /// Which appointment.
        appointment: &'a AppointmentId,
    },
    /// An appointment was moved.
    AppointmentMoved {
        /// Who is to be treated.
        patient: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// By whom.
        doctor: &'a Name,
        /// The doctor's field.
        speciality: &'a Speciality,
        /// When it is now, as [`time_for_people`] shows it.
        start: &'a str,
        /// Which appointment.
        appointment: &'a AppointmentId,
        /// What goes back because it costs less there, and whether at the hospital's desk.
        refund: Option<(Money, bool)>,
    },
    /// An appointment was called off.
    AppointmentCancelled {
        /// Who was to be treated.
        patient: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// By whom.
        doctor: &'a Name,
        /// The doctor's field.
        speciality: &'a Speciality,
        /// When it was to be, as [`time_for_people`] shows it.
        start: &'a str,
        /// Which appointment.
        appointment: &'a AppointmentId,
        /// What goes back; nothing where nothing was paid or the policy gives nothing.
        refund: Option<Money>,
        /// Whether it is handed back at the hospital's desk.
        at_desk: bool,
        /// Whether it is because the doctor is away.
        away: bool,
    },
    /// An appointment's doctor is away then: its patient may choose.
    DoctorAway {
        /// Who is to be treated.
        patient: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// By whom.
        doctor: &'a Name,
        /// The doctor's field.
        speciality: &'a Speciality,
        /// When it was to be, as [`time_for_people`] shows it.
        start: &'a str,
        /// Which appointment.
        appointment: &'a AppointmentId,
        /// Until when the patient may choose, as [`time_for_people`] shows it.
        until: &'a str,
        /// What is free instead.
        free: &'a [String],
        /// Where to choose.
        link: &'a str,
    },
    /// An appointment stands after all: its doctor is there.
    AppointmentStands {
        /// Who is to be treated.
        patient: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// By whom.
        doctor: &'a Name,
        /// The doctor's field.
        speciality: &'a Speciality,
        /// When, as [`time_for_people`] shows it.
        start: &'a str,
        /// Which appointment.
        appointment: &'a AppointmentId,
    },
    /// A slot somebody waited for is kept for him.
    SlotFree {
        /// Who waits.
        patient: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// By whom he would be treated.
        doctor: &'a Name,
        /// The doctor's field.
        speciality: &'a Speciality,
        /// When, as [`time_for_people`] shows it.
        start: &'a str,
        /// What it costs.
        fee: Money,
        /// Until when it is kept, as [`time_for_people`] shows it.
        until: &'a str,
        /// Where to take it.
        link: &'a str,
    },
    /// A payment came too late or twice and goes back in full; or a patient did not come, and gets
    /// back what the terms say.
    PaymentReturned {
        /// Who was to be treated.
        patient: &'a Name,
        /// The hospital's name.
        hospital: &'a str,
        /// By whom.
        doctor: &'a Name,
        /// The doctor's field.
        speciality: &'a Speciality,
        /// When it was to be, as [`time_for_people`] shows it.
        start: &'a str,
        /// Which appointment.
        appointment: &'a AppointmentId,
        /// What goes back.
        amount: Money,
        /// Whether it is handed back at the hospital's desk.
        at_desk: bool,
        /// Whether the patient did not come.
        missed: bool,
    },
}

/// A mail ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject; a constant of the mail's kind.
    pub subject: &'static str,
    /// The HTML part.
    pub html: String,
    /// The plain part.
    pub text: String,
}

/// Shows the subject only: the rest holds names and codes.
impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rendered({})", self.subject)
    }
}

/// A mail in words, before it has a look.
struct Letter<'a> {
    app_url: &'a str,
    subject: &'static str,
    /// What a list of mails shows beside the subject; no code and no name, for screens are seen.
    preheader: &'static str,
    hospital: &'a str,
    heading: String,
    paragraphs: Vec<String>,
    code: Option<&'a str>,
    /// What to do, and where in the product.
    action: Option<(&'static str, String)>,
    facts: Vec<(&'static str, String)>,
    notes: Vec<String>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    letter: &'a Letter<'a>,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    letter: &'a Letter<'a>,
}

impl Mail<'_> {
    /// The mail in both forms, with a link to the product at `app_url`.
    pub fn render(&self, app_url: &str) -> Result<Rendered, askama::Error> {
        let letter = self.letter(app_url);
        let html = Html { letter: &letter }.render()?;
        let text = Text { letter: &letter }.render()?;
        Ok(Rendered { subject: letter.subject, html, text })
    }

    #[rustfmt::skip]
    fn letter<'a>(&'a self, app_url: &'a str) -> Letter<'a> {
        let letter = match *self {
            Self::LogInOtp { name, hospital, otp, minutes } => log_in(name, hospital, otp, minutes),
            Self::ResetOtp { name, hospital, otp, minutes } => reset(name, hospital, otp, minutes),
            Self::PasswordLocked { name, hospital, until } => locked(name, hospital, until),
            Self::FamilyMember { name, hospital, member } => family_member(name, hospital, member),
            Self::ImportEnded { name, hospital, file, rows, trial, failed } => {
                import_ended(name, hospital, file, rows, trial, failed)
            }
            Self::AppointmentConfirmed {
                patient, hospital, doctor, speciality, start, fee, receipt, appointment,
            } => {
                confirmed(&Visit { patient, hospital, doctor, speciality, start, appointment }, fee, receipt)
            }
            Self::AppointmentMoved {
                patient, hospital, doctor, speciality, start, appointment, refund,
            } => {
                moved(&Visit { patient, hospital, doctor, speciality, start, appointment }, refund)
            }
            Self::AppointmentCancelled {
                patient, hospital, doctor, speciality, start, appointment, refund, at_desk, away,
            } => {
                let visit = Visit { patient, hospital, doctor, speciality, start, appointment };
                cancelled(&visit, refund, at_desk, away)
            }
            Self::DoctorAway {
                patient, hospital, doctor, speciality, start, appointment, until, free, link,
            } => {
                away(&Visit { patient, hospital, doctor, speciality, start, appointment }, until, free, link)
            }
            Self::AppointmentStands { patient, hospital, doctor, speciality, start, appointment } => {
                stands(&Visit { patient, hospital, doctor, speciality, start, appointment })
            }
            Self::SlotFree { patient, hospital, doctor, speciality, start, fee, until, link } => {
                slot_free(patient, hospital, (doctor, speciality), (start, until), fee, link)
            }
            Self::PaymentReturned {
                patient, hospital, doctor, speciality, start, appointment, amount, at_desk, missed,
            } => {
                let visit = Visit { patient, hospital, doctor, speciality, start, appointment };
                returned(&visit, amount, (at_desk, missed))
            }
        };
        Letter { app_url, ..letter }
    }
}

/// An instant on the clocks of a zone, for people.
pub fn time_for_people(at: Instant, zone: &Zone) -> String {
    zone.in_words(at)
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
