//! A small world of patients, slots and a Razorpay of its own, in which everything happens in any
//! order: bookings, expiries, payments, callbacks, webhooks (repeated, out of order, lost), refunds
//! and crashes between deciding and writing. Whatever happens, the invariants of money hold after
//! every step; and once all has been asked for, every captured paisa is on one appointment or back.

use super::*;
use proptest::prelude::*;

const START: Instant = Instant::from_seconds(1_796_000_000);
const SLOTS: usize = 2;
const PATIENTS: usize = 3;

fn id<K: Kind>(number: u128) -> Id<K> {
    Id::from_parts(START, number)
}

fn fee() -> Money {
    Money::new(50_001, Currency::INR).unwrap()
}

/// A payment in Razorpay's books.
#[derive(Debug, Clone)]
struct Charge {
    id: PaymentId,
    appointment: usize,
    amount: Money,
    at: Instant,
    refunds: Vec<Gone>,
    /// Somebody used the dashboard, so that not all of it may fit what we owe.
    by_hand: bool,
}

impl Charge {
    /// What of it has not gone back, in paise.
    fn left(&self) -> i64 {
        let gone = self.refunds.iter().filter(|gone| gone.status != RefundStatus::Failed);
        self.amount.amount() - gone.map(|gone| gone.amount).sum::<i64>()
    }
}

/// A refund in Razorpay's books.
#[derive(Debug, Clone)]
struct Gone {
    id: String,
    key: String,
    amount: i64,
    status: RefundStatus,
}

/// What Razorpay has to tell.
#[derive(Debug, Clone)]
enum News {
    Captured(usize),
    Refund { charge: usize, nth: usize, status: RefundStatus },
    Dispute { charge: usize, status: DisputeStatus },
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Book { slot: usize, patient: usize },
    Pay { nth: usize, short: bool },
    Callback(usize),
    PayAtDesk(usize),
    HandBack(usize),
    Webhook { nth: usize, again: bool },
    Lose(usize),
    Cancel { nth: usize, by_patient: bool },
    NoShow(usize),
    Owe(usize),
    CheckIn(usize),
    Complete(usize),
    Undo(usize),
    Move { nth: usize, slot: usize, by_patient: bool },
    Sweep(usize),
    AskRefund { nth: usize, answer_lost: bool },
    BankSpeaks { nth: usize, processed: bool },
    ByHand { nth: usize, whole: bool },
    Dispute { nth: usize, lost: bool },
    Reconcile(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = (Step, bool)> {
    let n = || 0..12_usize;
    let step = prop_oneof![
        4 => (0..SLOTS, 0..PATIENTS).prop_map(|(slot, patient)| Step::Book { slot, patient }),
        5 => (n(), prop::bool::weighted(0.125)).prop_map(|(nth, short)| Step::Pay { nth, short }),
        3 => n().prop_map(Step::Callback),
        1 => n().prop_map(Step::PayAtDesk),
        1 => n().prop_map(Step::HandBack),
        6 => (n(), any::<bool>()).prop_map(|(nth, again)| Step::Webhook { nth, again }),
        2 => n().prop_map(Step::Lose),
        2 => (n(), any::<bool>()).prop_map(|(nth, by_patient)| Step::Cancel { nth, by_patient }),
        2 => n().prop_map(Step::NoShow),
        1 => n().prop_map(Step::Owe),
        1 => n().prop_map(Step::CheckIn),
        1 => n().prop_map(Step::Complete),
        2 => n().prop_map(Step::Undo),
        3 => (n(), 0..SLOTS, any::<bool>()).prop_map(|(nth, slot, by_patient)| Step::Move { nth, slot, by_patient }),
        1 => n().prop_map(Step::Sweep),
        4 => (n(), any::<bool>()).prop_map(|(nth, lost)| Step::AskRefund { nth, answer_lost: lost }),
        4 => (n(), any::<bool>()).prop_map(|(nth, processed)| Step::BankSpeaks { nth, processed }),
        1 => (n(), any::<bool>()).prop_map(|(nth, whole)| Step::ByHand { nth, whole }),
        1 => (n(), any::<bool>()).prop_map(|(nth, lost)| Step::Dispute { nth, lost }),
        1 => n().prop_map(Step::Reconcile),
        2 => prop_oneof![Just(60), Just(601), Just(3700), Just(20 * 3600)].prop_map(Step::Wait),
    ];
    // One in eight decisions is never written: the function was killed.
    (step, prop::bool::weighted(0.125))
}

struct World {
    now: Instant,
    slots: Vec<Slot>,
    appointments: Vec<Appointment>,
    charges: Vec<Charge>,
    news: Vec<News>,
    drawn: u128,
    crash: bool,
    /// Appointments their patients moved when cancelling gave nothing any more.
    late: std::collections::BTreeSet<usize>,
    /// Moved by the hospital when calling off gave something.
    kept: std::collections::BTreeSet<usize>,
}

impl World {
    fn new() -> Self {
        let slot = |number: usize| {
            let start = START.plus_seconds(40 * 3600 + 900 * i64::try_from(number).unwrap());
            Slot { id: id(10 + number as u128), ..examples::slot(start, fee()) }
        };
        Self {
            now: START,
            slots: (0..SLOTS).map(slot).collect(),
            appointments: Vec::new(),
            charges: Vec::new(),
            news: Vec::new(),
            drawn: 1000,
            crash: false,
            late: std::collections::BTreeSet::new(),
            kept: std::collections::BTreeSet::new(),
        }
    }

    fn draw<K: Kind>(&mut self) -> Id<K> {
        self.drawn += 1;
        id(self.drawn)
    }

    fn ids(&mut self) -> NewIds {
        NewIds { refund: self.draw(), refund_effect: self.draw(), mail: self.draw() }
    }

    fn pick<T>(all: &[T], nth: usize) -> Option<usize> {
        (!all.is_empty()).then(|| nth % all.len())
    }

    /// Writes a decision, unless the function is killed before it can.
    fn write(&mut self, at: usize, next: Option<Appointment>) {
        let Some(next) = next.filter(|_| !self.crash) else {
            return;
        };
        assert_eq!(next.version, self.appointments[at].version + 1);
        let before = &self.appointments[at];
        let lines = &before.ledger;
        assert_eq!(&next.ledger[..lines.len()], &lines[..], "the ledger is only added to");
        let over =
            matches!(before.status, AppointmentStatus::Cancelled | AppointmentStatus::Completed);
        assert!(!over || next.status == before.status, "what is over stays so");
        self.appointments[at] = next;
    }

    fn book(&mut self, slot: usize, patient: usize) {
        let tier = RefundTier { before_minutes: 1440, percent: 67 };
        let with = Booking {
            id: self.draw(),
            effect: self.draw(),
            policy: CancellationPolicy::new(vec![tier], 10).unwrap(),
            ..examples::booking(&self.slots[slot])
        };
        let number = patient as u128;
        let patient =
            Patient { id: id(100 + number), account_id: id(200 + number), ..examples::patient() };
        let Ok(booked) = Appointment::book(&self.slots[slot], &patient, with, self.now) else {
            return;
        };
        if self.crash {
            return;
        }
        let order = Order {
            id: OrderId::parse(&format!("order_{}", self.drawn)).unwrap(),
            amount: fee(),
            account: None,
            created_at: self.now,
        };
        let booked = booked.with_order(order);
        let slot = &mut self.slots[slot];
        slot.status = SlotStatus::Held;
        slot.hold_expires_at = booked.hold_expires_at;
        slot.appointment_id = Some(booked.id.clone());
        self.appointments.push(booked);
    }

    fn slot_of(&mut self, at: usize) -> &mut Slot {
        let slot = self.appointments[at].slot_id.clone();
        self.slots.iter_mut().find(|known| known.id == slot).unwrap()
    }

    /// What a captured payment comes to, as the store settles it: with the slot or without.
    fn settle(&mut self, at: usize, payment: &Payment) {
        let (ids, now) = (self.ids(), self.now);
        let next = match self.appointments[at].capture(payment, &ids, now) {
            Capture::Known => return,
            Capture::Refund(next) => *next,
            Capture::Confirm { confirmed, lost } => {
                let crash = self.crash;
                let slot = self.slot_of(at);
                let ours = slot.appointment_id.as_ref() == Some(&confirmed.id)
                    && slot.status == SlotStatus::Held;
                if ours || slot.status(now) == SlotStatus::Open {
                    if !crash {
                        slot.status = SlotStatus::Booked;
                        slot.appointment_id = Some(confirmed.id.clone());
                        slot.hold_expires_at = None;
                    }
                    *confirmed
                } else {
                    *lost
                }
            }
        };
        self.write(at, Some(next));
    }

    fn told(&self, charge: usize) -> Payment {
        Payment {
            id: self.charges[charge].id.clone(),
            amount: self.charges[charge].amount,
            status: PaymentStatus::Captured,
            via: PaidBy::Checkout,
            reference: None,
            taken_by: None,
            created_at: self.now,
            captured_at: Some(self.charges[charge].at),
        }
    }

    fn release(&mut self, at: usize, next: Option<Appointment>) {
        if next.is_some() && !self.crash {
            let own = self.appointments[at].id.clone();
            let slot = self.slot_of(at);
            if slot.appointment_id.as_ref() == Some(&own) {
                slot.status = SlotStatus::Open;
                slot.appointment_id = None;
                slot.hold_expires_at = None;
            }
        }
        self.write(at, next);
    }

    /// Razorpay makes a refund, gives the one it made under the key, or refuses.
    fn refund_at_razorpay(&mut self, owed: &Refund) -> Option<(usize, usize)> {
        let charge = self.charges.iter().position(|charge| charge.id == owed.payment_id).unwrap();
        let known = self.charges[charge].refunds.iter().position(|gone| gone.key == owed.key());
        if let Some(nth) = known {
            return Some((charge, nth));
        }
        let known_to_us = &self.appointments[self.charges[charge].appointment];
        let there = &self.charges[charge];
        if there.left() < owed.amount.amount() {
            assert!(there.by_hand, "we never ask for more than came");
            // It refuses; what was given back by hand may be what we owe.
            let fits = |gone: &Gone| {
                gone.status != RefundStatus::Failed
                    && gone.amount == owed.amount.amount()
                    && known_to_us.refund_at_razorpay(&gone.id).is_none()
            };
            return there.refunds.iter().position(fits).map(|nth| (charge, nth));
        }
        Some((charge, self.goes_back(charge, owed.key(), owed.amount.amount())))
    }

    /// A refund is made of a charge; its place among the charge's.
    fn goes_back(&mut self, charge: usize, key: String, amount: i64) -> usize {
        self.drawn += 1;
        let id = format!("rfnd_{}", self.drawn);
        self.charges[charge].refunds.push(Gone { id, key, amount, status: RefundStatus::Pending });
        let nth = self.charges[charge].refunds.len() - 1;
        self.news.push(News::Refund { charge, nth, status: RefundStatus::Pending });
        nth
    }

    fn ask_refund(&mut self, at: usize, answer_lost: bool) {
        let now = self.now;
        let due = self.appointments[at].effects.iter().find_map(|effect| match &effect.kind {
            EffectKind::Refund { refund } if effect.due_at <= now => {
                Some((refund.clone(), effect.id.clone()))
            }
            _ => None,
        });
        let Some((refund, effect)) = due else { return };
        let owed = self.appointments[at].refund(&refund).unwrap().clone();
        let Some((charge, nth)) = self.refund_at_razorpay(&owed) else {
            let next = self.appointments[at].refund_refused(&refund);
            self.write(at, next);
            let later = self.appointments[at].effect_failed(&effect, now);
            self.write(at, Some(later));
            return;
        };
        if !answer_lost {
            let gone = self.charges[charge].refunds[nth].clone();
            let next = self.appointments[at].refund_moved(&refund, &gone.id, gone.status, now);
            self.write(at, next);
        }
    }

    fn visit(
        &mut self,
        at: usize,
        decide: impl Fn(&Appointment, Note<'_>) -> Result<Decided, AppointmentRefusal>,
    ) {
        let zone = Zone::default();
        let by = Doer::person(Role::Doctor, &id(1));
        let note = Note { by, reason: None, zone: &zone, now: self.now };
        if let Ok(Decided::Now(next)) = decide(&self.appointments[at], note) {
            self.write(at, Some(*next));
        }
    }

    /// The target is taken and the old slot left in one transaction.
    fn move_to(&mut self, at: usize, slot: usize, by_patient: bool) {
        let role = if by_patient { Role::Patient } else { Role::Hospital };
        let moving = Moving {
            by: (role, id(4)),
            reason: None,
            offer: Offer {
                rules: BookingRules::default(),
                holidays: Holidays::default(),
                zone: Zone::default(),
            },
            ids: self.ids(),
            now: self.now,
        };
        let current = self.appointments[at].clone();
        let Ok(Decided::Now(next)) = current.reschedule(&self.slots[slot], &moving) else {
            return;
        };
        if self.crash {
            return;
        }
        if current.status == AppointmentStatus::Confirmed {
            match (by_patient, self.is_early(&current, at)) {
                (true, true) => drop(self.kept.remove(&at)),
                (true, false) => drop(self.late.insert(at)),
                (false, true) => drop(self.kept.insert(at)),
                (false, false) => {}
            }
        }
        let old = self.slot_of(at);
        if old.appointment_id.as_ref() == Some(&current.id) {
            old.status = SlotStatus::Open;
            old.appointment_id = None;
            old.hold_expires_at = None;
        }
        let target = &mut self.slots[slot];
        let held = current.status == AppointmentStatus::Held;
        target.status = if held { SlotStatus::Held } else { SlotStatus::Booked };
        target.hold_expires_at = next.hold_expires_at;
        target.appointment_id = Some(current.id.clone());
        self.write(at, Some(*next));
    }

    fn owe_no_show(&mut self, at: usize) {
        let ids = self.ids();
        let next = self.appointments[at].no_show_owed(&ids, self.now);
        self.write(at, next);
    }

    fn hear_of_refund(&mut self, at: usize, charge: usize, nth: usize, status: RefundStatus) {
        let gone = self.charges[charge].refunds[nth].clone();
        let new = self.draw();
        let (appointment, now) = (&self.appointments[at], self.now);
        let named = |refund: &&Refund| gone.key.starts_with(refund.id.as_str());
        let named = || appointment.refunds.iter().find(named);
        let ours = appointment.refund_at_razorpay(&gone.id).or_else(named);
        let next = match ours.map(|refund| refund.id.clone()) {
            Some(ours) => appointment.refund_moved(&ours, &gone.id, status, now),
            None => {
                let outside = Refund {
                    id: new,
                    payment_id: self.charges[charge].id.clone(),
                    amount: Money::new(gone.amount, Currency::INR).unwrap(),
                    status,
                    razorpay_id: Some(gone.id.clone()),
                    failed: Vec::new(),
                    at_desk: false,
                    cause: RefundCause::Outside,
                    created_at: now,
                };
                appointment.refunded_outside(outside, now)
            }
        };
        self.write(at, next);
    }

    fn hear(&mut self, news: &News) {
        match *news {
            News::Captured(charge) => {
                self.settle(self.charges[charge].appointment, &self.told(charge));
            }
            News::Refund { charge, nth, status } => {
                let at = self.charges[charge].appointment;
                // Every event shows the payment too: what was captured is settled first.
                self.settle(at, &self.told(charge));
                self.hear_of_refund(at, charge, nth, status);
            }
            News::Dispute { charge, status } => {
                let at = self.charges[charge].appointment;
                self.settle(at, &self.told(charge));
                let payment = &self.charges[charge].id;
                let dispute = Dispute {
                    id: DisputeId::parse(&payment.as_str().replace("pay_", "disp_")).unwrap(),
                    payment_id: payment.clone(),
                    amount: self.charges[charge].amount,
                    status,
                    created_at: self.now,
                };
                let next = self.appointments[at].disputed(&dispute, self.now);
                self.write(at, next);
            }
        }
    }

    fn reconcile(&mut self, at: usize) {
        for charge in 0..self.charges.len() {
            if self.charges[charge].appointment != at {
                continue;
            }
            self.settle(at, &self.told(charge));
            for nth in 0..self.charges[charge].refunds.len() {
                self.hear_of_refund(at, charge, nth, self.charges[charge].refunds[nth].status);
            }
        }
    }

    /// Whether calling an appointment off gives its patient anything: it is a day or more ahead and he
    /// has not moved it later than that, or somebody else has moved it when it was.
    fn is_early(&self, appointment: &Appointment, at: usize) -> bool {
        let ahead = appointment.start.seconds_since(self.now) >= 24 * 3600;
        ahead && !self.late.contains(&at) || self.kept.contains(&at)
    }

    /// What the terms of `book` give back, as far as the payment has it left: worked out apart
    /// from the code that decides.
    fn owed_for_cancelling(&self, at: usize, by_patient: bool) -> i64 {
        let appointment = &self.appointments[at];
        let Some(paid) = appointment.paid() else { return 0 };
        let early = self.is_early(appointment, at);
        let terms = match (by_patient, early) {
            (false, _) => 50_001,
            (true, true) => 33_500,
            (true, false) => 0,
        };
        let refunds = appointment.refunds.iter().filter(|refund| refund.payment_id == paid.id);
        let refunds: i64 = refunds.map(|refund| refund.amount.amount()).sum();
        let disputes = appointment.disputes.iter().filter(|one| one.payment_id == paid.id);
        let lost = disputes.filter(|one| one.status == DisputeStatus::Lost);
        let lost: i64 = lost.map(|dispute| dispute.amount.amount()).sum();
        terms.min((50_001 - refunds - lost).max(0))
    }

    fn bank_speaks(&mut self, nth: usize, processed: bool) {
        let open: Vec<(usize, usize)> = self
            .charges
            .iter()
            .enumerate()
            .flat_map(|(charge, known)| {
                let refunds = known.refunds.iter().enumerate();
                let open = refunds.filter(|(_, gone)| gone.status == RefundStatus::Pending);
                open.map(move |(nth, _)| (charge, nth))
            })
            .collect();
        let Some(at) = Self::pick(&open, nth) else { return };
        let (charge, nth) = open[at];
        let status = if processed { RefundStatus::Processed } else { RefundStatus::Failed };
        self.charges[charge].refunds[nth].status = status;
        self.news.push(News::Refund { charge, nth, status });
    }

    #[expect(clippy::too_many_lines, reason = "a step each, and each of few lines")]
    fn take(&mut self, step: Step) {
        let nth = |nth| Self::pick(&self.appointments, nth);
        match step {
            Step::Book { slot, patient } => self.book(slot, patient),
            Step::Pay { nth: n, short } => {
                let Some(appointment) = nth(n) else { return };
                self.drawn += 1;
                let id = PaymentId::parse(&format!("pay_{}", self.drawn)).unwrap();
                let amount = fee().minus(Money::new(i64::from(short), Currency::INR).unwrap());
                let (amount, at) = (amount.unwrap(), self.now);
                let (refunds, by_hand) = (Vec::new(), false);
                self.charges.push(Charge { id, appointment, amount, at, refunds, by_hand });
                self.news.push(News::Captured(self.charges.len() - 1));
            }
            Step::Callback(n) => {
                let Some(charge) = Self::pick(&self.charges, n) else { return };
                self.settle(self.charges[charge].appointment, &self.told(charge));
            }
            Step::PayAtDesk(n) => {
                let Some(at) = nth(n) else { return };
                let desk = DeskPayment {
                    id: self.draw(),
                    method: DeskMethod::parse("cash").unwrap(),
                    reference: None,
                    taken_by: id(3),
                };
                if let Ok(payment) = self.appointments[at].paid_at_desk(desk, self.now) {
                    self.settle(at, &payment);
                }
            }
            Step::HandBack(n) => {
                let Some(at) = nth(n) else { return };
                if let Some((refund, _)) = self.appointments[at].owed_at_desk().first() {
                    let next = self.appointments[at].refunded_at_desk(refund, self.now);
                    self.write(at, next);
                }
            }
            Step::Webhook { nth, again } => {
                let Some(at) = Self::pick(&self.news, nth) else { return };
                let news = self.news[at].clone();
                // What is not written is not answered 200, and is told again.
                if !again && !self.crash {
                    self.news.remove(at);
                }
                self.hear(&news);
            }
            Step::Lose(n) => {
                if let Some(at) = Self::pick(&self.news, n) {
                    self.news.remove(at);
                }
            }
            Step::Cancel { nth: n, by_patient } => {
                let Some(at) = nth(n) else { return };
                let role = if by_patient { Role::Patient } else { Role::Hospital };
                let ids = self.ids();
                let next = match self.appointments[at].cancel((role, &id(4)), None, ids, self.now) {
                    Ok(Decided::Now(next)) => Some(*next),
                    _ => None,
                };
                if let Some(next) = &next {
                    let owed = next.cancellation_refund().map_or(0, |it| it.amount.amount());
                    assert_eq!(owed, self.owed_for_cancelling(at, by_patient), "by the terms");
                }
                self.release(at, next);
            }
            Step::NoShow(n) => {
                let Some(at) = nth(n) else { return };
                let effect = self.draw();
                self.visit(at, |appointment, note| appointment.no_show(effect.clone(), note));
            }
            Step::Owe(n) => {
                let Some(at) = nth(n) else { return };
                self.owe_no_show(at);
            }
            Step::CheckIn(n) => {
                let Some(at) = nth(n) else { return };
                self.visit(at, Appointment::check_in);
            }
            Step::Complete(n) => {
                let Some(at) = nth(n) else { return };
                self.visit(at, Appointment::complete);
            }
            Step::Undo(n) => {
                let Some(at) = nth(n) else { return };
                self.visit(at, Appointment::undo);
            }
            Step::Move { nth: n, slot, by_patient } => {
                let Some(at) = nth(n) else { return };
                self.move_to(at, slot, by_patient);
            }
            Step::Sweep(n) => {
                let Some(at) = nth(n) else { return };
                let next = self.appointments[at].expire(self.now);
                self.release(at, next);
            }
            Step::AskRefund { nth: n, answer_lost } => {
                let Some(at) = nth(n) else { return };
                self.ask_refund(at, answer_lost);
            }
            Step::BankSpeaks { nth, processed } => self.bank_speaks(nth, processed),
            Step::ByHand { nth, whole } => {
                let Some(charge) = Self::pick(&self.charges, nth) else { return };
                let left = self.charges[charge].left();
                let amount = if whole { left } else { left.min(10_000) };
                if amount > 0 {
                    self.charges[charge].by_hand = true;
                    self.goes_back(charge, "by hand".to_owned(), amount);
                }
            }
            Step::Dispute { nth, lost } => {
                let Some(charge) = Self::pick(&self.charges, nth) else { return };
                let status = if lost { DisputeStatus::Lost } else { DisputeStatus::Open };
                self.news.push(News::Dispute { charge, status });
            }
            Step::Reconcile(n) => {
                let Some(at) = nth(n) else { return };
                self.reconcile(at);
            }
            Step::Wait(seconds) => self.now = self.now.plus_seconds(seconds),
        }
    }

    /// What holds at any moment.
    fn check(&self) -> Result<(), TestCaseError> {
        for slot in &self.slots {
            let live = self.appointments.iter().filter(|one| one.slot_id == slot.id);
            let live = live.filter(|one| one.status(self.now).is_live());
            prop_assert!(live.count() <= 1, "a slot has one live appointment");
        }
        for appointment in &self.appointments {
            prop_assert_eq!(appointment.balances(), appointment.balances_of_state());
            prop_assert_eq!(appointment.balances().values().sum::<i64>(), 0);
            let stands = appointment.payments.iter().filter(|paid| {
                paid.status >= PaymentStatus::Captured
                    && !appointment
                        .refunds
                        .iter()
                        .any(|back| back.payment_id == paid.id && back.cause.is_stray())
            });
            prop_assert!(stands.clone().count() <= 1, "an appointment stands on one payment");
            prop_assert!(stands.clone().all(|paid| paid.amount == fee()), "and on the whole fee");
            let kept = stands.count() == 1;
            let stands = matches!(
                appointment.status,
                AppointmentStatus::Confirmed
                    | AppointmentStatus::CheckedIn
                    | AppointmentStatus::Completed
            );
            prop_assert!(kept || !stands, "what is confirmed is paid");
            for paid in &appointment.payments {
                let back = appointment.refunds.iter().filter(|back| back.payment_id == paid.id);
                let back: i64 = back.map(|back| back.amount.amount()).sum();
                prop_assert!(back <= paid.amount.amount());
            }
        }
        for charge in &self.charges {
            prop_assert!(charge.left() >= 0, "no more goes back than came");
        }
        Ok(())
    }

    /// Everything that is due is done, and the bank says yes.
    fn settle_all(&mut self) {
        for _ in 0..8 {
            self.now = self.now.plus_seconds(40 * 3600);
            for at in 0..self.appointments.len() {
                self.reconcile(at);
                self.owe_no_show(at);
                for _ in 0..4 {
                    self.ask_refund(at, false);
                }
                let next = self.appointments[at].expire(self.now);
                self.release(at, next);
            }
            while self.charges.iter().any(|charge| {
                charge.refunds.iter().any(|gone| gone.status == RefundStatus::Pending)
            }) {
                self.bank_speaks(0, true);
            }
        }
    }

    /// What holds once all is asked for: money is on one appointment that stands or stood, or it
    /// has gone back, to the paisa.
    fn check_end(&self) -> Result<(), TestCaseError> {
        for charge in &self.charges {
            let appointment = &self.appointments[charge.appointment];
            let paid = appointment.payments.iter().find(|paid| paid.id == charge.id);
            let paid = paid.filter(|paid| paid.status >= PaymentStatus::Captured);
            prop_assert!(paid.is_some(), "every payment was heard of");
            let came = paid.map(Payment::came_at);
            prop_assert_eq!(came, Some(charge.at), "it came when it came");
            let gone = charge.refunds.iter().filter(|gone| gone.status == RefundStatus::Processed);
            let gone: i64 = gone.map(|gone| gone.amount).sum();
            let owed = appointment.refunds.iter().filter(|back| back.payment_id == charge.id);
            // What failed six times is left to people, and so is what was given back by hand and
            // does not fit what we owe.
            let fits = |gone: &Gone| appointment.refund_at_razorpay(&gone.id).is_some();
            if owed.clone().any(|back| back.failed.len() >= 6) || !charge.refunds.iter().all(fits) {
                prop_assert!(gone <= charge.amount.amount());
                continue;
            }
            let owed: i64 = owed.map(|back| back.amount.amount()).sum();
            prop_assert_eq!(gone, owed, "what is owed went back, and no more");
            let stands = appointment.paid().is_some_and(|paid| paid.id == charge.id);
            prop_assert!(stands || gone == charge.amount.amount());
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_interleaving_loses_or_makes_money(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for (step, crash) in steps {
            world.crash = crash;
            world.take(step);
            world.check()?;
        }
        world.crash = false;
        world.settle_all();
        world.check()?;
        world.check_end()?;
    }
}
