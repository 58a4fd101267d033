//! What each mail says.

use super::Letter;
use crate::models::{AppointmentId, Money, Name, RowCounts, Speciality};

pub(super) fn log_in<'a>(
    name: &'a Name,
    hospital: &'a str,
    otp: &'a str,
    minutes: u32,
) -> Letter<'a> {
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

pub(super) fn reset<'a>(
    name: &'a Name,
    hospital: &'a str,
    otp: &'a str,
    minutes: u32,
) -> Letter<'a> {
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

pub(super) fn locked<'a>(name: &'a Name, hospital: &'a str, until: &str) -> Letter<'a> {
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

pub(super) fn family_member<'a>(name: &'a Name, hospital: &'a str, member: &'a Name) -> Letter<'a> {
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
pub(super) fn import_ended<'a>(
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
pub(super) fn counted(number: u64) -> String {
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
pub(super) struct Visit<'a> {
    pub(super) patient: &'a Name,
    pub(super) hospital: &'a str,
    pub(super) doctor: &'a Name,
    pub(super) speciality: &'a Speciality,
    pub(super) start: &'a str,
    pub(super) appointment: &'a AppointmentId,
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

pub(super) fn confirmed<'a>(visit: &Visit<'a>, fee: Money, receipt: Option<&str>) -> Letter<'a> {
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

pub(super) fn moved<'a>(visit: &Visit<'a>, refund: Option<(Money, bool)>) -> Letter<'a> {
    let mut paragraphs = vec!["This is the new time of your appointment.".to_owned()];
    let note = match refund {
        Some((_, at_desk)) => {
            let less = "It costs less than the one you paid for, so the difference goes back.";
            paragraphs.push(less.to_owned());
            way_back(at_desk)
        }
        None => "What you paid goes with it. You need not do anything.",
    };
    let back = refund.map(|(amount, _)| ("Refund", amount));
    Letter {
        subject: "Your appointment was moved",
        preheader: "The new time is inside.",
        paragraphs,
        notes: vec![note.to_owned()],
        ..visit.letter("Your appointment was moved", back)
    }
}

/// Patients are not told why the doctor is away.
pub(super) fn away<'a>(visit: &Visit<'a>, until: &str, free: &[String], link: &str) -> Letter<'a> {
    let mut letter = visit.letter("Your doctor cannot come", None);
    letter.facts.extend(free.iter().map(|time| ("Free now", time.clone())));
    letter.facts.push(("Choose until", until.to_owned()));
    Letter {
        subject: "Your doctor cannot come: please choose",
        preheader: "Take another time, or your money back.",
        paragraphs: vec![
            "We are sorry: the doctor is away at the time of this appointment.".to_owned(),
            "You can take another time, which costs you nothing more, or have all your money \
             back. You need not log in."
                .to_owned(),
        ],
        action: Some(("Choose", format!("/leave/offer?link={link}"))),
        notes: vec![
            "If you do not choose, the appointment is cancelled at that time and all you paid \
             goes back."
                .to_owned(),
        ],
        ..letter
    }
}

pub(super) fn stands<'a>(visit: &Visit<'a>) -> Letter<'a> {
    Letter {
        subject: "Your appointment takes place after all",
        preheader: "The doctor is there.",
        paragraphs: vec![
            "The doctor is there after all, so this appointment takes place as booked.".to_owned(),
        ],
        notes: vec!["You need not do anything. The link we sent you is no longer good.".to_owned()],
        ..visit.letter("Your appointment takes place", None)
    }
}

pub(super) fn slot_free<'a>(
    patient: &'a Name,
    hospital: &'a str,
    (doctor, speciality): (&'a Name, &'a Speciality),
    (start, until): (&str, &str),
    fee: Money,
    link: &str,
) -> Letter<'a> {
    let mut facts = vec![
        ("Patient", patient.as_str().to_owned()),
        ("Doctor", format!("{}, {}", doctor.as_str(), speciality.as_str())),
        ("When", start.to_owned()),
    ];
    if !fee.is_zero() {
        facts.push(("Fee", fee.display()));
    }
    facts.push(("Kept until", until.to_owned()));
    Letter {
        subject: "A slot is free for you",
        preheader: "It is kept for a quarter of an hour.",
        paragraphs: vec![
            "A slot you wait for has become free. It is kept for you for a quarter of an hour, and \
             then goes to the next."
                .to_owned(),
        ],
        action: Some(("Take it", format!("/waitlist/offer?link={link}"))),
        facts,
        notes: vec!["If you let it pass you stay on the list, for other slots.".to_owned()],
        ..blank("A slot is free for you", hospital)
    }
}

/// Patients are told that the doctor is away, and not why.
pub(super) fn cancelled<'a>(
    visit: &Visit<'a>,
    refund: Option<Money>,
    at_desk: bool,
    away: bool,
) -> Letter<'a> {
    let words = if away {
        "We are sorry: the doctor is away at that time, so this appointment will not take place."
    } else {
        "This appointment will not take place."
    };
    let refund = refund.filter(|amount| !amount.is_zero());
    let note = match refund {
        Some(_) => way_back(at_desk),
        None => "There is no refund for this appointment.",
    };
    Letter {
        subject: "Your appointment was cancelled",
        preheader: "The details are inside.",
        paragraphs: vec![words.to_owned()],
        notes: vec![note.to_owned()],
        ..visit.letter("Your appointment was cancelled", refund.map(|amount| ("Refund", amount)))
    }
}

/// How money goes back: by Razorpay to the card or account it came from, or over the desk it came
/// over.
const fn way_back(at_desk: bool) -> &'static str {
    if at_desk {
        "You paid at the hospital's desk, and the money is handed back to you there. Please bring \
         this mail."
    } else {
        "The money goes to where the payment came from, usually within 5 to 7 working days. You \
         need not do anything."
    }
}

/// What the hospital's terms give back to somebody who did not come.
fn missed<'a>(visit: &Visit<'a>, amount: Money, at_desk: bool) -> Letter<'a> {
    Letter {
        subject: "Your refund",
        preheader: "What you get back is inside.",
        paragraphs: vec![
            "You did not come to this appointment. By the terms you booked it on, this much of \
             what you paid goes back."
                .to_owned(),
        ],
        notes: vec![way_back(at_desk).to_owned()],
        ..visit.letter("Your refund", Some(("Refund", amount)))
    }
}

pub(super) fn returned<'a>(
    visit: &Visit<'a>,
    amount: Money,
    (at_desk, did_not_come): (bool, bool),
) -> Letter<'a> {
    if did_not_come {
        return missed(visit, amount, at_desk);
    }
    Letter {
        subject: "We are returning your payment",
        preheader: "The full amount goes back to where it came from.",
        paragraphs: vec![
            "Your payment reached us too late or a second time, so it did not go towards an \
             appointment. We are returning all of it."
                .to_owned(),
        ],
        notes: vec![way_back(at_desk).to_owned()],
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
        action: None,
        facts: Vec::new(),
        notes: Vec::new(),
    }
}

pub(super) fn greeting(name: &Name) -> String {
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
