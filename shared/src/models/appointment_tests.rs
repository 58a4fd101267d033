use crate::models::*;
use proptest::prelude::*;

fn id<K: Kind>(number: u128) -> Id<K> {
    Id::from_parts(Instant::from_seconds(1_000), number)
}

fn rupees(amount: i64) -> Money {
    Money::new(amount * 100, Currency::INR).unwrap()
}

const NOW: Instant = Instant::from_seconds(1_796_000_000);
const HOLD: i64 = 600;

fn slot(fee: Money) -> Slot {
    let start = NOW.plus_seconds(48 * 3600);
    Slot {
        id: id(1),
        doctor: DoctorRef {
            id: id(2),
            name: Name::parse("Dr Meera Iyer").unwrap(),
            speciality: Speciality::parse("Cardiology").unwrap(),
        },
        start,
        end: start.plus_seconds(900),
        day: Day::parse("2026-12-02").unwrap(),
        fee,
        status: SlotStatus::Open,
        hold_expires_at: None,
        appointment_id: None,
        withdrawn: false,
    }
}

fn patient() -> Patient {
    Patient {
        id: id(3),
        account_id: id(4),
        name: Name::parse("Asha Rao").unwrap(),
        email: Email::parse("asha@example.com").unwrap(),
        mobile: Mobile::parse("9876543210").unwrap(),
        identifier: Identifier::parse("MRN-1").unwrap(),
        date_of_birth: None,
        status: AccountStatus::Active,
        created_at: NOW,
        imported: None,
    }
}

fn booked(fee: Money) -> Appointment {
    let with = Booking {
        id: id(5),
        effect: id(6),
        reason: None,
        policy: CancellationPolicy::default(),
        hold_seconds: HOLD,
    };
    let appointment = Appointment::book(&slot(fee), &patient(), with, NOW).unwrap();
    if fee.is_zero() {
        return appointment;
    }
    let order = Order { id: OrderId::parse("order_A").unwrap(), amount: fee, created_at: NOW };
    appointment.with_order(order)
}

fn ids(number: u128) -> NewIds {
    NewIds { refund: id(number), refund_effect: id(number + 1), mail: id(number + 2) }
}

fn payment(name: &str, amount: Money) -> Payment {
    let id = PaymentId::parse(&format!("pay_{name}")).unwrap();
    Payment { id, amount, status: PaymentStatus::Captured, created_at: NOW }
}

/// Every captured paisa is what the appointment stands on, or owed back; never more than that.
fn money_is_whole(appointment: &Appointment) -> Result<(), TestCaseError> {
    for payment in appointment.payments.iter().filter(|p| p.status >= PaymentStatus::Captured) {
        let back: i64 = appointment
            .refunds
            .iter()
            .filter(|refund| refund.payment_id == payment.id)
            .map(|refund| refund.amount.amount())
            .sum();
        prop_assert!(back <= payment.amount.amount());
        let stands = appointment.paid().is_some_and(|paid| paid.id == payment.id)
            && matches!(
                appointment.status,
                AppointmentStatus::Confirmed | AppointmentStatus::Cancelled
            );
        prop_assert!(stands || back == payment.amount.amount());
    }
    Ok(())
}

#[test]
fn a_fee_holds_and_no_fee_confirms() {
    assert_eq!(booked(rupees(500)).status(NOW), AppointmentStatus::Held);
    assert_eq!(booked(rupees(0)).status(NOW), AppointmentStatus::Confirmed);
    let late = NOW.plus_seconds(HOLD);
    assert_eq!(booked(rupees(500)).status(late), AppointmentStatus::Expired);
    assert_eq!(booked(rupees(500)).payable(late), Err(AppointmentRefusal::HoldExpired));
}

#[test]
fn a_taken_or_past_slot_is_refused() {
    let with = || Booking {
        id: id(5),
        effect: id(6),
        reason: None,
        policy: CancellationPolicy::default(),
        hold_seconds: HOLD,
    };
    let mut held = slot(rupees(1));
    held.status = SlotStatus::Held;
    held.hold_expires_at = Some(NOW.plus_seconds(1));
    let book = |slot: &Slot, now| Appointment::book(slot, &patient(), with(), now);
    assert_eq!(book(&held, NOW), Err(SlotRefusal::Taken));
    assert!(book(&held, NOW.plus_seconds(1)).is_ok());
    assert_eq!(book(&slot(rupees(1)), slot(rupees(1)).start), Err(SlotRefusal::InPast));
}

#[test]
fn a_second_payment_goes_back() {
    let appointment = booked(rupees(500));
    let Capture::Confirm { confirmed, .. } =
        appointment.capture(&payment("1", rupees(500)), &ids(10), NOW)
    else {
        panic!("the first payment confirms")
    };
    assert_eq!(confirmed.capture(&payment("1", rupees(500)), &ids(20), NOW), Capture::Known);
    let Capture::Refund(refunded) = confirmed.capture(&payment("2", rupees(500)), &ids(20), NOW)
    else {
        panic!("the second goes back")
    };
    assert_eq!(refunded.status, AppointmentStatus::Confirmed);
    assert_eq!(refunded.refunds.len(), 1);
    assert_eq!(refunded.refunds[0].cause, RefundCause::Duplicate);
}

#[test]
fn cancelling_twice_changes_nothing_more() {
    let appointment = booked(rupees(0));
    let by = (Role::Patient, &id(4));
    let Ok(Cancelling::Now(cancelled)) = appointment.cancel(by, None, ids(10), NOW) else {
        panic!("it is cancelled")
    };
    assert_eq!(cancelled.cancel(by, None, ids(20), NOW), Ok(Cancelling::Already));
    let started = appointment.start;
    assert_eq!(appointment.cancel(by, None, ids(10), started), Err(AppointmentRefusal::Started));
    assert!(appointment.cancel((Role::Doctor, &id(2)), None, ids(10), started).is_ok());
}

#[derive(Debug, Clone)]
enum Step {
    Capture { payment: u8, amount: i64, slot_free: bool },
    Cancel(Role),
    Wait(i64),
    Expire,
    RefundMoves { nth: usize, status: RefundStatus },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_u8, prop_oneof![4 => Just(500), 1 => Just(499)], any::<bool>())
            .prop_map(|(payment, amount, slot_free)| Step::Capture { payment, amount, slot_free }),
        prop_oneof![Just(Role::Patient), Just(Role::Hospital)].prop_map(Step::Cancel),
        prop_oneof![Just(60), Just(HOLD), Just(30 * 3600), Just(3 * 24 * 3600)]
            .prop_map(Step::Wait),
        Just(Step::Expire),
        (
            0..4_usize,
            prop_oneof![
                Just(RefundStatus::Pending),
                Just(RefundStatus::Processed),
                Just(RefundStatus::Failed)
            ]
        )
            .prop_map(|(nth, status)| Step::RefundMoves { nth, status }),
    ]
}

proptest! {
    #[test]
    fn no_order_of_events_loses_or_makes_money(steps in prop::collection::vec(step(), 1..25)) {
        let mut appointment = booked(rupees(500));
        let mut now = NOW;
        for (number, step) in (1..).zip(steps) {
            let version = appointment.version;
            let new = ids(number * 100);
            let next = match step {
                Step::Capture { payment: name, amount, slot_free } => {
                    match appointment.capture(&payment(&name.to_string(), rupees(amount)), &new, now) {
                        Capture::Known => None,
                        Capture::Confirm { confirmed, lost } => Some(if slot_free { *confirmed } else { *lost }),
                        Capture::Refund(refunded) => Some(*refunded),
                    }
                }
                Step::Cancel(role) => match appointment.cancel((role, &id(4)), None, new, now) {
                    Ok(Cancelling::Now(next)) => Some(*next),
                    _ => None,
                },
                Step::Wait(seconds) => {
                    now = now.plus_seconds(seconds);
                    None
                }
                Step::Expire => appointment.expire(now),
                Step::RefundMoves { nth, status } => appointment
                    .refunds
                    .get(nth)
                    .and_then(|refund| appointment.refund_moved(&refund.id, "rfnd_1", status)),
            };
            if let Some(next) = next {
                prop_assert_eq!(next.version, version + 1);
                appointment = next;
            }
            money_is_whole(&appointment)?;
            if appointment.cancellation.is_some() {
                prop_assert_eq!(appointment.status, AppointmentStatus::Cancelled);
            }
        }
    }
}
