//! Every mail, rendered with what people might be called.

use super::letters::{counted, greeting};
use super::*;
use crate::models::{Currency, Id, Parse as _};

const APP: &str = "https://app.example.com";

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Runs of exactly six digits that are words of their own, as `\b\d{6}\b` finds them.
fn codes(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()))
        .collect()
}

/// Every kind of mail, with this text for each name.
fn every_mail(named: &str, check: impl Fn(&Mail<'_>, Rendered)) {
    let (someone, hospital) = (name(named), named);
    let speciality = Speciality::parse("Cardiology").unwrap();
    let appointment = Id::derived(7);
    let fee = Money::new(50_000, Currency::INR).unwrap();
    let rows = RowCounts { total: 1_234_567, created: 1_234_567, ..RowCounts::default() };
    let start = "Tuesday, 1 December 2026, 10:00 (IST)";
    let (patient, doctor, speciality, appointment) =
        (&someone, &someone, &speciality, &appointment);
    #[rustfmt::skip]
    let mails = [
        Mail::LogInOtp { name: patient, hospital, otp: "048213", minutes: 10 },
        Mail::ResetOtp { name: patient, hospital, otp: "048213", minutes: 1 },
        Mail::PasswordLocked { name: patient, hospital, until: start },
        Mail::FamilyMember { name: patient, hospital, member: doctor },
        Mail::ImportEnded {
            name: patient, hospital, file: "list.csv", rows: &rows, trial: false, failed: false,
        },
        Mail::AppointmentConfirmed {
            patient, hospital, doctor, speciality, start, fee, receipt: Some("SUN/2026-27/000001"), appointment,
        },
        Mail::AppointmentMoved {
            patient, hospital, doctor, speciality, start, appointment, refund: None,
        },
        Mail::AppointmentMoved {
            patient, hospital, doctor, speciality, start, appointment, refund: Some((fee, false)),
        },
        Mail::AppointmentCancelled {
            patient, hospital, doctor, speciality, start, appointment, refund: Some(fee),
            at_desk: false, away: true,
        },
        Mail::AppointmentCancelled {
            patient, hospital, doctor, speciality, start, appointment, refund: None,
            at_desk: false, away: false,
        },
        Mail::DoctorAway {
            patient, hospital, doctor, speciality, start, appointment, until: start,
            free: &[start.to_owned()], link: "c2VhbGVk",
        },
        Mail::SlotFree {
            patient, hospital, doctor, speciality, start, fee, until: start, link: "c2VhbGVk",
        },
        Mail::AppointmentStands { patient, hospital, doctor, speciality, start, appointment },
        Mail::PaymentReturned {
            patient, hospital, doctor, speciality, start, appointment, amount: fee,
            at_desk: true, missed: false,
        },
        Mail::PaymentReturned {
            patient, hospital, doctor, speciality, start, appointment, amount: fee,
            at_desk: false, missed: true,
        },
    ];
    for mail in mails {
        check(&mail, mail.render(APP).unwrap());
    }
}

#[test]
fn every_mail_says_what_it_must_in_both_parts() {
    every_mail("Asha Rao", |mail, rendered| {
        for part in [&rendered.html, &rendered.text] {
            assert!(part.contains("Asha Rao") && part.contains(APP), "{mail:?}");
        }
        assert!(!rendered.subject.is_empty() && !rendered.subject.contains("Asha"));
        assert!(!rendered.html.contains("<img") && !rendered.html.contains("url("));
        assert!(!rendered.text.contains('<') && !rendered.text.contains("&#"), "{}", rendered.text);
        assert!(!rendered.text.contains("\n\n\n"), "{}", rendered.text);
        let refund = matches!(
            mail,
            Mail::AppointmentCancelled { refund: Some(_), .. }
                | Mail::AppointmentMoved { refund: Some(_), .. }
        );
        if let Mail::AppointmentCancelled { away, .. } = mail {
            assert_eq!(rendered.text.contains("the doctor is away"), *away, "{}", rendered.text);
        }
        if refund
            || matches!(mail, Mail::PaymentReturned { .. } | Mail::AppointmentConfirmed { .. })
        {
            assert!(rendered.html.contains("₹500.00") && rendered.text.contains("₹500.00"));
        }
    });
}

#[test]
fn money_from_the_desk_goes_back_over_it_and_other_money_to_where_it_came_from() {
    let (someone, speciality) = (name("Asha Rao"), Speciality::parse("Cardiology").unwrap());
    let (patient, doctor, speciality, appointment) =
        (&someone, &someone, &speciality, &Id::derived(7));
    let (hospital, start) = ("Sunrise", "Tuesday");
    let amount = Money::new(50_000, Currency::INR).unwrap();
    for (at_desk, here, not) in [
        (true, "handed back to you there", "where the payment came from"),
        (false, "where the payment came from", "desk"),
    ] {
        #[rustfmt::skip]
        let mails = [
            Mail::AppointmentCancelled {
                patient, hospital, doctor, speciality, start, appointment, refund: Some(amount),
                at_desk, away: false,
            },
            Mail::AppointmentMoved {
                patient, hospital, doctor, speciality, start, appointment,
                refund: Some((amount, at_desk)),
            },
            Mail::PaymentReturned {
                patient, hospital, doctor, speciality, start, appointment, amount, at_desk,
                missed: false,
            },
            Mail::PaymentReturned {
                patient, hospital, doctor, speciality, start, appointment, amount, at_desk,
                missed: true,
            },
        ];
        for mail in mails {
            let text = mail.render(APP).unwrap().text.replace('\n', " ");
            assert!(text.contains(here) && !text.contains(not), "{text}");
        }
    }
}

#[test]
fn a_code_is_there_once_and_alone() {
    for named in ["Asha Rao", "Your code is 123456", "call +91 9876543210"] {
        every_mail(named, |mail, rendered| {
            if matches!(mail, Mail::LogInOtp { .. } | Mail::ResetOtp { .. }) {
                assert_eq!(codes(&rendered.text), ["048213"], "{}", rendered.text);
                assert_eq!(codes(&rendered.html), ["048213"]);
                assert!(!rendered.subject.contains("048213"));
            }
        });
    }
}

#[test]
fn names_cannot_become_markup() {
    every_mail(r#"<script>alert("x")</script> & 'co'"#, |mail, rendered| {
        assert!(!rendered.html.contains("<script"), "{mail:?}");
        assert!(!rendered.html.contains("alert(\"x\")"), "{mail:?}");
        assert!(rendered.html.contains("&#60;script&#62;"), "{mail:?}");
    });
}

#[test]
fn numbers_are_for_people() {
    let shown = [0, 999, 1000, 123_456, 1_000_000].map(counted);
    assert_eq!(shown, ["0", "999", "1,000", "123,456", "1,000,000"]);
}

#[test]
fn names_that_are_links_do_not_greet() {
    assert_eq!(greeting(&name("See www.evil.example")), "Hello,");
    assert_eq!(greeting(&name("Asha 3rd")), "Hello Asha 3rd,");
}

#[test]
fn times_read_like_times() {
    let at = Instant::from_seconds(1_796_099_400);
    let show = |zone| time_for_people(at, &Zone::parse(zone).unwrap());
    assert_eq!(show("Asia/Kolkata"), "Tuesday, 1 December 2026, 10:00 (IST)");
    assert_eq!(show("Asia/Kathmandu"), "Tuesday, 1 December 2026, 10:15 (UTC+05:45)");
}
