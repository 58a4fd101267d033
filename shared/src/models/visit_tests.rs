//! The life of an appointment as a machine: whatever is asked of it, and whenever, it takes only
//! steps there are, each once, and its history tells how it came to be what it is.

use crate::models::{AppointmentStatus as Is, Happening as What, *};
use proptest::prelude::*;

fn id<K: Kind>(number: u128) -> Id<K> {
    Id::from_parts(Instant::from_seconds(1_000), number)
}

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

fn note(zone: &Zone, now: Instant) -> Note<'_> {
    Note { by: Doer::person(Role::Doctor, &id(2)), reason: None, zone, now }
}

fn ids(number: u128) -> NewIds {
    NewIds { refund: id(number), refund_effect: id(number + 1), mail: id(number + 2) }
}

/// A confirmed and paid appointment of half an hour.
fn confirmed(zone: &Zone, start: Instant) -> Appointment {
    let fee = Money::new(50_000, Currency::INR).unwrap();
    let booked_at = start.plus_seconds(-48 * 3600);
    let slot =
        Slot { end: start.plus_seconds(1800), day: zone.day(start), ..examples::slot(start, fee) };
    let tier = RefundTier { before_minutes: 60, percent: 50 };
    let policy = CancellationPolicy::new(vec![tier], 20).unwrap();
    let booking = Booking { policy, ..examples::booking(&slot) };
    let payment = Payment {
        id: PaymentId::parse("pay_1").unwrap(),
        amount: fee,
        status: PaymentStatus::Captured,
        via: PaidBy::Checkout,
        reference: None,
        taken_by: None,
        created_at: booked_at,
        captured_at: Some(booked_at),
    };
    let held = Appointment::book(&slot, &examples::patient(), booking, booked_at).unwrap();
    match held.capture(&payment, &ids(10), booked_at) {
        Capture::Confirm { confirmed, .. } => *confirmed,
        other => panic!("the payment confirms: {other:?}"),
    }
}

fn now(decided: Result<Decided, AppointmentRefusal>) -> Appointment {
    match decided {
        Ok(Decided::Now(next)) => *next,
        other => panic!("a step is taken: {other:?}"),
    }
}

#[test]
fn a_visit_goes_from_the_door_to_the_end() {
    let zone = Zone::default();
    let start = at("2026-12-02T15:00:00+05:30");
    let there = now(confirmed(&zone, start).check_in(note(&zone, start.plus_seconds(-600))));
    assert_eq!(there.check_in(note(&zone, start)), Ok(Decided::Already));
    assert_eq!(
        there.no_show(id(1), note(&zone, start)),
        Err(AppointmentRefusal::NotLive(Is::CheckedIn))
    );
    let seen = now(there.complete(note(&zone, start)));
    assert_eq!(seen.complete(note(&zone, start)), Ok(Decided::Already));
    assert!(seen.undo(note(&zone, start)).is_err());
    let steps: Vec<Happening> = seen.history.iter().map(|step| step.what).collect();
    assert_eq!(steps, [What::Booked, What::Confirmed, What::CheckedIn, What::Completed]);
}

#[test]
fn a_patient_is_checked_in_on_the_day_and_on_the_eve_of_the_small_hours() {
    let zone = Zone::default();
    let may = |start: &str, when: &str| {
        confirmed(&zone, at(start)).check_in(note(&zone, at(when))).is_ok()
    };
    let afternoon = "2026-12-02T15:00:00+05:30";
    assert!(!may(afternoon, "2026-12-01T23:59:59+05:30"));
    assert!(may(afternoon, "2026-12-02T00:00:00+05:30"));
    assert!(may(afternoon, "2026-12-02T23:59:59+05:30"));
    assert!(!may(afternoon, "2026-12-03T00:00:00+05:30"));
    let night = "2026-12-02T00:10:00+05:30";
    assert!(!may(night, "2026-12-01T22:09:59+05:30"));
    assert!(may(night, "2026-12-01T22:10:00+05:30"));
    // One that goes over midnight is of both days; one that ends at midnight is not.
    assert!(may("2026-12-02T23:45:00+05:30", "2026-12-03T09:00:00+05:30"));
    assert!(!may("2026-12-02T23:30:00+05:30", "2026-12-03T00:00:00+05:30"));
}

#[test]
fn what_a_no_show_gives_back_is_owed_when_the_day_is_over() {
    // On 1 November 2026 the day has 25 hours in New York.
    let zone = Zone::parse("America/New_York").unwrap();
    let start = at("2026-11-01T09:00:00-05:00");
    let appointment = confirmed(&zone, start);
    assert_eq!(
        appointment.no_show(id(20), note(&zone, start.plus_seconds(-1))),
        Err(AppointmentRefusal::NotStarted)
    );
    let missed = now(appointment.no_show(id(20), note(&zone, start)));
    assert_eq!(missed.no_show(id(21), note(&zone, start)), Ok(Decided::Already));
    let due = missed.effects.last().unwrap().due_at;
    assert_eq!(due, at("2026-11-02T00:00:00-05:00"));
    assert_eq!(missed.refunds, []);
    assert_eq!(missed.no_show_owed(&ids(30), due.plus_seconds(-1)), None);
    let back = now(missed.undo(note(&zone, due.plus_seconds(-1))));
    assert_eq!(back.status, Is::Confirmed);
    assert_eq!(back.no_show_owed(&ids(30), due), None, "nothing is owed any more");
    assert_eq!(back.balances(), appointment.balances());
    assert_eq!(missed.undo(note(&zone, due)), Err(AppointmentRefusal::DayOver));
    let owed = missed.no_show_owed(&ids(30), due).unwrap();
    assert_eq!(owed.refunds[0].amount.amount(), 10_000);
    assert_eq!(owed.balances(), owed.balances_of_state());
    assert_eq!(owed.no_show_owed(&ids(40), due), None, "and once");
    assert_eq!(owed.undo(note(&zone, due.plus_seconds(-1))), Err(AppointmentRefusal::DayOver));
}

#[test]
fn what_a_no_show_gives_back_is_of_what_the_visit_cost_after_it_was_moved() {
    let zone = Zone::default();
    let start = at("2026-12-02T15:00:00+05:30");
    let (appointment, cheap) =
        (confirmed(&zone, start), Money::new(30_000, Currency::INR).unwrap());
    let slot = Slot { id: id(50), ..examples::slot(start.plus_seconds(3600), cheap) };
    let offer = examples::booking(&slot).offer;
    let now_is = start.plus_seconds(-24 * 3600);
    let by = (Role::Hospital, id(9));
    let moving = Moving { by, reason: None, offer, ids: ids(60), now: now_is };
    let moved = match appointment.reschedule(&slot, &moving) {
        Ok(Decided::Now(next)) => *next,
        other => panic!("it is moved: {other:?}"),
    };
    assert_eq!(moved.refunds[0].amount.amount(), 20_000);
    let missed = now(moved.no_show(id(70), note(&zone, slot.start)));
    assert_eq!(missed.no_show_amount().unwrap().amount(), 6_000, "a fifth of 300");
    let undone = now(missed.undo(note(&zone, slot.start.plus_seconds(60))));
    assert!(undone.effects.iter().all(|effect| effect.kind != EffectKind::OweNoShow));
    let again = now(undone.no_show(id(71), note(&zone, slot.start.plus_seconds(120))));
    let due = again.effects.last().unwrap().due_at;
    let owed = again.no_show_owed(&ids(80), due).unwrap();
    let back: Vec<i64> = owed.refunds.iter().map(|refund| refund.amount.amount()).collect();
    assert_eq!(back, [20_000, 6_000]);
    assert_eq!(owed.no_show_amount().unwrap().amount(), 6_000);
    assert_eq!(owed.balances(), owed.balances_of_state());
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    CheckIn,
    Complete,
    NoShow,
    Undo,
    Cancel(Role),
    Owe,
    Wait(i64),
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        3 => Just(Asked::CheckIn),
        1 => Just(Asked::Complete),
        3 => Just(Asked::NoShow),
        5 => Just(Asked::Undo),
        1 => prop::sample::select(vec![Role::Patient, Role::Hospital]).prop_map(Asked::Cancel),
        1 => Just(Asked::Owe),
        3 => prop::sample::select(vec![60, 1800, 7200, 9 * 3600]).prop_map(Asked::Wait),
    ]
}

/// What an appointment is after these steps.
fn told(history: &[Step]) -> AppointmentStatus {
    match history.last().unwrap().what {
        What::Booked => Is::Held,
        What::Confirmed | What::Undone | What::Rescheduled => Is::Confirmed,
        What::CheckedIn => Is::CheckedIn,
        What::Completed => Is::Completed,
        What::Cancelled => Is::Cancelled,
        What::Expired => Is::Expired,
        What::NoShow => Is::NoShow,
    }
}

proptest! {
    #[test]
    fn only_steps_there_are_are_taken(
        asked in prop::collection::vec(asked(), 1..120),
        zone in prop::sample::select(vec!["Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
        // Around the changes of the clocks of 2026 in either zone.
        start in prop::sample::select(vec![
            1_772_946_000_i64, 1_775_318_400, 1_791_039_600, 1_793_505_600, 1_796_149_800,
        ]),
        early in 0..40_i64,
    ) {
        let zone = Zone::parse(zone).unwrap();
        let start = Instant::from_seconds(start + early * 900);
        let mut clock = start.plus_seconds(-30 * 3600);
        let mut current = confirmed(&zone, start);
        for (turn, asked) in asked.into_iter().enumerate() {
            let new = 1000 + 10 * turn as u128;
            if let Asked::Wait(seconds) = asked {
                clock = clock.plus_seconds(seconds);
            }
            let decide = |from: &Appointment| match asked {
                Asked::CheckIn => from.check_in(note(&zone, clock)),
                Asked::Complete => from.complete(note(&zone, clock)),
                Asked::NoShow => from.no_show(id(new), note(&zone, clock)),
                Asked::Undo => from.undo(note(&zone, clock)),
                Asked::Cancel(role) => from.cancel((role, &id(4)), None, ids(new), clock),
                Asked::Owe => Ok(from
                    .no_show_owed(&ids(new), clock)
                    .map_or(Decided::Already, |next| Decided::Now(Box::new(next)))),
                Asked::Wait(_) => Ok(Decided::Already),
            };
            let Ok(Decided::Now(next)) = decide(&current) else { continue };
            let (before, after) = (current.status, next.status);
            let there_is = match asked {
                Asked::CheckIn => (before, after) == (Is::Confirmed, Is::CheckedIn),
                Asked::Complete => matches!(before, Is::Confirmed | Is::CheckedIn) && after == Is::Completed,
                Asked::NoShow => (before, after) == (Is::Confirmed, Is::NoShow),
                Asked::Undo => matches!(before, Is::CheckedIn | Is::NoShow) && after == Is::Confirmed,
                Asked::Cancel(_) => before.is_live() && after == Is::Cancelled,
                Asked::Owe => (before, after) == (Is::NoShow, Is::NoShow),
                Asked::Wait(_) => false,
            };
            prop_assert!(there_is, "{asked:?} from {before:?} to {after:?}");
            prop_assert_eq!(&next.history[..current.history.len()], &current.history[..]);
            prop_assert_eq!(told(&next.history), after);
            prop_assert!(next.history.len() <= 55, "it is bounded");
            if matches!(asked, Asked::Undo) {
                // On its day, or until the day is over on which it ends.
                let noted = zone.day(current.history.last().unwrap().at);
                let ends = zone.day(current.end.plus_seconds(-1));
                prop_assert!(zone.day(clock) <= noted.max(ends));
            }
            let waits = next.effects.iter().filter(|one| one.kind == EffectKind::OweNoShow).count();
            let owed = next.refunds.iter().filter(|one| one.cause == RefundCause::NoShow).count();
            prop_assert_eq!(waits + owed, usize::from(after == Is::NoShow), "it is owed once");
            prop_assert_eq!(next.balances(), next.balances_of_state());
            // The same once more changes nothing.
            prop_assert!(!matches!(decide(&next), Ok(Decided::Now(_))));
            current = *next;
        }
    }
}
