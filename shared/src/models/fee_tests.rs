//! What visits cost, and that no more of them cost less than the terms say.

use crate::models::{
    AppointmentStatus as Is,
    examples::{self, booking, patient},
    *,
};
use proptest::prelude::*;

const NOW: Instant = Instant::from_seconds(1_796_000_000);
const DAY: i64 = 86_400;

fn rupees(amount: i64) -> Money {
    Money::new(amount * 100, Currency::INR).unwrap()
}

fn terms(within_days: u32, visits: u32) -> FeeTerms {
    let rule = FollowUpRule { fee: rupees(0), within_days, visits };
    let procedure = VisitFee { visit_type: VisitType::Procedure, fee: rupees(900) };
    FeeTerms::new(rupees(500), vec![procedure], Some(rule)).unwrap()
}

/// A slot so many days from now.
fn slot(days: i64, terms: &FeeTerms) -> Slot {
    let start = NOW.plus_seconds(days * DAY);
    Slot { terms: terms.clone(), ..examples::slot(start, rupees(500)) }
}

/// A visit so many days from now.
fn visit(number: u128, days: i64, status: Is) -> EarlierVisit {
    let start = NOW.plus_seconds(days * DAY);
    EarlierVisit {
        id: Id::derived(number),
        patient: PatientOf { id: patient().id },
        doctor: DoctorOf { id: Id::derived(2) },
        status,
        start,
        day: Zone::default().day(start),
        hold_expires_at: None,
        visit_type: VisitType::Consultation,
        follow_up: None,
    }
}

fn quote(slot: &Slot, kind: VisitType, earlier: &[EarlierVisit]) -> FeeQuote {
    slot.quote(kind, earlier, NOW).unwrap()
}

#[test]
fn each_kind_has_its_fee_and_what_has_none_is_not_offered() {
    let slot = slot(1, &terms(7, 1));
    assert_eq!(quote(&slot, VisitType::Consultation, &[]).fee, rupees(500));
    assert_eq!(quote(&slot, VisitType::Procedure, &[]).fee, rupees(900));
    assert_eq!(slot.quote(VisitType::HomeVisit, &[], NOW), None);
    // Only a consultation is followed, and only by consultations.
    let seen = [visit(10, -1, Is::Completed)];
    assert_eq!(quote(&slot, VisitType::Procedure, &seen).fee, rupees(900));
    let done = [EarlierVisit { visit_type: VisitType::Procedure, ..seen[0].clone() }];
    assert_eq!(quote(&slot, VisitType::Consultation, &done).fee, rupees(500));
}

#[test]
fn terms_that_contradict_themselves_are_refused() {
    let fee = rupees(500);
    let wrong = |visit_fees, rule| FeeTerms::new(fee, visit_fees, rule).unwrap_err().0;
    let one = |visit_type| VisitFee { visit_type, fee };
    assert_eq!(wrong(vec![one(VisitType::Consultation)], None), "visitFees");
    assert_eq!(wrong(vec![one(VisitType::Procedure); 2], None), "visitFees");
    let rule = |fee| Some(FollowUpRule { fee, within_days: 1, visits: 1 });
    assert_eq!(wrong(vec![], rule(fee)), "followUp.fee");
    let usd = Money::zero(Currency::parse("USD").unwrap());
    assert_eq!(wrong(vec![], rule(usd)), "followUp.fee.currency");
}

#[test]
fn the_last_day_counts_and_the_one_after_does_not() {
    let terms = terms(7, 1);
    let seen = [visit(10, -3, Is::Completed)];
    let last = quote(&slot(4, &terms), VisitType::Consultation, &seen);
    let follow_up = last.follow_up.clone().unwrap();
    assert_eq!((last.fee, follow_up.number), (rupees(0), 1));
    assert_eq!(follow_up.until, slot(4, &terms).day);
    assert_eq!(last.full_fee, rupees(500));
    let late = quote(&slot(5, &terms), VisitType::Consultation, &seen);
    assert_eq!((late.fee, late.follow_up), (rupees(500), None));
}

#[test]
fn it_follows_only_what_has_begun_and_happened() {
    let terms = terms(7, 1);
    let fee = |visit| quote(&slot(4, &terms), VisitType::Consultation, &[visit]).fee;
    for status in [Is::Confirmed, Is::CheckedIn, Is::Completed] {
        assert_eq!(fee(visit(10, -1, status)), rupees(0), "{status:?}");
    }
    for status in [Is::Held, Is::Cancelled, Is::Expired, Is::NoShow] {
        assert_eq!(fee(visit(10, -1, status)), rupees(500), "{status:?}");
    }
    // One to come could still be called off for its money.
    assert_eq!(fee(visit(10, 1, Is::Confirmed)), rupees(500));
}

#[test]
fn a_follow_up_keeps_its_fee_where_it_is_moved_with_the_same_doctor_until_its_last_day() {
    let terms = terms(7, 1);
    let seen = [visit(10, -1, Is::Completed)];
    let near = slot(2, &terms);
    let with = Booking { quote: quote(&near, VisitType::Consultation, &seen), ..booking(&near) };
    let appointment = Appointment::book(&near, &patient(), with, NOW).unwrap();
    assert_eq!(appointment.status, Is::Confirmed, "nothing is to be paid");
    assert_eq!(appointment.fee_in(&slot(6, &terms)), Some(rupees(0)));
    assert_eq!(appointment.fee_in(&slot(7, &terms)), Some(rupees(500)));
    let colleague = DoctorRef { id: Id::derived(77), ..near.doctor.clone() };
    let other = Slot { doctor: colleague, ..slot(3, &terms) };
    assert_eq!(appointment.fee_in(&other), Some(rupees(500)));
}

#[test]
fn with_another_doctor_it_follows_nothing_and_its_number_can_be_had_again() {
    let terms = terms(7, 1);
    let seen = [visit(10, -1, Is::Completed)];
    let near = slot(2, &terms);
    let with = Booking { quote: quote(&near, VisitType::Consultation, &seen), ..booking(&near) };
    let offer = with.offer.clone();
    let booked = Appointment::book(&near, &patient(), with, NOW).unwrap();
    assert!(booked.follow_up_in_use().is_some());
    let moved = |from: &Appointment, slot: &Slot| {
        let ids = NewIds {
            refund: Id::derived(20),
            refund_effect: Id::derived(21),
            mail: Id::derived(22),
        };
        let by = (Role::Hospital, Id::derived(9));
        let moving = Moving { by, reason: None, offer: offer.clone(), ids, now: NOW };
        match from.reschedule(slot, &moving) {
            Ok(Decided::Now(next)) => *next,
            other => panic!("{other:?}"),
        }
    };
    let colleague = DoctorRef { id: Id::derived(77), ..near.doctor.clone() };
    let theirs = Slot { id: Id::derived(11), doctor: colleague, ..slot(3, &terms) };
    let later = Slot { id: Id::derived(12), ..slot(4, &terms) };
    assert_eq!(moved(&booked, &later).follow_up, booked.follow_up, "with the same doctor it does");
    let away = moved(&booked, &theirs);
    assert_eq!((&away.follow_up, away.fee), (&None, rupees(0)), "what was promised stays");
    assert_eq!(moved(&away, &later).follow_up, None, "nor does it when it comes back");
}

#[test]
fn a_number_is_taken_whichever_doctor_has_the_visit_and_only_ones_own_are_followed() {
    let elsewhere = || DoctorOf { id: Id::derived(77) };
    let seen = visit(10, -1, Is::Completed);
    let first = FollowUp { of: seen.id.clone(), number: 1, until: slot(6, &terms(7, 1)).day };
    let moved =
        EarlierVisit { doctor: elsewhere(), follow_up: Some(first), ..visit(11, 2, Is::Confirmed) };
    let next = |visits, earlier: &[EarlierVisit]| {
        let quote = quote(&slot(4, &terms(7, visits)), VisitType::Consultation, earlier);
        (quote.fee, quote.follow_up.map(|follow_up| follow_up.number))
    };
    assert_eq!(next(2, &[seen.clone(), moved.clone()]), (rupees(0), Some(2)));
    assert_eq!(next(1, &[seen.clone(), moved]), (rupees(500), None));
    let theirs = EarlierVisit { doctor: elsewhere(), ..seen };
    assert_eq!(next(2, &[theirs]), (rupees(500), None));
}

proptest! {
    /// Booked, cancelled and left to expire in any order, no more stand than the terms allow, and
    /// as long as fewer do, the next costs less.
    #[test]
    fn no_more_cost_less_than_the_terms_say(
        visits in 1..5_u32,
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..30),
    ) {
        let terms = terms(30, visits);
        let slot = slot(5, &terms);
        let mut earlier = vec![visit(10, -2, Is::Completed), visit(11, 3, Is::Confirmed)];
        for (number, (book, which)) in steps.into_iter().enumerate() {
            let stands = |one: &&EarlierVisit| one.follow_up.is_some() && one.status == Is::Confirmed;
            let standing = earlier.iter().filter(stands).count();
            if book {
                let quote = quote(&slot, VisitType::Consultation, &earlier);
                prop_assert_eq!(quote.follow_up.is_some(), standing < visits as usize);
                prop_assert_eq!(quote.fee.is_zero(), quote.follow_up.is_some());
                let new = visit(100 + number as u128, 5, Is::Confirmed);
                earlier.push(EarlierVisit { follow_up: quote.follow_up, ..new });
            } else {
                let at = which.index(earlier.len());
                if at > 1 {
                    earlier[at].status = Is::Cancelled;
                }
            }
            let mut numbers: Vec<u32> = earlier.iter().filter(stands)
                .filter_map(|one| Some(one.follow_up.as_ref()?.number)).collect();
            numbers.sort_unstable();
            prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "each once");
            prop_assert!(numbers.len() <= visits as usize);
        }
    }
}
