use crate::models::{examples, *};
use proptest::prelude::*;

const NOW: Instant = Instant::from_seconds(1_796_000_000);

fn id<K: Kind>(number: u128) -> Id<K> {
    Id::from_parts(Instant::from_seconds(1_000), number)
}

fn ids(number: u128) -> NewIds {
    NewIds { refund: id(number), refund_effect: id(number + 1), mail: id(number + 2) }
}

fn fee() -> Money {
    Money::new(50_000, Currency::INR).unwrap()
}

fn slot(number: u128, start: Instant) -> Slot {
    let slot = examples::slot(start, fee());
    Slot {
        id: id(number),
        doctor: DoctorRef { id: id(2), ..slot.doctor },
        end: start.plus_seconds(1800),
        ..slot
    }
}

fn offer() -> Offer {
    Offer { rules: BookingRules::default(), holidays: Holidays::default(), zone: Zone::default() }
}

/// An appointment that is paid, so many seconds ahead.
fn paid(ahead: i64) -> Appointment {
    let slot = slot(1, NOW.plus_seconds(ahead));
    let held =
        Appointment::book(&slot, &examples::patient(), examples::booking(&slot), NOW).unwrap();
    let payment = Payment {
        id: PaymentId::parse("pay_1").unwrap(),
        amount: fee(),
        status: PaymentStatus::Captured,
        via: PaidBy::Checkout,
        reference: None,
        taken_by: None,
        created_at: NOW,
        captured_at: Some(NOW),
    };
    match held.capture(&payment, &ids(10), NOW) {
        Capture::Confirm { confirmed, .. } => *confirmed,
        other => panic!("{other:?}"),
    }
}

fn leave(number: u128, offer: LeaveOffer) -> Leave {
    Leave {
        id: id(number),
        doctor_id: id(2),
        from: NOW,
        to: NOW.plus_seconds(30 * 24 * 3600),
        reason: None,
        offer,
        by: Role::Doctor,
        account_id: id(2),
        status: LeaveStatus::Running,
        version: 1,
        slots_blocked: 0,
        staying: Vec::new(),
        due_at: Some(NOW),
        created_at: NOW,
    }
}

/// A patient's wish to move.
fn by_himself(drawn: u128, now: Instant) -> Moving {
    let by = (Role::Patient, examples::patient().account_id);
    Moving { by, reason: None, offer: offer(), ids: ids(drawn), now }
}

/// What may happen to an appointment whose doctor is away.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Leave { number: u128, refund: bool },
    Back(u128),
    Lapse(u128),
    Choose(u128),
    Decline(u128),
    Comes,
    Cancel,
    Wait(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let n = || 100..102_u128;
    prop_oneof![
        3 => (n(), prop::bool::weighted(0.2)).prop_map(|(number, refund)| Deed::Leave { number, refund }),
        2 => n().prop_map(Deed::Back),
        3 => n().prop_map(Deed::Lapse),
        2 => n().prop_map(Deed::Choose),
        1 => n().prop_map(Deed::Decline),
        1 => Just(Deed::Comes),
        1 => Just(Deed::Cancel),
        3 => prop_oneof![Just(3600), Just(24 * 3600), Just(48 * 3600)].prop_map(Deed::Wait),
    ]
}

fn next(of: &Appointment, deed: Deed, now: Instant, drawn: u128) -> Option<Appointment> {
    let chosen = |leave: &LeaveId| of.leave_offer(leave, now).is_ok();
    match deed {
        Deed::Leave { number, refund } => {
            let offer = if refund { LeaveOffer::Refund } else { LeaveOffer::Alternatives };
            of.on_leave(&leave(number, offer), ids(drawn), now)
        }
        Deed::Back(number) => of.leave_taken_back(&id(number), ids(drawn), now),
        Deed::Lapse(number) => {
            let due = |effect: &&Effect| {
                effect.due_at <= now && effect.kind == EffectKind::EndLeave { leave: id(number) }
            };
            let lapsed = of.leave_lapsed(&id(number), ids(drawn), now);
            let due = of.effects.iter().any(|effect| due(&effect));
            lapsed.or_else(|| due.then(|| of.leave_over(&id(number))))
        }
        Deed::Comes if of.status == AppointmentStatus::Confirmed => {
            let status = AppointmentStatus::CheckedIn;
            Some(Appointment { status, version: of.version + 1, ..of.clone() })
        }
        Deed::Choose(number) if chosen(&id(number)) => {
            let target = slot(drawn, NOW.plus_seconds(60 * 24 * 3600));
            match of.reschedule(&target, &by_himself(drawn, now)) {
                Ok(Decided::Now(next)) => Some(*next),
                _ => None,
            }
        }
        Deed::Decline(number) if chosen(&id(number)) => match of.declined(ids(drawn), now) {
            Ok(Decided::Now(next)) => Some(*next),
            _ => None,
        },
        Deed::Cancel => match of.cancel((Role::Hospital, &id(9)), None, ids(drawn), now) {
            Ok(Decided::Now(next)) => Some(*next),
            _ => None,
        },
        Deed::Choose(_) | Deed::Decline(_) | Deed::Comes | Deed::Wait(_) => None,
    }
}

proptest! {
    /// Whatever happens: what is called off for a leave gives all money back, what is offered has
    /// its end in the outbox and before its start, and what is answered has neither.
    #[test]
    fn nobody_loses_money_or_is_forgotten(
        ahead in 600..10 * 24 * 3600_i64, deeds in prop::collection::vec(deed(), 1..20),
    ) {
        let (mut appointment, mut now, mut drawn) = (paid(ahead), NOW, 1000);
        for deed in deeds {
            drawn += 10;
            if let Deed::Wait(seconds) = deed {
                now = now.plus_seconds(seconds);
            }
            if let Some(next) = next(&appointment, deed, now, drawn) {
                prop_assert_eq!(next.version, appointment.version + 1);
                appointment = next;
            }
            prop_assert_eq!(appointment.balances(), appointment.balances_of_state());
            let offered: Vec<&LeaveMark> = appointment
                .leaves
                .iter()
                .filter(|mark| mark.outcome == LeaveOutcome::Offered)
                .collect();
            let ends: Vec<&Effect> = appointment
                .effects
                .iter()
                .filter(|effect| matches!(effect.kind, EffectKind::EndLeave { .. }))
                .collect();
            prop_assert_eq!(offered.len(), ends.len());
            // The history says why it came to what it did.
            let settled = |mark: &LeaveMark| {
                matches!(mark.outcome, LeaveOutcome::Moved | LeaveOutcome::Cancelled)
            };
            if appointment.leaves.iter().any(settled) {
                let ended = |step: &&Step| {
                    matches!(step.what, Happening::Rescheduled | Happening::Cancelled)
                };
                let step = appointment.history.iter().find(ended);
                prop_assert_eq!(step.and_then(|step| step.reason.clone()), away());
            }
            prop_assert!(offered.iter().all(|mark| mark.deadline.unwrap() <= appointment.start));
            if appointment.status == AppointmentStatus::Cancelled {
                prop_assert!(offered.is_empty());
                let back: i64 = appointment.refunds.iter().map(|one| one.amount.amount()).sum();
                prop_assert_eq!(back, fee().amount());
            } else {
                prop_assert!(appointment.refunds.is_empty());
            }
        }
    }
}

#[test]
fn a_leave_lasts_a_year_at_most_and_not_only_in_the_past() {
    let (later, year) = (NOW.plus_seconds(60), NOW.plus_seconds(366 * 24 * 3600));
    assert!(Leave::span(NOW, later, NOW).is_ok() && Leave::span(NOW, year, NOW).is_ok());
    assert!(Leave::span(NOW.plus_seconds(-60), later, NOW).is_ok());
    assert!(Leave::span(later, later, NOW).is_err());
    assert!(Leave::span(NOW, later, later).is_err());
    assert!(Leave::span(NOW, year.plus_seconds(1), NOW).is_err());
}

#[test]
fn who_is_asked_is_moved_for_nothing_more_by_the_link_or_logged_in() {
    let dearer = |number, speciality: &str, doctor: u128| {
        let slot = slot(number, NOW.plus_seconds(60 * 24 * 3600));
        let speciality = Speciality::parse(speciality).unwrap();
        let doctor = DoctorRef { id: id(doctor), speciality, ..slot.doctor };
        Slot { doctor, fee: Money::new(80_000, Currency::INR).unwrap(), ..slot }
    };
    let more = Err(MoveRefusal::CostsMore(Money::new(30_000, Currency::INR).unwrap()));
    let (own, theirs) = (dearer(30, "Cardiology", 2), dearer(31, "Cardiology", 7));
    let (after_all, foreign) = (dearer(32, "Neurology", 2), dearer(33, "Neurology", 7));
    let paid = paid(10 * 24 * 3600);
    assert_eq!(paid.reschedule(&own, &by_himself(40, NOW)), more, "nobody is away");
    let asked = paid.on_leave(&leave(100, LeaveOffer::Alternatives), ids(20), NOW).unwrap();
    for slot in [&own, &theirs, &after_all] {
        let Ok(Decided::Now(moved)) = asked.reschedule(slot, &by_himself(40, NOW)) else {
            panic!("he is moved to {}", slot.id);
        };
        assert_eq!((moved.fee, moved.refunds.len()), (fee(), 0));
        assert_eq!(moved.leaves[0].outcome, LeaveOutcome::Moved);
        let step = moved.history.last().unwrap();
        assert_eq!((step.what, step.by.role), (Happening::Rescheduled, Some(Role::Patient)));
        assert_eq!(step.reason, away());
        // It was answered: from now on he is moved as anybody.
        assert_eq!(moved.reschedule(&foreign, &by_himself(50, NOW)), more);
    }
    assert_eq!(asked.reschedule(&foreign, &by_himself(40, NOW)), more, "that is not offered");
    let over = asked.leaves[0].deadline.unwrap();
    assert_eq!(asked.reschedule(&own, &by_himself(40, over)), more, "nor is anything any more");
    // Nor is notice asked of him, who did not choose to come so soon.
    let rules = BookingRules { max_days_ahead: 7, ..BookingRules::default() };
    let strict = Moving { offer: Offer { rules, ..offer() }, ..by_himself(40, NOW) };
    assert!(asked.reschedule(&own, &strict).is_ok());
    let far = Err(MoveRefusal::Slot(SlotRefusal::TooFar));
    assert_eq!(paid.reschedule(&own, &strict), far);
}

#[test]
fn the_history_says_that_the_doctor_is_away_and_not_why() {
    let why = Reason::parse("The doctor is away").ok();
    assert!(why.is_some() && away() == why);
    let private = Reason::parse("A divorce").ok();
    let refund = Leave { reason: private.clone(), ..leave(100, LeaveOffer::Refund) };
    let off = paid(3 * 24 * 3600).on_leave(&refund, ids(20), NOW).unwrap();
    assert_eq!(off.history.last().unwrap().reason, why);
    assert_eq!(off.cancellation.as_ref().unwrap().reason, why);
    assert!(off.is_off_for_leave() && !paid(60).is_off_for_leave());
    let asking = Leave { reason: private, ..leave(100, LeaveOffer::Alternatives) };
    let asked = paid(3 * 24 * 3600).on_leave(&asking, ids(20), NOW).unwrap();
    let Ok(Decided::Now(declined)) = asked.declined(ids(30), NOW) else {
        panic!("it is called off");
    };
    assert_eq!(declined.history.last().unwrap().reason, why);
    let lapsed = asked.leave_lapsed(&id(100), ids(30), NOW.plus_seconds(48 * 3600)).unwrap();
    assert_eq!(lapsed.history.last().unwrap().reason, why);
    // Who says why is heard.
    let own = Reason::parse("I am well again").ok();
    let by = (Role::Patient, &id(4));
    let Ok(Decided::Now(cancelled)) = asked.cancel(by, own.clone(), ids(30), NOW) else {
        panic!("it is called off");
    };
    assert_eq!(cancelled.history.last().unwrap().reason, own);
}

#[test]
fn who_is_there_or_has_begun_is_left_alone() {
    let (away, appointment) = (leave(100, LeaveOffer::Refund), paid(3600));
    let begun = appointment.start;
    assert_eq!(appointment.on_leave(&away, ids(20), begun), None);
    let there = Appointment { status: AppointmentStatus::CheckedIn, ..appointment.clone() };
    assert_eq!(there.on_leave(&away, ids(20), NOW), None);
    let other = Leave { doctor_id: id(77), ..away.clone() };
    assert_eq!(appointment.on_leave(&other, ids(20), NOW), None);
    let once = appointment.on_leave(&away, ids(20), NOW).unwrap();
    assert_eq!(once.on_leave(&away, ids(30), NOW), None);
}
