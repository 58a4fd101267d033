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
    at: Instant,
    refunds: Vec<Gone>,
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
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Book { slot: usize, patient: usize },
    Pay(usize),
    Callback(usize),
    PayAtDesk(usize),
    HandBack(usize),
    Webhook { nth: usize, again: bool },
    Lose(usize),
    Cancel { nth: usize, by_patient: bool },
    NoShow(usize),
    Sweep(usize),
    AskRefund { nth: usize, answer_lost: bool },
    BankSpeaks { nth: usize, processed: bool },
    Reconcile(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = (Step, bool)> {
    let n = || 0..12_usize;
    let step = prop_oneof![
        4 => (0..SLOTS, 0..PATIENTS).prop_map(|(slot, patient)| Step::Book { slot, patient }),
        5 => n().prop_map(Step::Pay),
        3 => n().prop_map(Step::Callback),
        1 => n().prop_map(Step::PayAtDesk),
        1 => n().prop_map(Step::HandBack),
        6 => (n(), any::<bool>()).prop_map(|(nth, again)| Step::Webhook { nth, again }),
        2 => n().prop_map(Step::Lose),
        2 => (n(), any::<bool>()).prop_map(|(nth, by_patient)| Step::Cancel { nth, by_patient }),
        1 => n().prop_map(Step::NoShow),
        1 => n().prop_map(Step::Sweep),
        4 => (n(), any::<bool>()).prop_map(|(nth, lost)| Step::AskRefund { nth, answer_lost: lost }),
        4 => (n(), any::<bool>()).prop_map(|(nth, processed)| Step::BankSpeaks { nth, processed }),
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
}

impl World {
    fn new() -> Self {
        let slot = |number: usize| {
            let start = START.plus_seconds(40 * 3600 + 900 * i64::try_from(number).unwrap());
            Slot {
                id: id(10 + number as u128),
                doctor: DoctorRef {
                    id: id(1),
                    name: Name::parse("Meera Iyer").unwrap(),
                    speciality: Speciality::parse("Cardiology").unwrap(),
                },
                start,
                end: start.plus_seconds(900),
                day: Day::parse("2026-12-02").unwrap(),
                fee: fee(),
                status: SlotStatus::Open,
                hold_expires_at: None,
                appointment_id: None,
                withdrawn: false,
            }
        };
        Self {
            now: START,
            slots: (0..SLOTS).map(slot).collect(),
            appointments: Vec::new(),
            charges: Vec::new(),
            news: Vec::new(),
            drawn: 1000,
            crash: false,
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
        let before = &self.appointments[at].ledger;
        assert_eq!(&next.ledger[..before.len()], &before[..], "the ledger is only added to");
        self.appointments[at] = next;
    }

    fn book(&mut self, slot: usize, patient: usize) {
        let with = Booking {
            id: self.draw(),
            effect: self.draw(),
            reason: None,
            policy: CancellationPolicy::new(
                vec![RefundTier { before_minutes: 1440, percent: 67 }],
                10,
            )
            .unwrap(),
            hold_seconds: 600,
        };
        let number = patient as u128;
        let patient = Patient {
            id: id(100 + number),
            account_id: id(200 + number),
            name: Name::parse("Asha Rao").unwrap(),
            email: Email::parse("asha@example.com").unwrap(),
            mobile: Mobile::parse("9876543210").unwrap(),
            identifier: Identifier::parse("MRN-1").unwrap(),
            date_of_birth: None,
            status: AccountStatus::Active,
            created_at: START,
            imported: None,
        };
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
            amount: fee(),
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

    /// Razorpay makes a refund, or gives the one it made under the key.
    fn refund_at_razorpay(&mut self, owed: &Refund) -> (usize, usize) {
        let charge = self.charges.iter().position(|charge| charge.id == owed.payment_id).unwrap();
        let known = self.charges[charge].refunds.iter().position(|gone| gone.key == owed.key());
        if let Some(nth) = known {
            return (charge, nth);
        }
        let taken = self.charges[charge].refunds.iter();
        let taken: i64 =
            taken.filter(|gone| gone.status != RefundStatus::Failed).map(|gone| gone.amount).sum();
        assert!(taken + owed.amount.amount() <= fee().amount(), "we never ask for more than came");
        self.drawn += 1;
        let gone = Gone {
            id: format!("rfnd_{}", self.drawn),
            key: owed.key(),
            amount: owed.amount.amount(),
            status: RefundStatus::Pending,
        };
        self.charges[charge].refunds.push(gone);
        let nth = self.charges[charge].refunds.len() - 1;
        self.news.push(News::Refund { charge, nth, status: RefundStatus::Pending });
        (charge, nth)
    }

    fn ask_refund(&mut self, at: usize, answer_lost: bool) {
        let now = self.now;
        let due = self.appointments[at].effects.iter().find_map(|effect| match &effect.kind {
            EffectKind::Refund { refund } if effect.due_at <= now => Some(refund.clone()),
            _ => None,
        });
        let Some(refund) = due else { return };
        let owed = self.appointments[at].refund(&refund).unwrap().clone();
        let (charge, nth) = self.refund_at_razorpay(&owed);
        if !answer_lost {
            self.hear_of_refund(at, charge, nth, self.charges[charge].refunds[nth].status);
        }
    }

    fn hear_of_refund(&mut self, at: usize, charge: usize, nth: usize, status: RefundStatus) {
        let gone = self.charges[charge].refunds[nth].clone();
        let appointment = &self.appointments[at];
        let ours =
            appointment.refunds.iter().find(|refund| gone.key.starts_with(refund.id.as_str()));
        let Some(ours) = ours.map(|refund| refund.id.clone()) else { return };
        let next = appointment.refund_moved(&ours, &gone.id, status, self.now);
        self.write(at, next);
    }

    fn hear(&mut self, news: &News) {
        match *news {
            News::Captured(charge) => {
                self.settle(self.charges[charge].appointment, &self.told(charge));
            }
            News::Refund { charge, nth, status } => {
                self.hear_of_refund(self.charges[charge].appointment, charge, nth, status);
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
            Step::Pay(n) => {
                let Some(appointment) = nth(n) else { return };
                self.drawn += 1;
                let id = PaymentId::parse(&format!("pay_{}", self.drawn)).unwrap();
                self.charges.push(Charge { id, appointment, at: self.now, refunds: Vec::new() });
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
                    Ok(Cancelling::Now(next)) => Some(*next),
                    _ => None,
                };
                self.release(at, next);
            }
            Step::NoShow(n) => {
                let Some(at) = nth(n) else { return };
                let ids = self.ids();
                if let Ok(NoShow::Now(next)) = self.appointments[at].no_show(&ids, self.now) {
                    self.write(at, Some(*next));
                }
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
            prop_assert!(stands.count() <= 1, "an appointment stands on one payment");
            for paid in &appointment.payments {
                let back = appointment.refunds.iter().filter(|back| back.payment_id == paid.id);
                let back: i64 = back.map(|back| back.amount.amount()).sum();
                prop_assert!(back <= paid.amount.amount());
            }
        }
        for charge in &self.charges {
            let gone = charge.refunds.iter().filter(|gone| gone.status != RefundStatus::Failed);
            prop_assert!(gone.map(|gone| gone.amount).sum::<i64>() <= fee().amount());
        }
        Ok(())
    }

    /// Everything that is due is done, and the bank says yes.
    fn settle_all(&mut self) {
        for _ in 0..8 {
            self.now = self.now.plus_seconds(40 * 3600);
            for at in 0..self.appointments.len() {
                self.reconcile(at);
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
            // What failed six times is left to people.
            if owed.clone().any(|back| back.failed.len() >= 6) {
                continue;
            }
            let owed: i64 = owed.map(|back| back.amount.amount()).sum();
            prop_assert_eq!(gone, owed, "what is owed went back, and no more");
            let stands = appointment.paid().is_some_and(|paid| paid.id == charge.id);
            prop_assert!(stands || gone == fee().amount());
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
