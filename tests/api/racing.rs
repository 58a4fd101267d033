//! Everything that takes or gives back a slot, in random order, five at a time, over the real store:
//! bookings, payments, cancellations, moves, check-ins, holds that run out, leaves and their end, the
//! waiting list and its offers, hours that are published anew and holidays. After each round the
//! whole database is checked. A number names a whole story, and what was done is printed where it
//! goes wrong.

use crate::interleaving::Dice;
use futures_util::future::join_all;
use mongodb::bson::{Bson, Document, doc};
use scheduled::Job;
use serde_json::{Value, json};
use shared::{
    entropy::Entropy,
    models::{
        AccountId, Appointment, AppointmentId, AppointmentStatus, AppointmentSummary, Booking,
        CancellationPolicy, Capacity, Day, Decided, Doer, Holiday, Holidays, Instant, Leave,
        LeaveId, LeaveOffer, LeaveOutcome, LeaveStatus, Moving, Name, Note, Offer, PaidBy,
        Parse as _, Patient, Payment, PaymentId, PaymentStatus, Planned, Replaced, Role, Slot,
        SlotId, SlotStatus, Span, VisitType, WaitEntry, WaitStatus, Waiting, Wanted, Zone,
    },
    settlement::new_ids,
    store::{
        AppointmentFilter, Booked, CountedLeave, Database, Error, HospitalSettings, HospitalStore,
        PageRequest, Published, Rescheduled, SlotFilter, Store, Sweep,
    },
    tenancy::{Reach, Tenant},
};
use std::{collections::BTreeSet, sync::Mutex};
use tests::{
    actor::{Actor, text},
    world::World,
};

const STORIES: u64 = 20;
const ROUNDS: usize = 50;
const AT_ONCE: usize = 5;

/// What somebody does. Numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Book { slot: usize, patient: usize },
    Pay(usize),
    Cancel { nth: usize, by_patient: bool },
    Move { nth: usize, slot: usize, by_patient: bool },
    Choose { nth: usize, slot: usize },
    Sweep,
    Leave { nth: usize, from: usize, refund: bool },
    TakeBack(usize),
    Tell,
    Join { patient: usize, doctor: Option<usize> },
    Offer,
    Accept(usize),
    Withdraw(usize),
    Publish { doctor: usize, way: usize, replace: bool },
    Close(bool),
    Come { nth: usize, undo: bool },
}

impl Deed {
    fn drawn(dice: &mut Dice) -> Self {
        let mut n = |sides| dice.throw(sides);
        match n(49) {
            0..=8 => Self::Book { slot: n(32), patient: n(5) },
            9..=14 => Self::Pay(n(32)),
            15 => Self::Cancel { nth: n(32), by_patient: n(2) == 0 },
            16..=17 => Self::Move { nth: n(32), slot: n(32), by_patient: n(2) == 0 },
            18..=21 => Self::Choose { nth: n(32), slot: n(32) },
            22 => Self::Sweep,
            23..=24 => Self::Leave { nth: n(32), from: n(4), refund: n(3) == 0 },
            25 => Self::TakeBack(n(8)),
            26..=31 => Self::Tell,
            32..=34 => Self::Join { patient: n(5), doctor: [None, Some(0), Some(1)][n(3)] },
            35..=38 => Self::Offer,
            39..=40 => Self::Accept(n(8)),
            41 => Self::Withdraw(n(16)),
            42..=45 => Self::Publish { doctor: n(2), way: n(3), replace: n(3) > 0 },
            46 => Self::Close(n(2) == 0),
            _ => Self::Come { nth: n(32), undo: n(3) == 0 },
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
    tenant: Tenant,
    doctors: Vec<AccountId>,
    /// A slot of each doctor as it was published first.
    examples: Vec<Slot>,
    patients: Vec<Patient>,
    /// What was taken in a round.
    taken: Mutex<Vec<SlotId>>,
    /// Whether the holidays were changed in a round.
    turned: Mutex<bool>,
    /// How many nights were published.
    nights: Mutex<usize>,
    told: Told,
}

/// What there is at the beginning of a round.
struct There {
    slots: Vec<SlotId>,
    /// Of the slots, those somebody could book.
    open: Vec<SlotId>,
    /// Whether the day after is a holiday.
    closed: bool,
    appointments: Vec<AppointmentId>,
    /// Of the appointments, those to be paid.
    held: Vec<AppointmentId>,
    /// Of the appointments, those whose patients are expected.
    confirmed: Vec<AppointmentSummary>,
    leaves: Vec<LeaveId>,
    /// Of the appointments, those whose patients may choose.
    asked: Vec<AppointmentId>,
    entries: Vec<WaitEntry>,
}

fn pick<T>(all: &[T], nth: usize) -> Option<&T> {
    if all.is_empty() { None } else { all.get(nth % all.len()) }
}

const PAGE: PageRequest = PageRequest { limit: 100, after: None };

/// The day of the story, and the one after.
fn days() -> (Day, Day) {
    let day = Day::parse("2030-12-05").unwrap();
    (day, day.next())
}

/// A doctor's hours of the day, one way or another: by half hours, by longer ones, or with a night.
fn hours(way: usize) -> Vec<Planned> {
    let times: &[(&str, i64)] = match way {
        0 => &[("05T10:00", 30), ("05T10:30", 30), ("05T11:00", 30), ("05T12:00", 30)],
        1 => &[("05T10:00", 45), ("05T10:45", 45), ("05T12:00", 30)],
        _ => &[("05T10:00", 30), ("05T12:00", 30), ("05T23:30", 60), ("06T00:30", 60)],
    };
    let planned = |(at, minutes): &(&str, i64)| {
        let start = Instant::parse_rfc3339(&format!("2030-12-{at}:00+05:30")).unwrap();
        let span = Span { start, end: start.plus_seconds(minutes * 60) };
        Planned { span, of: days().0 }
    };
    times.iter().map(planned).collect()
}

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
        let mut examples = Vec::new();
        for doctor in [&world.a.doctor, &colleague] {
            let set = doctor.sets_slots("2030-12-05", "10:00", "11:30", 30).await;
            group(doctor).await;
            let first = SlotId::parse(&text(&set[0], "/id")).unwrap();
            examples.extend(store.slot(&first).await.unwrap());
        }
        let account = |who: &Actor| AccountId::parse(&who.account).unwrap();
        let mut patients = Vec::new();
        for who in &people {
            patients.extend(store.patients_of(&account(who)).await.unwrap());
        }
        let doctors = vec![account(&world.a.doctor), account(&colleague)];
        let told = Told::default();
        told.add(format!("story {seed}"));
        // The day has begun, so patients are checked in.
        world.set("2030-12-05T00:10:00+05:30");
        let (taken, turned, nights) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self {
            world,
            store,
            gate,
            tenant,
            doctors,
            examples,
            patients,
            taken,
            turned,
            nights,
            told,
        }
    }

    fn now(&self) -> Instant {
        self.world.clock().now()
    }

    /// What the hospital lets book at this moment.
    async fn offer(&self) -> Result<Offer, Error> {
        Ok(Offer::of(&self.store.hospital(&self.tenant).await?.unwrap()))
    }

    async fn there(&self) -> There {
        let all =
            SlotFilter { doctor: None, speciality: None, from: None, to: None, on_offer: None };
        let now = self.now();
        let slots = self.store.slots(&all, &PAGE, now).await.unwrap().items;
        let live = AppointmentFilter { live_only: true, ..AppointmentFilter::default() };
        let reach = Reach::Hospital;
        let appointments = self.store.appointments(&live, &reach, &PAGE, now).await.unwrap().items;
        let leaves = self.store.leaves(None, &PAGE).await.unwrap();
        let holds = |one: &CountedLeave| one.leave.status != LeaveStatus::TakenBack;
        let entries = self.store.waitlist(None, &PAGE).await.unwrap();
        let waits = |entry: &WaitEntry| entry.status == WaitStatus::Waiting;
        let leaves: Vec<LeaveId> =
            leaves.items.into_iter().filter(holds).map(|one| one.leave.id).collect();
        let mut asked = Vec::new();
        for leave in &leaves {
            let undecided = self.store.undecided(leave, 100).await.unwrap();
            asked.extend(undecided.into_iter().map(|one| one.id));
        }
        let open = |slot: &&Slot| slot.status(now) == SlotStatus::Open;
        let held = |one: &&AppointmentSummary| one.status(now) == AppointmentStatus::Held;
        let confirmed = |one: &&AppointmentSummary| one.status == AppointmentStatus::Confirmed;
        There {
            open: slots.iter().filter(open).map(|slot| slot.id.clone()).collect(),
            slots: slots.into_iter().map(|slot| slot.id).collect(),
            closed: self.offer().await.unwrap().holidays.has(days().1),
            held: appointments.iter().filter(held).map(|one| one.id.clone()).collect(),
            confirmed: appointments.iter().filter(confirmed).cloned().collect(),
            appointments: appointments.into_iter().map(|one| one.id).collect(),
            leaves,
            asked,
            entries: entries.items.into_iter().filter(waits).collect(),
        }
    }

    /// Does it; in words, what came of it.
    async fn does(&self, deed: Deed, there: &There) -> Result<String, Error> {
        match deed {
            Deed::Book { slot, patient } => self.books(pick(&there.slots, slot), patient).await,
            // Now and then what was paid already, or its patient is there.
            Deed::Pay(nth) => {
                let all = if nth % 4 == 0 { &there.appointments } else { &there.held };
                self.pays(pick(all, nth)).await
            }
            Deed::Cancel { nth, by_patient } => {
                self.cancels(pick(&there.appointments, nth), by_patient).await
            }
            Deed::Move { nth, slot, by_patient } => {
                let slot = pick(&there.slots, slot);
                self.moves(pick(&there.appointments, nth), slot, by_patient).await
            }
            Deed::Choose { nth, slot } => {
                self.chooses(pick(&there.asked, nth), pick(&there.open, slot)).await
            }
            Deed::Sweep => self.sweeps().await,
            // Every other one is of somebody who is expected.
            Deed::Leave { nth, from, refund } => {
                let met = if nth % 2 == 0 { pick(&there.confirmed, nth) } else { None };
                let times = ["10:00", "10:15", "10:45", "12:00"];
                let from = format!("2030-12-05T{}:00+05:30", times[from]);
                let from = Instant::parse_rfc3339(&from).unwrap();
                let some = (self.doctors[nth / 2 % 2].clone(), from);
                let of = met.map_or(some, |one| (one.doctor.id.clone(), one.start));
                self.leaves(of, refund).await
            }
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
            Deed::Publish { doctor, way, replace } => self.publishes(doctor, way, replace).await,
            Deed::Close(closed) => self.closes(closed).await,
            Deed::Come { nth, undo } => self.comes(pick(&there.appointments, nth), undo).await,
        }
    }

    async fn booking(
        &self,
        id: AppointmentId,
        (slot, patient): (&SlotId, &Patient),
    ) -> Result<Option<Booking>, Error> {
        let now = self.now();
        let Some(wanted) = self.store.wanted_slot(slot, &patient.account_id, now).await? else {
            return Ok(None);
        };
        Ok(Some(Booking {
            id,
            effect: Entropy.id(now).unwrap(),
            reason: None,
            quote: wanted.slot.quote(VisitType::Consultation, &wanted.earlier, now).unwrap(),
            policy: CancellationPolicy::default(),
            offer: self.offer().await?,
            hold_seconds: 600,
        }))
    }

    async fn books(&self, slot: Option<&SlotId>, patient: usize) -> Result<String, Error> {
        let Some(slot) = slot else { return Ok("nothing".to_owned()) };
        let (now, patient) = (self.now(), &self.patients[patient]);
        let Some(with) = self.booking(Entropy.id(now).unwrap(), (slot, patient)).await? else {
            return Ok(format!("{slot} is gone"));
        };
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

    async fn moving(&self, by: (Role, AccountId)) -> Result<Moving, Error> {
        let (offer, now) = (self.offer().await?, self.now());
        Ok(Moving { by, reason: None, offer, ids: new_ids(Entropy, now).unwrap(), now })
    }

    async fn moves(
        &self,
        id: Option<&AppointmentId>,
        slot: Option<&SlotId>,
        by_patient: bool,
    ) -> Result<String, Error> {
        let Some((current, slot)) = self.current(id).await?.zip(slot) else {
            return Ok("nothing".to_owned());
        };
        let by = if by_patient {
            (Role::Patient, current.patient.account_id.clone())
        } else {
            (Role::Hospital, self.doctors[0].clone())
        };
        let moving = self.moving(by).await?;
        let decide = |slot: &Slot| current.reschedule(slot, &moving);
        let moved = self.store.reschedule(&current, slot, decide, self.now()).await?;
        self.reaches(&moved);
        Ok(format!("{} {}", current.id, short(&moved)))
    }

    async fn chooses(
        &self,
        id: Option<&AppointmentId>,
        slot: Option<&SlotId>,
    ) -> Result<String, Error> {
        let Some((current, slot)) = self.current(id).await?.zip(slot) else {
            return Ok("nothing".to_owned());
        };
        let asked = current.leaves.iter().any(|mark| mark.outcome == LeaveOutcome::Offered);
        if !asked {
            return Ok("not asked".to_owned());
        }
        let moving = self.moving((Role::Patient, current.patient.account_id.clone())).await?;
        let decide = |slot: &Slot| current.reschedule(slot, &moving);
        let moved = self.store.reschedule(&current, slot, decide, self.now()).await?;
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

    async fn leaves(
        &self,
        (doctor, from): (AccountId, Instant),
        refund: bool,
    ) -> Result<String, Error> {
        let now = self.now();
        let leave = Leave {
            id: Entropy.id(now).unwrap(),
            doctor_id: doctor.clone(),
            from,
            to: from.plus_seconds(1800),
            reason: None,
            offer: if refund { LeaveOffer::Refund } else { LeaveOffer::Alternatives },
            by: Role::Doctor,
            account_id: doctor,
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
        let day = Day::parse("2030-12-05").unwrap();
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
        let Some(with) = self.booking(offer.appointment_id.clone(), place).await? else {
            return Ok(format!("{} is gone", offer.slot_id));
        };
        let booked = self.store.accept_offer(entry, patient, &with, now).await?;
        self.takes(&booked);
        Ok(format!("{} {}", entry.id, in_words(&booked)))
    }

    /// A doctor publishes his hours, as they are or in the place of what was.
    async fn publishes(&self, doctor: usize, way: usize, replace: bool) -> Result<String, Error> {
        let (now, zone, example) = (self.now(), Zone::default(), &self.examples[doctor]);
        let (day, next) = days();
        let offer = self.offer().await?;
        let mut planned = hours(way);
        offer.holidays.clear(&mut planned, &zone);
        let within = Span { start: zone.bounds(day).0, end: zone.bounds(next).1 };
        let replaced = replace.then_some(Replaced { first: day, last: day, within });
        let noon = Instant::parse_rfc3339("2030-12-05T12:00:00+05:30").unwrap();
        let make = |one: Planned| {
            let (begins, Span { start, end }) = (zone.day(one.span.start), one.span);
            Ok(Slot {
                id: Entropy.id(now)?,
                start,
                end,
                day: begins,
                night_of: (one.of != begins).then_some(one.of),
                capacity: Capacity::new(if start == noon { 2 } else { 1 }).unwrap(),
                ..example.clone()
            })
        };
        let with = (replaced, &offer, now);
        let set = self.store.publish_slots(&self.doctors[doctor], &planned, with, make).await?;
        Ok(match set {
            Published::Done { created, removed, .. } => {
                let nights = created.iter().filter(|slot| slot.night_of.is_some()).count();
                *self.nights.lock().unwrap() += nights;
                format!("{} for {removed}", created.len())
            }
            Published::Clash(clashes) => format!("{} in the way", clashes.len()),
        })
    }

    /// The hospital is closed on the day after, or is not.
    async fn closes(&self, closed: bool) -> Result<String, Error> {
        *self.turned.lock().unwrap() = true;
        let date = days().1;
        let holiday = Holiday { date, name: Name::parse("Founders' day").unwrap() };
        let holidays = if closed { vec![holiday] } else { Vec::new() };
        let holidays = Some(Holidays::new(holidays).unwrap());
        let settings = HospitalSettings { holidays, ..HospitalSettings::default() };
        self.store.change_hospital(&self.tenant, &settings).await?;
        if !closed {
            return Ok("open".to_owned());
        }
        let (start, end) = Zone::default().bounds(date);
        let stays = self.store.clear_slots(&[date], Span { start, end }, self.now()).await?;
        Ok(format!("{} stay", stays.len()))
    }

    /// A patient is there, or that was noted by mistake.
    async fn comes(&self, id: Option<&AppointmentId>, undo: bool) -> Result<String, Error> {
        let Some(current) = self.current(id).await? else { return Ok("nothing".to_owned()) };
        let (now, zone) = (self.now(), Zone::default());
        let by = Doer::person(Role::Doctor, &current.doctor.id);
        let note = Note { by, reason: None, zone: &zone, now };
        let decided = if undo { current.undo(note) } else { current.check_in(note) };
        match decided {
            Ok(Decided::Now(next)) => {
                let visited = self.store.change_visit(&next, now).await?;
                Ok(format!("{} {}", current.id, short(&visited)))
            }
            other => Ok(format!("{} {}", current.id, short(&other))),
        }
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
                // SecantusDB's own fault, on a busy machine: that nothing half is written then is
                // checked with the rest.
                Err(error) if error.to_string().ends_with("code 1: internal server error") => {
                    self.told.add(format!("{round}: {deed:?}: {error}"));
                }
                Err(error) => panic!("{round}: {deed:?}: {error}"),
            }
        }
        self.check().await;
        self.nothing_was_taken_in(&there).await;
        let seconds = [0, 0, 1, 60, 180, 900][dice.throw(6)];
        self.told.add(format!("{seconds} seconds"));
        self.world.pass(seconds);
    }

    /// Nothing was taken in this round that lies in a leave, or on a holiday, which held before and
    /// still holds. What was taken and left again may be gone.
    async fn nothing_was_taken_in(&self, there: &There) {
        let taken = std::mem::take(&mut *self.taken.lock().unwrap());
        let turned = std::mem::take(&mut *self.turned.lock().unwrap());
        let closed = there.closed && !turned;
        for id in taken {
            let Some(slot) = self.store.slot(&id).await.unwrap() else { continue };
            let held = slot.leaves.iter().find(|leave| there.leaves.contains(leave));
            assert_eq!(held, None, "{id} was taken");
            assert!(!closed || slot.day != days().1, "{id} was taken on a holiday");
        }
    }

    /// How often what matters happened: appointments, those that were paid, called off for a leave
    /// or moved for one, and whose patients came; offers of the waiting list that were taken, and
    /// that were passed on; slots of nights that were published.
    async fn happened(&self) -> [usize; 8] {
        let books = self.world.books();
        let marked = |outcome: &str| doc! { "leaves": { "$elemMatch": { "outcome": outcome } } };
        let there = doc! { "$exists": true };
        [
            books.count("appointments").await,
            books.find("appointments", doc! { "payments.0": { "$exists": true } }).await.len(),
            books.find("appointments", marked("cancelled")).await.len(),
            books.find("appointments", marked("moved")).await.len(),
            books.find("appointments", doc! { "token": { "$gt": 0 } }).await.len(),
            books.find("waitlist", doc! { "status": "booked" }).await.len(),
            books.find("waitlist", doc! { "passed.0": there }).await.len(),
            *self.nights.lock().unwrap(),
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
            doc! { "status": { "$in": ["confirmed", "checked_in"] } },
        );
        let live = books.find("appointments", doc! { "$or": [held, stands] }).await;
        let waiting = doc! { "status": "waiting", "offer.until": { "$gt": now } };
        let offers = books.find("waitlist", waiting).await;
        one_offer_a_person_and_no_slot_twice(&books.find("waitlist", doc! {}).await);
        for leave in &leaves {
            blocks(leave, &slots);
        }
        only_what_holds_blocks(&slots, &leaves);
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

/// Whatever somebody waits for.
fn one_offer_a_person_and_no_slot_twice(entries: &[Document]) {
    let mut had = BTreeSet::new();
    for entry in entries {
        let who = string(entry.get_document("patient").unwrap(), "id");
        let offer = entry.get_document("offer").ok().map(|offer| string(offer, "slotId"));
        if offer.is_some() {
            assert!(had.insert(who.clone()), "{who} has two offers");
        }
        let passed = entry.get_array("passed").cloned().unwrap_or_default();
        let passed = passed.iter().filter_map(Bson::as_str).map(str::to_owned);
        for slot in passed.chain(offer) {
            assert!(had.insert(format!("{who} {slot}")), "{who} was offered {slot} twice");
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

/// No slot stays blocked by a leave that was taken back.
fn only_what_holds_blocks(slots: &[Document], leaves: &[Document]) {
    let holding: BTreeSet<String> = leaves.iter().map(|leave| string(leave, "_id")).collect();
    for slot in slots {
        for id in slot.get_array("leaves").into_iter().flatten() {
            assert!(holding.contains(id.as_str().unwrap()), "{slot} is blocked by {id}");
        }
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
    let mut happened = [0; 8];
    for seed in 1..=STORIES {
        let (story, mut dice) = (Story::begin(seed).await, Dice(seed));
        for round in 0..ROUNDS {
            story.world.patience().with(story.round(round, &mut dice)).await;
        }
        for (all, more) in happened.iter_mut().zip(story.happened().await) {
            *all += more;
        }
    }
    // A story in which nothing happens proves nothing.
    assert!(happened.iter().all(|often| *often > 0), "{happened:?}");
}
