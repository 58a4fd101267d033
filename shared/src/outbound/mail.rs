//! The mails we send, as text and HTML from the same words.
//!
//! What differs between mails is in this file; how every mail looks is in `templates/mail.html`
//! and `templates/mail.txt`. Askama escapes what goes into the HTML. Subjects are constants, so
//! nothing anybody typed can reach a header, and a screen that shows only subjects shows no code
//! and no name.

use crate::models::{AppointmentId, Instant, Money, Name, RowCounts, Speciality, Zone};
use askama::Template;

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
    },
    /// A payment came too late or twice and goes back in full.
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
            Self::AppointmentCancelled {
                patient, hospital, doctor, speciality, start, appointment, refund,
            } => {
                cancelled(&Visit { patient, hospital, doctor, speciality, start, appointment }, refund)
            }
            Self::PaymentReturned {
                patient, hospital, doctor, speciality, start, appointment, amount,
            } => {
                returned(&Visit { patient, hospital, doctor, speciality, start, appointment }, amount)
            }
        };
        Letter { app_url, ..letter }
    }
}

fn log_in<'a>(name: &'a Name, hospital: &'a str, otp: &'a str, minutes: u32) -> Letter<'a> {
    Letter {
        subject: "Your MediConnect log-in code",
        preheader: "Use it to log in or to activate your account.",
        paragraphs: vec![
            greeting(name),
            "Enter this code to log in. If your account is new, it also activates it.".to_owned(),
        ],
        ..code_letter("Your log-in code", hospital, otp, minutes)
    }
}

fn reset<'a>(name: &'a Name, hospital: &'a str, otp: &'a str, minutes: u32) -> Letter<'a> {
    Letter {
        subject: "Your MediConnect password reset code",
        preheader: "Use it to choose a new password.",
        paragraphs: vec![greeting(name), "Enter this code to choose a new password.".to_owned()],
        ..code_letter("Choose a new password", hospital, otp, minutes)
    }
}

fn code_letter<'a>(heading: &str, hospital: &'a str, otp: &'a str, minutes: u32) -> Letter<'a> {
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let notes = vec![
        format!("The code is good for {minutes} {unit} and works once."),
        "We never ask for it by telephone. If you did not request it, you can ignore this mail: \
         without the code nobody gets in."
            .to_owned(),
    ];
    Letter {
        code: Some(otp),
        notes,
        ..blank(heading, presentable(hospital).unwrap_or("your hospital"))
    }
}

fn locked<'a>(name: &'a Name, hospital: &'a str, until: &str) -> Letter<'a> {
    Letter {
        subject: "Your MediConnect password is locked for a while",
        preheader: "Several wrong passwords were entered.",
        paragraphs: vec![
            greeting(name),
            "Several wrong passwords were entered for your account, so passwords are not taken \
             until the time below."
                .to_owned(),
            "You need not wait: a code sent to this address logs you in at once, and so does \
             choosing a new password."
                .to_owned(),
        ],
        facts: vec![("Locked until", until.to_owned())],
        notes: vec![
            "If it was not you, somebody is guessing. Nobody got in. Choose a new password if \
             yours is short or used elsewhere."
                .to_owned(),
        ],
        ..blank("Your password is locked", presentable(hospital).unwrap_or("your hospital"))
    }
}

fn family_member<'a>(name: &'a Name, hospital: &'a str, member: &'a Name) -> Letter<'a> {
    Letter {
        subject: "A person was added to your MediConnect account",
        preheader: "You can now book appointments for one more person.",
        paragraphs: vec![
            greeting(name),
            format!(
                "{hospital} has added a person to your account. You can now book for them too."
            ),
        ],
        facts: vec![("Added", member.as_str().to_owned())],
        notes: vec!["If this is a mistake, please tell the hospital.".to_owned()],
        ..blank("Someone was added to your account", hospital)
    }
}

/// Counts and the file's name: whose rows they are is for those who log in.
fn import_ended<'a>(
    name: &'a Name,
    hospital: &'a str,
    file: &str,
    rows: &RowCounts,
    trial: bool,
    failed: bool,
) -> Letter<'a> {
    let (heading, words) = match (failed, trial) {
        (true, _) => (
            "Your list of patients could not be read",
            "The list you sent could not be read. Log in to see why, and send it again.",
        ),
        (false, true) => (
            "Your list of patients was tried",
            "The list you sent was read on trial. Nothing was entered; this is what would have been.",
        ),
        (false, false) => (
            "Your list of patients is in",
            "The list you sent was read to its end. Log in to download the report, which names each row that was not taken, and why.",
        ),
    };
    Letter {
        subject: "Your list of patients was read",
        preheader: "What became of its rows.",
        paragraphs: vec![greeting(name), words.to_owned()],
        facts: vec![
            ("File", file.to_owned()),
            ("Rows", counted(rows.total)),
            ("New patients", counted(rows.created)),
            ("Updated", counted(rows.updated)),
            ("Unchanged", counted(rows.unchanged)),
            ("Not taken", counted(rows.rejected)),
        ],
        ..blank(heading, hospital)
    }
}

/// A number for people, in groups of three, so that none looks like a code.
fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// What the three mails about appointments have in common.
struct Visit<'a> {
    patient: &'a Name,
    hospital: &'a str,
    doctor: &'a Name,
    speciality: &'a Speciality,
    start: &'a str,
    appointment: &'a AppointmentId,
}

impl<'a> Visit<'a> {
    fn letter(&self, heading: &str, money: Option<(&'static str, Money)>) -> Letter<'a> {
        let doctor = format!("{}, {}", self.doctor.as_str(), self.speciality.as_str());
        let mut facts = vec![
            ("Patient", self.patient.as_str().to_owned()),
            ("Doctor", doctor),
            ("When", self.start.to_owned()),
        ];
        facts.extend(money.map(|(label, amount)| (label, amount.display())));
        facts.push(("Reference", self.appointment.as_str().to_owned()));
        Letter { facts, ..blank(heading, self.hospital) }
    }
}

fn confirmed<'a>(visit: &Visit<'a>, fee: Money, receipt: Option<&str>) -> Letter<'a> {
    let paid = (!fee.is_zero()).then_some(("Paid", fee));
    let mut letter = visit.letter("Your appointment is confirmed", paid);
    letter.facts.extend(receipt.map(|number| ("Receipt", number.to_owned())));
    Letter {
        subject: "Your appointment is confirmed",
        preheader: "Time, doctor and reference are inside.",
        paragraphs: vec![format!("{} looks forward to seeing you.", visit.hospital)],
        notes: vec![
            "If you cannot come, please cancel in time: what you get back depends on how early \
             you do."
                .to_owned(),
        ],
        ..letter
    }
}

fn cancelled<'a>(visit: &Visit<'a>, refund: Option<Money>) -> Letter<'a> {
    let refund = refund.filter(|amount| !amount.is_zero());
    let note = match refund {
        Some(_) => {
            "The refund goes to where the payment came from, usually within 5 to 7 working days."
        }
        None => "There is no refund for this appointment.",
    };
    Letter {
        subject: "Your appointment was cancelled",
        preheader: "The details are inside.",
        paragraphs: vec!["This appointment will not take place.".to_owned()],
        notes: vec![note.to_owned()],
        ..visit.letter("Your appointment was cancelled", refund.map(|amount| ("Refund", amount)))
    }
}

fn returned<'a>(visit: &Visit<'a>, amount: Money) -> Letter<'a> {
    Letter {
        subject: "We are returning your payment",
        preheader: "The full amount goes back to where it came from.",
        paragraphs: vec![
            "Your payment reached us too late or a second time, so it did not go towards an \
             appointment. We are returning all of it."
                .to_owned(),
        ],
        notes: vec![
            "The money goes to where the payment came from, usually within 5 to 7 working days. \
             You need not do anything."
                .to_owned(),
        ],
        ..visit.letter("We are returning your payment", Some(("Returned", amount)))
    }
}

fn blank<'a>(heading: &str, hospital: &'a str) -> Letter<'a> {
    Letter {
        app_url: "",
        subject: "",
        preheader: "",
        hospital,
        heading: heading.to_owned(),
        paragraphs: Vec::new(),
        code: None,
        facts: Vec::new(),
        notes: Vec::new(),
    }
}

fn greeting(name: &Name) -> String {
    presentable(name.as_str()).map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"))
}

/// A name that may stand beside a code: not one that holds something like a code or a link of
/// its own, for names are typed by others than their owners.
fn presentable(name: &str) -> Option<&str> {
    let longest = name.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max();
    let lower = name.to_lowercase();
    let link = lower.contains("://") || lower.contains("www.");
    (longest.unwrap_or_default() < 4 && !link).then_some(name)
}

/// An instant on the clocks of a zone, for people.
pub fn time_for_people(at: Instant, zone: &Zone) -> String {
    zone.in_words(at)
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
