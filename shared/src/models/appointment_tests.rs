use crate::models::{
    examples::{self, booking, patient},
    *,
};

fn id<K: Kind>(number: u128) -> Id<K> {
    Id::from_parts(Instant::from_seconds(1_000), number)
}

fn rupees(amount: i64) -> Money {
    Money::new(amount * 100, Currency::INR).unwrap()
}

const NOW: Instant = Instant::from_seconds(1_796_000_000);
const HOLD: i64 = 600;

fn slot(fee: Money) -> Slot {
    examples::slot(NOW.plus_seconds(48 * 3600), fee)
}

fn booked(fee: Money) -> Appointment {
    let slot = slot(fee);
    let appointment = Appointment::book(&slot, &patient(), booking(&slot), NOW).unwrap();
    if fee.is_zero() {
        return appointment;
    }
    let id = OrderId::parse("order_A").unwrap();
    let order = Order { id, amount: fee, account: None, created_at: NOW };
    appointment.with_order(order)
}

fn ids(number: u128) -> NewIds {
    NewIds { refund: id(number), refund_effect: id(number + 1), mail: id(number + 2) }
}

fn payment(name: &str, amount: Money) -> Payment {
    let id = PaymentId::parse(&format!("pay_{name}")).unwrap();
    Payment {
        id,
        amount,
        status: PaymentStatus::Captured,
        via: PaidBy::Checkout,
        reference: None,
        taken_by: None,
        created_at: NOW,
        captured_at: Some(NOW),
    }
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
    let mut held = slot(rupees(1));
    held.status = SlotStatus::Held;
    held.hold_expires_at = Some(NOW.plus_seconds(1));
    let book = |slot: &Slot, now| Appointment::book(slot, &patient(), booking(slot), now);
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
    let Ok(Decided::Now(cancelled)) = appointment.cancel(by, None, ids(10), NOW) else {
        panic!("it is cancelled")
    };
    assert_eq!(cancelled.cancel(by, None, ids(20), NOW), Ok(Decided::Already));
    let started = appointment.start;
    assert_eq!(appointment.cancel(by, None, ids(10), started), Err(AppointmentRefusal::Started));
    assert!(appointment.cancel((Role::Doctor, &id(2)), None, ids(10), started).is_ok());
}

fn refunded(appointment: &Appointment) -> Appointment {
    let by = (Role::Hospital, &id(2));
    let Capture::Confirm { confirmed, .. } =
        appointment.capture(&payment("1", rupees(500)), &ids(10), NOW)
    else {
        panic!("the first payment confirms")
    };
    let Ok(Decided::Now(cancelled)) = confirmed.cancel(by, None, ids(20), NOW) else {
        panic!("it is cancelled")
    };
    *cancelled
}

#[test]
fn a_refund_that_failed_for_good_has_a_new_key_and_what_is_told_of_it_is_no_news() {
    let owed = refunded(&booked(rupees(500)));
    let refund = owed.refunds[0].id.clone();
    let moved = |from: &Appointment, at_razorpay: &str, status| {
        from.refund_moved(&refund, at_razorpay, status, NOW)
    };
    assert_eq!(owed.refunds[0].key(), refund.as_str());
    let asked = moved(&owed, "rfnd_1", RefundStatus::Pending).unwrap();
    assert_eq!(asked.refunds[0].key(), refund.as_str());
    assert!(asked.effects.iter().all(|effect| !matches!(effect.kind, EffectKind::Refund { .. })));
    let failed = moved(&asked, "rfnd_1", RefundStatus::Failed).unwrap();
    assert_eq!(failed.refunds[0].key(), format!("{refund}-1"));
    let due: Vec<_> = failed
        .effects
        .iter()
        .filter(|effect| matches!(effect.kind, EffectKind::Refund { .. }))
        .map(|effect| effect.due_at)
        .collect();
    assert_eq!(due, [NOW.plus_seconds(3600)]);
    for status in [RefundStatus::Pending, RefundStatus::Failed] {
        assert_eq!(moved(&failed, "rfnd_1", status), None, "a repetition");
    }
    let again = moved(&failed, "rfnd_2", RefundStatus::Pending).unwrap();
    assert_eq!(moved(&again, "rfnd_1", RefundStatus::Failed), None, "a late one");
    let back = moved(&again, "rfnd_2", RefundStatus::Processed).unwrap();
    assert_eq!(back.payments[0].status, PaymentStatus::Refunded);
    assert_eq!(back.balances(), back.balances_of_state());
    assert_eq!(moved(&back, "rfnd_2", RefundStatus::Failed), None, "forward only");
}

#[test]
fn a_refund_is_left_to_people_after_six_tries() {
    let mut owed = refunded(&booked(rupees(500)));
    let refund = owed.refunds[0].id.clone();
    for number in 1..=6 {
        let name = format!("rfnd_{number}");
        owed = owed.refund_moved(&refund, &name, RefundStatus::Failed, NOW).unwrap();
    }
    assert!(owed.effects.iter().all(|effect| !matches!(effect.kind, EffectKind::Refund { .. })));
    assert_eq!(owed.refunds[0].status, RefundStatus::Failed);
}

#[test]
fn a_refund_by_hand_is_the_one_we_owe_or_one_more() {
    let outside = |name: &str, amount| Refund {
        id: id(90),
        payment_id: PaymentId::parse("pay_1").unwrap(),
        amount: rupees(amount),
        status: RefundStatus::Processed,
        razorpay_id: Some(name.to_owned()),
        failed: Vec::new(),
        at_desk: false,
        cause: RefundCause::Outside,
        created_at: NOW,
    };
    let owed = refunded(&booked(rupees(500)));
    let same = owed.refunded_outside(outside("rfnd_1", 500), NOW).unwrap();
    assert_eq!((same.refunds.len(), same.refunds[0].status), (1, RefundStatus::Processed));
    assert_eq!(owed.refunded_outside(outside("rfnd_1", 100), NOW), None, "more than there is");
    let Capture::Confirm { confirmed, .. } =
        booked(rupees(500)).capture(&payment("1", rupees(500)), &ids(10), NOW)
    else {
        panic!("the first payment confirms")
    };
    let part = confirmed.refunded_outside(outside("rfnd_1", 100), NOW).unwrap();
    assert_eq!(part.balances(), part.balances_of_state());
    assert_eq!(part.status, AppointmentStatus::Confirmed);
    let quote = part.cancel_quote(Role::Hospital, NOW).unwrap();
    assert_eq!(quote.refund, rupees(400), "what went back does not go back again");
}

#[test]
fn what_had_gone_back_before_we_heard_confirms_nothing() {
    let told = Payment { status: PaymentStatus::Refunded, ..payment("1", rupees(500)) };
    let Capture::Refund(returned) = booked(rupees(500)).capture(&told, &ids(10), NOW) else {
        panic!("it does not confirm")
    };
    assert_eq!(returned.refunds[0].cause, RefundCause::Returned);
    assert_eq!(returned.status, AppointmentStatus::Held);
    assert_eq!(returned.balances(), returned.balances_of_state());
}

#[test]
fn steps_of_a_dispute_end_the_same_in_any_order() {
    let Capture::Confirm { confirmed, .. } =
        booked(rupees(500)).capture(&payment("1", rupees(500)), &ids(10), NOW)
    else {
        panic!("the first payment confirms")
    };
    let told = |status| Dispute {
        id: DisputeId::parse("disp_1").unwrap(),
        payment_id: PaymentId::parse("pay_1").unwrap(),
        amount: rupees(500),
        status,
        created_at: NOW,
    };
    let steps = [DisputeStatus::Open, DisputeStatus::UnderReview, DisputeStatus::Lost];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut current = (*confirmed).clone();
        for index in order {
            current = current.disputed(&told(steps[index]), NOW).unwrap_or(current);
        }
        assert_eq!(current.disputes[0].status, DisputeStatus::Lost);
        assert_eq!(current.balances(), current.balances_of_state());
        assert_eq!(current.refundable(&payment("1", rupees(500)).id), Some(rupees(0)));
    }
}

proptest::proptest! {
    #[test]
    fn a_receipt_is_dated_by_when_the_money_came(
        came in -120_i64..120, heard in 0_i64..86_400, authorized_first in proptest::bool::ANY,
    ) {
        let zone = Zone::parse("Asia/Kolkata").unwrap();
        let turn = Instant::parse_rfc3339("2027-04-01T00:00:00+05:30").unwrap();
        let at = turn.plus_seconds(came);
        let now = at.plus_seconds(heard);
        let told = Payment { captured_at: Some(at), created_at: now, ..payment("A", rupees(500)) };
        let mut appointment = booked(rupees(500));
        if authorized_first {
            let early = Payment {
                status: PaymentStatus::Authorized, captured_at: None, created_at: NOW, ..told.clone()
            };
            appointment = appointment.heard_of(&early, NOW).unwrap();
        }
        let captured = match appointment.capture(&told, &ids(1), now) {
            Capture::Confirm { confirmed, .. } => *confirmed,
            Capture::Refund(back) => *back,
            Capture::Known => unreachable!(),
        };
        let paid = &captured.payments[0];
        proptest::prop_assert_eq!(paid.came_at(), at);
        let year = FinancialYear::of(paid.came_at(), &zone).to_string();
        proptest::prop_assert_eq!(year, if came < 0 { "2026-27" } else { "2027-28" });
    }
}

/// A list reads these fields alone, and shows what the whole would.
#[test]
fn a_summary_is_in_its_fields() {
    let link = PaymentLink {
        id: PaymentLinkId::parse("plink_A").unwrap(),
        url: "https://rzp.io/i/A".to_owned(),
        account: None,
        expires_at: NOW,
        created_at: NOW,
    };
    let whole = Appointment {
        link: Some(link),
        hold_expires_at: Some(NOW),
        token: Some(7),
        follow_up: Some(FollowUp { of: id(7), number: 1, until: slot(rupees(1)).day }),
        reason: Some(Reason::parse("Fever").unwrap()),
        ..refunded(&booked(rupees(500)))
    };
    let stored = serde_json::to_value(&whole).unwrap();
    let fields = AppointmentSummary::FIELDS.map(|name| (name.to_owned(), stored[name].clone()));
    assert!(fields.iter().all(|(_, value)| !value.is_null()), "{fields:?}");
    let read: AppointmentSummary =
        serde_json::from_value(serde_json::Value::from_iter(fields)).unwrap();
    assert_eq!((read.paid(), read.status(NOW)), (whole.paid(), whole.status(NOW)));
    assert_eq!(read, (&whole).into());
    let names = CalendarEntry::FIELDS.map(|name| name.split('.').next().unwrap());
    let fields = names.map(|name| (name.to_owned(), stored[name].clone()));
    let read: CalendarEntry = serde_json::from_value(serde_json::Value::from_iter(fields)).unwrap();
    assert_eq!(read.changed_at(), whole.history.last().unwrap().at);
}
