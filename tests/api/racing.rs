//! Everything that takes or gives back a slot, in random order, five at a time, over the real store:
//! bookings, payments, cancellations, moves, holds that run out, leaves and their end, the waiting
//! list and its offers. After each round the whole database is checked. A number names a whole story,
//! and what was done is printed where it goes wrong.

use crate::interleaving::Dice;
use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use scheduled::Job;
use serde_json::{Value, json};
use shared::{
    entropy::Entropy,
    models::{
        AccountId, Appointment, AppointmentId, Booking, BookingRules, CancellationPolicy, Decided,
        Holidays, Instant, Leave, LeaveId, LeaveOffer, LeaveOutcome, LeaveStatus, Moving, Offer,
        PaidBy, Parse as _, Patient, Payment, PaymentId, PaymentStatus, Role, Slot, SlotId, Span,
        VisitType, WaitEntry, WaitStatus, Waiting, Wanted, Zone,
    },
    settlement::new_ids,
    store::{
        AppointmentFilter, Booked, Database, Error, HospitalStore, PageRequest, Rescheduled, Store,
        Sweep,
    },
    tenancy::Reach,
};
use std::sync::Mutex;
use tests::{
    actor::{Actor, text},
    world::World,
};

const STORIES: u64 = 8;
const ROUNDS: usize = 50;
const AT_ONCE: usize = 5;

/// What somebody does. Numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Book { slot: usize, patient: usize },
    Pay(usize),
    Cancel { nth: usize, by_patient: bool },
    Move { nth: usize, slot: usize },
    Choose { nth: usize, slot: usize },
    Sweep,
    Leave { doctor: usize, from: usize, refund: bool },
    TakeBack(usize),
    Tell,
    Join { patient: usize, doctor: Option<usize> },
    Offer,
    Accept(usize),
    Withdraw(usize),
}

impl Deed {
    fn drawn(dice: &mut Dice) -> Self {
        let mut n = |sides| dice.throw(sides);
        match n(34) {
            0..=8 => Self::Book { slot: n(8), patient: n(5) },
            9..=12 => Self::Pay(n(32)),
            13..=14 => Self::Cancel { nth: n(32), by_patient: n(2) == 0 },
            15 => Self::Move { nth: n(32), slot: n(8) },
            16..=18 => Self::Choose { nth: n(32), slot: n(8) },
            19 => Self::Sweep,
            20..=21 => Self::Leave { doctor: n(2), from: n(4), refund: n(3) == 0 },
            22..=23 => Self::TakeBack(n(8)),
            24..=25 => Self::Tell,
            26..=28 => Self::Join { patient: n(5), doctor: [None, Some(0), Some(1)][n(3)] },
            29..=31 => Self::Offer,
            32 => Self::Accept(n(8)),
            _ => Self::Withdraw(n(16)),
        }
    }
}

/// What was done, told if the test fails.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

#[expect(clippy::print_stderr, reason = "what led to a failure is told with it")]
impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.0.lock().unwrap().iter() {
                eprintln!("{line}");
            }
        }
    }
}

struct Story {
    world: World,
    store: HospitalStore,
    gate: Store,
    doctors: Vec<AccountId>,
    patients: Vec<Patient>,
    slots: Vec<SlotId>,
    /// What was taken in a round.
    taken: Mutex<Vec<SlotId>>,
    told: Told,
}

/// What there is at the beginning of a round.
struct There {
    appointments: Vec<AppointmentId>,
    leaves: Vec<LeaveId>,
    /// Of the appointments, those whose patients may choose.
    asked: Vec<AppointmentId>,
    entries: Vec<WaitEntry>,
}

fn pick<T>(all: &[T], nth: usize) -> Option<&T> {
    if all.is_empty() { None } else { all.get(nth % all.len()) }
}

const PAGE: PageRequest = PageRequest { limit: 100, after: None };

impl Story {
    async fn begin(seed: u64) -> Self {
        let world = World::new().await;
        let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
        let people = world.a.new_patients(5).await;
        let database =
            Database::new(world.setting("MONGODB_URI").to_owned(), world.name().to_owned());
        let gate = Store::new(database);
        let id = shared::models::HospitalId::parse(&world.a.id).unwrap();
        let (tenant, _) = gate.gate().hospital(&id).await.unwrap().unwrap();
        let store = gate.of(&tenant);
        let mut slots = Vec::new();
        for doctor in [&world.a.doctor, &colleague] {
            let mut set = doctor.sets_slots("2030-12-05", "10:00", "11:30", 30).await;
            set.push(group(doctor).await);
            slots.extend(set.iter().map(|slot| SlotId::parse(&text(slot, "/id")).unwrap()));
        }
        let account = |who: &Actor| AccountId::parse(&who.account).unwrap();
        let mut patients = Vec::new();
        for who in &people {
            patients.extend(store.patients_of(&account(who)).await.unwrap());
        }
        let doctors = vec![account(&world.a.doctor), account(&colleague)];
        let told = Told::default();
        told.add(format!("story {seed}"));
        let taken = Mutex::default();
        Self { world, store, gate, doctors, patients, slots, taken, told }
    }

    fn now(&self) -> Instant {
        self.world.clock().now()
    }

    async fn there(&self) -> There {
        let live = AppointmentFilter { live_only: true, ..AppointmentFilter::default() };
        let reach = Reach::Hospital;
        let appointments = self.store.appointments(&live, &reach, &PAGE, self.now()).await.unwrap();
        let leaves = self.store.leaves(None, &PAGE).await.unwrap();
        let holds = |leave: &Leave| leave.status != LeaveStatus::TakenBack;
        let entries = self.store.waitlist(None, &PAGE).await.unwrap();
        let waits = |entry: &WaitEntry| entry.status == WaitStatus::Waiting;
        let leaves: Vec<LeaveId> =
            leaves.items.into_iter().filter(holds).map(|leave| leave.id).collect();
        let mut asked = Vec::new();
        for leave in &leaves {
            let undecided = self.store.undecided(leave, 100).await.unwrap();
            asked.extend(undecided.into_iter().map(|one| one.id));
        }
        There {
            appointments: appointments.items.into_iter().map(|one| one.id).collect(),
            leaves,
            asked,
            entries: entries.items.into_iter().filter(waits).collect(),
        }
    }

    /// Does it; in words, what came of it.
    async fn does(&self, deed: Deed, there: &There) -> Result<String, Error> {
        match deed {
            Deed::Book { slot, patient } => self.books(slot, patient).await,
            Deed::Pay(nth) => self.pays(pick(&there.appointments, nth)).await,
            Deed::Cancel { nth, by_patient } => {
                self.cancels(pick(&there.appointments, nth), by_patient).await
            }
            Deed::Move { nth, slot } => self.moves(pick(&there.appointments, nth), slot).await,
            Deed::Choose { nth, slot } => self.chooses(pick(&there.asked, nth), slot).await,
            Deed::Sweep => self.sweeps().await,
            Deed::Leave { doctor, from, refund } => self.leaves(doctor, from, refund).await,
            Deed::TakeBack(nth) => match pick(&there.leaves, nth) {
                Some(leave) => {
                    let back = self.store.take_leave_back(leave, self.now()).await?;
                    Ok(format!("{leave} {}", back.is_some()))
                }
                None => Ok("nothing".to_owned()),
            },
            Deed::Tell => Ok(format!("{:?}", self.world.tries(Job::Leave).await.ok())),
            Deed::Join { patient, doctor } => self.joins(patient, doctor).await,
            Deed::Offer => Ok(format!("{:?}", self.world.tries(Job::Waitlist).await.ok())),
            Deed::Accept(nth) => self.accepts(there, nth).await,
            Deed::Withdraw(nth) => match pick(&there.entries, nth) {
                Some(entry) => {
                    let Some(next) = entry.withdrawn() else { return Ok("not".to_owned()) };
                    let left = self.store.leave_offer(entry, &next, self.now()).await?;
                    Ok(format!("{} {left:?}", entry.id))
                }
                None => Ok("nothing".to_owned()),
            },
        }
    }

    async fn booking(
        &self,
        id: AppointmentId,
        (slot, patient): (&SlotId, &Patient),
    ) -> Result<Booking, Error> {
        let now = self.now();
        let wanted = self.store.wanted_slot(slot, &patient.account_id, now).await?.unwrap();
        Ok(Booking {
            id,
            effect: Entropy.id(now).unwrap(),
            reason: None,
            quote: wanted.slot.quote(VisitType::Consultation, &wanted.earlier, now).unwrap(),
            policy: CancellationPolicy::default(),
            offer: offer(),
            hold_seconds: 600,
        })
    }

    async fn books(&self, slot: usize, patient: usize) -> Result<String, Error> {
        let now = self.now();
        let (slot, patient) = (&self.slots[slot], &self.patients[patient]);
        let with = self.booking(Entropy.id(now).unwrap(), (slot, patient)).await?;
        let booked = self.store.book(slot, patient, &with, now).await?;
        self.takes(&booked);
        Ok(in_words(&booked))
    }

    /// Notes what a booking took.
    fn takes(&self, booked: &Booked) {
        if let Booked::Done(appointment) = booked {
            self.taken.lock().unwrap().push(appointment.slot_id.clone());
        }
    }

    /// Notes what a move took.
    fn reaches(&self, moved: &Rescheduled) {
        if let Rescheduled::Done(appointment) = moved {
            self.taken.lock().unwrap().push(appointment.slot_id.clone());
        }
    }

    async fn current(&self, id: Option<&AppointmentId>) -> Result<Option<Appointment>, Error> {
        match id {
            Some(id) => self.store.appointment(id, &Reach::Hospital).await,
            None => Ok(None),
        }
    }

    async fn pays(&self, id: Option<&AppointmentId>) -> Result<String, Error> {
        let Some(current) = self.current(id).await? else { return Ok("nothing".to_owned()) };
        let now = self.now();
        let unique: AppointmentId = Entropy.id(now).unwrap();
        let payment = Payment {
            id: PaymentId::parse(&format!("pay_{}", &unique.as_str()[4..])).unwrap(),
            amount: current.fee,
            status: PaymentStatus::Captured,
            via: PaidBy::Checkout,
            reference: None,
            taken_by: None,
            created_at: now,
            captured_at: Some(now),
        };
        let capture = current.capture(&payment, &new_ids(Entropy, now).unwrap(), now);
        let settled = self.store.settle(&capture, None, now).await?;
        Ok(format!("{} {}", current.id, short(&settled)))
    }

    async fn cancels(&self, id: Option<&AppointmentId>, patient: bool) -> Result<String, Error> {
        let Some(current) = self.current(id).await? else { return Ok("nothing".to_owned()) };
        let now = self.now();
        let role = if patient { Role::Patient } else { Role::Hospital };
        let ids = new_ids(Entropy, now).unwrap();
        match current.cancel((role, &current.patient.account_id), None, ids, now) {
            Ok(Decided::Now(next)) => {
                let released = self.store.release(&next, now).await?;
                Ok(format!("{} {released:?}", current.id))
            }
            other => Ok(format!("{} {}", current.id, short(&other))),
        }
    }

    fn moving(&self, by: (Role, AccountId)) -> Moving {
        let now = self.now();
        Moving { by, reason: None, offer: offer(), ids: new_ids(Entropy, now).unwrap(), now }
    }

    async fn moves(&self, id: Option<&AppointmentId>, slot: usize) -> Result<String, Error> {
        let Some(current) = self.current(id).await? else { return Ok("nothing".to_owned()) };
        let moving = self.moving((Role::Hospital, self.doctors[0].clone()));
        let decide = |slot: &Slot| current.reschedule(slot, &moving);
        let moved = self.store.reschedule(&current, &self.slots[slot], decide, self.now()).await?;
        self.reaches(&moved);
        Ok(format!("{} {}", current.id, short(&moved)))
    }

    async fn chooses(&self, id: Option<&AppointmentId>, slot: usize) -> Result<String, Error> {
        let Some(current) = self.current(id).await? else { return Ok("nothing".to_owned()) };
        let asked = current.leaves.iter().find(|mark| mark.outcome == LeaveOutcome::Offered);
        let Some(mark) = asked else { return Ok("not asked".to_owned()) };
        let moving = self.moving((mark.by, mark.account_id.clone()));
        let decide = |slot: &Slot| current.moved_for_leave(slot, &moving);
        let moved = self.store.reschedule(&current, &self.slots[slot], decide, self.now()).await?;
        self.reaches(&moved);
        Ok(format!("{} {}", current.id, short(&moved)))
    }

    async fn sweeps(&self) -> Result<String, Error> {
        let now = self.now();
        let due = self.gate.gate().due(Sweep::Holds, now, 100).await?;
        let mut said = Vec::new();
        for next in due.iter().filter_map(|due| due.appointment.expire(now)) {
            said.push(format!("{} {:?}", next.id, self.store.release(&next, now).await?));
        }
        Ok(said.join(", "))
    }

    async fn leaves(&self, doctor: usize, from: usize, refund: bool) -> Result<String, Error> {
        let now = self.now();
        let times = ["10:00", "10:15", "10:45", "12:00"];
        let from = format!("2030-12-05T{}:00+05:30", times[from]);
        let from = Instant::parse_rfc3339(&from).unwrap();
        let leave = Leave {
            id: Entropy.id(now).unwrap(),
            doctor_id: self.doctors[doctor].clone(),
            from,
            to: from.plus_seconds(3600),
            reason: None,
            offer: if refund { LeaveOffer::Refund } else { LeaveOffer::Alternatives },
            by: Role::Doctor,
            account_id: self.doctors[doctor].clone(),
            status: LeaveStatus::Running,
            version: 1,
            slots_blocked: 0,
            staying: Vec::new(),
            due_at: Some(now),
            created_at: now,
        };
        let begun = self.store.begin_leave(&leave, now).await?;
        Ok(format!("{} {}", begun.id, begun.slots_blocked))
    }

    async fn joins(&self, patient: usize, doctor: Option<usize>) -> Result<String, Error> {
        let (now, patient) = (self.now(), &self.patients[patient]);
        let wanted = match doctor {
            Some(doctor) => Wanted::DoctorId(self.doctors[doctor].clone()),
            None => Wanted::Speciality(shared::models::Speciality::parse("Cardiology").unwrap()),
        };
        let day = shared::models::Day::parse("2030-12-05").unwrap();
        let (start, end) = Zone::default().bounds(day);
        let entry = WaitEntry {
            id: Entropy.id(now).unwrap(),
            version: 1,
            patient: Waiting { id: patient.id.clone(), name: patient.name.clone() },
            account_id: patient.account_id.clone(),
            wanted,
            from: day,
            to: day,
            during: Span { start, end }.into(),
            status: WaitStatus::Waiting,
            offer: None,
            passed: Vec::new(),
            appointment_id: None,
            created_at: now,
        };
        Ok(self.store.join_waitlist(&entry, now).await?.id.as_str().to_owned())
    }

    async fn accepts(&self, there: &There, nth: usize) -> Result<String, Error> {
        let now = self.now();
        let offered: Vec<&WaitEntry> =
            there.entries.iter().filter(|entry| entry.offered(now).is_some()).collect();
        let Some(entry) = pick(&offered, nth) else { return Ok("nothing".to_owned()) };
        let Some(offer) = entry.offered(now) else { return Ok("nothing".to_owned()) };
        let patient = self.patients.iter().find(|one| one.id == entry.patient.id).unwrap();
        let place = (&offer.slot_id, patient);
        let with = self.booking(offer.appointment_id.clone(), place).await?;
        let booked = self.store.accept_offer(entry, patient, &with, now).await?;
        self.takes(&booked);
        Ok(format!("{} {}", entry.id, in_words(&booked)))
    }

    async fn round(&self, round: usize, dice: &mut Dice) {
        let there = self.there().await;
        let deeds: Vec<Deed> = (0..AT_ONCE).map(|_| Deed::drawn(dice)).collect();
        let did = join_all(deeds.iter().map(|deed| self.does(*deed, &there))).await;
        for (deed, came) in deeds.iter().zip(did) {
            match came {
                Ok(came) => self.told.add(format!("{round}: {deed:?}: {came}")),
                // Met others too often; nothing is written.
                Err(Error::Unavailable(why)) => self.told.add(format!("{round}: {deed:?}: {why}")),
                Err(error) => panic!("{round}: {deed:?}: {error}"),
            }
        }
        self.check().await;
        self.nothing_was_taken_in(&there.leaves).await;
        let seconds = [0, 0, 1, 60, 180, 600, 900][dice.throw(7)];
        self.told.add(format!("{seconds} seconds"));
        self.world.pass(seconds);
    }

    /// Nothing was taken in this round that lies in a leave which held before and still holds.
    async fn nothing_was_taken_in(&self, leaves: &[LeaveId]) {
        let taken = std::mem::take(&mut *self.taken.lock().unwrap());
        for id in taken {
            let slot = self.store.slot(&id).await.unwrap().unwrap();
            let held = slot.leaves.iter().find(|leave| leaves.contains(leave));
            assert_eq!(held, None, "{id} was taken");
        }
    }

    /// How often what matters happened: appointments, those that were paid, called off for a leave
    /// or moved for one; offers of the waiting list that were taken, and that were not.
    async fn happened(&self) -> [usize; 6] {
        let books = self.world.books();
        let marked = |outcome: &str| doc! { "leaves": { "$elemMatch": { "outcome": outcome } } };
        [
            books.count("appointments").await,
            books.find("appointments", doc! { "payments.0": { "$exists": true } }).await.len(),
            books.find("appointments", marked("cancelled")).await.len(),
            books.find("appointments", marked("moved")).await.len(),
            books.find("waitlist", doc! { "status": "booked" }).await.len(),
            books.find("waitlist", doc! { "passed.0": { "$exists": true } }).await.len(),
        ]
    }

    async fn check(&self) {
        self.world.check().await;
        let books = self.world.books();
        let now = self.now().millis();
        let slots = books.find("slots", doc! {}).await;
        let leaves = books.find("leaves", doc! { "status": { "$ne": "taken_back" } }).await;
        let (held, stands) = (
            doc! { "status": "held", "holdExpiresAt": { "$gt": now } },
            doc! { "status": "confirmed" },
        );
        let live = books.find("appointments", doc! { "$or": [held, stands] }).await;
        let waiting = doc! { "status": "waiting", "offer.until": { "$gt": now } };
        let offers = books.find("waitlist", waiting).await;
        for leave in &leaves {
            blocks(leave, &slots);
        }
        for appointment in &live {
            let slot = string(appointment, "slotId");
            let slot = slots.iter().find(|one| string(one, "_id") == slot).unwrap();
            assert!(is_had_by(slot, &string(appointment, "_id")), "{slot} has {appointment}");
        }
        for offer in &offers {
            let offer = offer.get_document("offer").unwrap();
            let (slot, id) = (string(offer, "slotId"), string(offer, "appointmentId"));
            let slot = slots.iter().find(|one| string(one, "_id") == slot).unwrap();
            assert!(is_had_by(slot, &id), "{slot} is kept for {offer}");
        }
    }
}

/// Every slot in a leave says so.
fn blocks(leave: &Document, slots: &[Document]) {
    let id = string(leave, "_id");
    let within = |slot: &&Document| {
        string(slot.get_document("doctor").unwrap(), "id") == string(leave, "doctorId")
            && number(slot, "start") < number(leave, "to")
            && number(leave, "from") < number(slot, "end")
    };
    for slot in slots.iter().filter(within) {
        let leaves = slot.get_array("leaves").cloned().unwrap_or_default();
        assert!(leaves.iter().any(|one| one.as_str() == Some(&id)), "{slot} is not in {id}");
    }
}

fn is_had_by(slot: &Document, appointment: &str) -> bool {
    let seats = slot.get_array("seats").cloned().unwrap_or_default();
    let seat = |seat: &Document| string(seat, "appointmentId") == appointment;
    string(slot, "appointmentId") == appointment
        || seats.iter().filter_map(|one| one.as_document()).any(seat)
}

fn string(document: &Document, name: &str) -> String {
    document.get_str(name).unwrap_or_default().to_owned()
}

fn number(document: &Document, name: &str) -> i64 {
    document.get_i64(name).unwrap()
}

fn offer() -> Offer {
    Offer { rules: BookingRules::default(), holidays: Holidays::default(), zone: Zone::default() }
}

fn in_words(booked: &Booked) -> String {
    match booked {
        Booked::Done(appointment) => format!("{} in {}", appointment.id, appointment.slot_id),
        other => short(other),
    }
}

/// The first words of something.
fn short(what: &impl std::fmt::Debug) -> String {
    format!("{what:?}").chars().take(40).collect()
}

async fn group(doctor: &Actor) -> Value {
    let body = json!({
        "date": "2030-12-05", "from": "12:00", "to": "12:30", "slotMinutes": 30, "capacity": 2,
    });
    doctor.post("/slots/set", body).await.is(201)["slots"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_takes_or_gives_back_slots_at_once_they_are_nobodys_twice() {
    let mut happened = [0; 6];
    for seed in 1..=STORIES {
        let (story, mut dice) = (Story::begin(seed).await, Dice(seed));
        for round in 0..ROUNDS {
            story.round(round, &mut dice).await;
        }
        for (all, more) in happened.iter_mut().zip(story.happened().await) {
            *all += more;
        }
    }
    // A story in which nothing happens proves nothing.
    assert!(happened.iter().all(|often| *often > 0), "{happened:?}");
}
