//! Doctors' leaves: their time is blocked with them, and what falls into them is settled one by
//! one, by whoever comes first.

use super::{
    Change, HospitalStore, Page, PageRequest, Place, Result,
    appointments::version_before,
    gate::Gate,
    scoped::{Find, Part, Scoped, Stored},
    seats,
    slots::{after_place, bookable},
    transaction::{Ended, Tx, transact},
    waitlist::keep,
};
use crate::{
    models::{
        AccountId, Appointment, AppointmentSummary, Calendar, Cancellation, Instant, Leave,
        LeaveId, LeaveMark, LeaveOutcome, LeaveStatus, Slot, Span,
    },
    tenancy::Tenant,
};
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

impl Stored for Leave {
    const COLLECTION: &'static str = "leaves";
}

impl Stored for Calendar {
    const COLLECTION: &'static str = "calendars";
}

/// A slot, and with it an appointment, lasts eight hours at most.
const LONGEST_SECONDS: i64 = 8 * 3600;

/// What became of the appointments of a leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeaveCounts {
    /// All of them.
    pub appointments: usize,
    /// Their patients may still choose.
    pub offered: usize,
    /// At another time.
    pub moved: usize,
    /// Called off.
    pub cancelled: usize,
    /// Of these, those for which money is owed back or gone.
    pub refunded: usize,
    /// They stand.
    pub kept: usize,
}

/// What a leave would concern.
#[derive(Debug)]
pub struct Concerned {
    /// How many slots have room for somebody.
    pub open_slots: usize,
    /// The live appointments, by start; the first thousand.
    pub appointments: Vec<AppointmentSummary>,
}

/// A leave, with the appointments that fell into it.
#[derive(Debug, Deserialize)]
pub struct CountedLeave {
    /// The leave.
    #[serde(flatten)]
    pub leave: Leave,
    marked: Vec<Marked>,
}

impl CountedLeave {
    /// What became of its appointments so far.
    pub fn counts(&self) -> LeaveCounts {
        LeaveCounts::of(&self.leave.id, &self.marked)
    }
}

/// An appointment, as far as the counts go.
#[derive(Debug, Deserialize)]
struct Marked {
    leaves: Vec<LeaveMark>,
    #[serde(default)]
    cancellation: Option<Cancellation>,
}

impl Part for Marked {
    type Of = Appointment;

    const FIELDS: &'static [&'static str] = &["leaves", "cancellation"];
}

impl LeaveCounts {
    fn of(id: &LeaveId, marked: &[Marked]) -> Self {
        let mut counts = Self::default();
        for one in marked {
            let Some(mark) = one.leaves.iter().find(|mark| mark.id == *id) else {
                continue;
            };
            counts.appointments += 1;
            match mark.outcome {
                LeaveOutcome::Offered => counts.offered += 1,
                LeaveOutcome::Moved => counts.moved += 1,
                LeaveOutcome::Kept => counts.kept += 1,
                LeaveOutcome::Cancelled => {
                    counts.cancelled += 1;
                    let refund = one.cancellation.as_ref().and_then(|one| one.refund_id.as_ref());
                    counts.refunded += usize::from(refund.is_some());
                }
            }
        }
        counts
    }
}

/// A doctor's slots, or appointments, that share any time with a span.
fn within(doctor: &AccountId, span: Span) -> Document {
    let earliest = span.start.plus_seconds(-LONGEST_SECONDS);
    doc! {
        "doctor.id": doctor.as_str(),
        "start": { "$gt": earliest.millis(), "$lt": span.end.millis() },
        "end": { "$gt": span.start.millis() },
    }
}

/// Appointments that can be settled for a leave, or stay.
fn live(now: Instant) -> Document {
    let held = doc! { "status": "held", "holdExpiresAt": { "$gt": now.millis() } };
    let stands = doc! { "status": { "$in": ["confirmed", "checked_in"] } };
    doc! { "$or": [stands, held] }
}

/// Adds a leave to a slot.
fn block(leave: &LeaveId) -> Vec<Document> {
    let others = doc! { "$ifNull": ["$leaves", []] };
    vec![doc! { "$set": { "leaves": { "$concatArrays": [others, [leave.as_str()]] } } }]
}

/// Takes a leave from a slot.
fn unblock(leave: &LeaveId) -> Vec<Document> {
    let other = doc! { "$ne": ["$$one", leave.as_str()] };
    let others = doc! { "$filter": { "input": "$leaves", "as": "one", "cond": other } };
    let none = doc! { "$eq": ["$leaves", []] };
    vec![
        doc! { "$set": { "leaves": others } },
        doc! { "$set": { "leaves": { "$cond": [none, "$$REMOVE", "$leaves"] } } },
    ]
}

/// Writes a doctor's calendar, so that of two who do one comes after the other; as it is then.
pub(super) async fn touch(
    calendars: &Scoped<'_, Calendar>,
    doctor: &AccountId,
    tx: &mut Tx,
) -> Result<Calendar> {
    let version = doc! { "$add": [{ "$ifNull": ["$version", 0] }, 1] };
    let touched = vec![doc! { "$set": { "version": version } }];
    calendars.upsert(doc! { "doctorId": doctor.as_str() }, touched, tx).await
}

impl HospitalStore {
    /// What a leave of a doctor would concern.
    pub async fn concerned(
        &self,
        doctor: &AccountId,
        span: Span,
        now: Instant,
    ) -> Result<Concerned> {
        let slots = self.scope.collection::<Slot>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let mut open = within(doctor, span);
        open.insert("$and", vec![bookable(now)]);
        let mut alive = within(doctor, span);
        alive.extend(live(now));
        let by_start = || doc! { "start": 1, "_id": 1 };
        let (open, appointments) = tokio::join!(
            slots.find_parts::<Bare>(Find { filter: open, sort: by_start(), limit: 0 }),
            appointments.find_parts(Find { filter: alive, sort: by_start(), limit: 1000 }),
        );
        Ok(Concerned { open_slots: open?.len(), appointments: appointments? })
    }

    /// Enters a leave and blocks its time, in one transaction: who books a slot of it at the same
    /// moment meets it at that slot, and who publishes slots meets it at the calendar. The same
    /// leave once more is the one that is there.
    pub async fn begin_leave(&self, leave: &Leave, now: Instant) -> Result<Leave> {
        let begun = match self.try_to_begin(leave, now).await {
            // Two may be the first to write in a calendar.
            Err(error) if error.is_duplicate_of("calendar_doctor") => {
                self.try_to_begin(leave, now).await
            }
            result => result,
        };
        let id = match begun? {
            Ok(begun) => return Ok(begun),
            Err(known) => known,
        };
        let found = self.leave(&id).await?;
        found.ok_or_else(|| super::Error::Unavailable("a leave was taken back".to_owned()))
    }

    async fn try_to_begin(
        &self,
        leave: &Leave,
        now: Instant,
    ) -> Result<std::result::Result<Leave, LeaveId>> {
        let slots = self.scope.collection::<Slot>().await?;
        let leaves = self.scope.collection::<Leave>().await?;
        let calendars = self.scope.collection::<Calendar>().await?;
        let begin = async |tx: &mut Tx| {
            let calendar = touch(&calendars, &leave.doctor_id, tx).await?;
            let same = (leave.from, leave.to);
            let known = calendar.leaves.iter().find(|away| (away.from, away.to) == same);
            if let Some(same) = known {
                return Ok(Ended::Abort(Err(same.id.clone())));
            }
            let mut open = within(&leave.doctor_id, leave.away());
            open.insert("$and", vec![bookable(now)]);
            let slots_blocked = slots.update_all(open, block(&leave.id), Some(tx)).await?;
            let mut others = within(&leave.doctor_id, leave.away());
            others.insert("leaves", doc! { "$ne": leave.id.as_str() });
            slots.update_all(others, block(&leave.id), Some(tx)).await?;
            let begun = Leave { slots_blocked, ..leave.clone() };
            leaves.insert(&begun, Some(tx)).await?;
            let ahead = doc! { "$gt": ["$$away.to", now.millis()] };
            let known = doc! { "$ifNull": ["$leaves", []] };
            let kept = doc! { "$filter": { "input": known, "as": "away", "cond": ahead } };
            let (from, to) = (leave.from.millis(), leave.to.millis());
            let new = doc! { "id": leave.id.as_str(), "from": from, "to": to };
            let set = doc! { "$set": { "leaves": { "$concatArrays": [kept, [new]] } } };
            let own = doc! { "doctorId": leave.doctor_id.as_str() };
            calendars.update(own, vec![set], Some(tx)).await?;
            Ok(Ended::Commit(Ok(begun)))
        };
        transact!(self.scope.database(), |tx| begin(&mut tx))
    }

    /// The leave with this id.
    pub async fn leave(&self, id: &LeaveId) -> Result<Option<Leave>> {
        self.scope.collection::<Leave>().await?.find_one(doc! { "_id": id.as_str() }).await
    }

    /// Leaves, of one doctor or of all, the latest first, with what became of their appointments:
    /// one read.
    pub async fn leaves(
        &self,
        doctor: Option<&AccountId>,
        page: &PageRequest,
    ) -> Result<Page<CountedLeave>> {
        let mut query = Document::new();
        if let Some(doctor) = doctor {
            query.insert("doctorId", doctor.as_str());
        }
        if let Some(after) = &page.after {
            query.insert("_id", doc! { "$lt": &after.id });
        }
        let fields = Marked::FIELDS.iter().map(|name| ((*name).to_owned(), 1.into()));
        let marked = vec![
            doc! { "$match": self.scope.own(Document::new()) },
            doc! { "$project": fields.collect::<Document>() },
        ];
        let stages = vec![
            doc! { "$match": query },
            doc! { "$sort": { "_id": -1 } },
            doc! { "$limit": page.limit + 1 },
            doc! { "$lookup": {
                "from": Appointment::COLLECTION,
                "localField": "_id",
                "foreignField": "leaveIds",
                "pipeline": marked,
                "as": "marked",
            } },
        ];
        let items = self.scope.collection::<Leave>().await?.aggregate(stages).await?;
        Ok(Page::cut(items, page, |one: &CountedLeave| Place {
            key: 0,
            id: one.leave.id.as_str().to_owned(),
        }))
    }

    /// What became of a leave's appointments so far.
    pub async fn leave_counts(&self, id: &LeaveId) -> Result<LeaveCounts> {
        let appointments = self.scope.collection::<Appointment>().await?;
        let filter = doc! { "leaves.id": id.as_str() };
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: 0 };
        Ok(LeaveCounts::of(id, &appointments.find_parts::<Marked>(find).await?))
    }

    /// Live appointments to come that fall into a leave and were not settled for it, by start.
    pub async fn unsettled(
        &self,
        leave: &Leave,
        after: Option<&Place>,
        limit: i64,
        now: Instant,
    ) -> Result<Vec<Appointment>> {
        let mut all = vec![live(now), doc! { "start": { "$gt": now.millis() } }];
        all.extend(after.map(after_place));
        let mut filter = within(&leave.doctor_id, leave.away());
        filter.insert("leaves.id", doc! { "$ne": leave.id.as_str() });
        filter.insert("$and", all);
        let appointments = self.scope.collection::<Appointment>().await?;
        appointments.find(Find { filter, sort: doc! { "start": 1, "_id": 1 }, limit }).await
    }

    /// Appointments whose patients have not chosen yet for a leave.
    pub async fn undecided(&self, leave: &LeaveId, limit: i64) -> Result<Vec<Appointment>> {
        let offered = doc! { "id": leave.as_str(), "outcome": "offered" };
        let filter = doc! {
            "leaves.id": leave.as_str(),
            "leaves": { "$elemMatch": offered },
        };
        let appointments = self.scope.collection::<Appointment>().await?;
        appointments.find(Find { filter, sort: doc! { "_id": 1 }, limit }).await
    }

    /// Writes the next state of an appointment, decided for a leave, as long as that holds; what is
    /// called off leaves its slot. Stale, if either has changed.
    pub async fn settle_leave(
        &self,
        leave: &LeaveId,
        next: &Appointment,
        now: Instant,
    ) -> Result<Change> {
        let leaves = self.scope.collection::<Leave>().await?;
        let slots = self.scope.collection::<Slot>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let settle = async |tx: &mut Tx| {
            let touch = doc! { "$inc": { "version": 1_i64 } };
            let holds = leaves.update(holding(leave), touch, Some(tx)).await?.is_some();
            if !holds || !appointments.replace(version_before(next), next, Some(tx)).await? {
                return Ok(Ended::Abort(Change::Stale));
            }
            if !next.status.is_live() {
                let mut own = seats::had_by(&next.id);
                own.insert("_id", next.slot_id.as_str());
                slots.update(own, seats::leave(&next.id, now), Some(tx)).await?;
                self.note_token(next, tx).await?;
            }
            Ok(Ended::Commit(Change::Done))
        };
        transact!(self.scope.database(), |tx| settle(&mut tx))
    }

    /// Notes that all patients of a leave are told, or told that it was taken back; and who stays.
    pub async fn end_leave(&self, leave: &Leave, now: Instant) -> Result<()> {
        let appointments = self.scope.collection::<Appointment>().await?;
        let mut filter = within(&leave.doctor_id, leave.away());
        filter.insert("status", "checked_in");
        let find = Find { filter, sort: doc! { "start": 1, "_id": 1 }, limit: 1000 };
        let there = appointments.find_parts::<AppointmentSummary>(find).await?;
        let there: Vec<&str> = there.iter().map(|one| one.id.as_str()).collect();
        let mut set = doc! { "staying": there, "endedAt": now.millis() };
        if leave.status == LeaveStatus::Running {
            set.insert("status", "done");
        }
        let change = doc! { "$set": set, "$unset": { "dueAt": "" } };
        // Where it is due anew by now there is more to do.
        let due_at = leave.due_at.map_or(Bson::Null, |due| due.millis().into());
        let same =
            doc! { "_id": leave.id.as_str(), "status": status(leave.status), "dueAt": due_at };
        self.scope.collection::<Leave>().await?.update(same, change, None).await?;
        Ok(())
    }

    /// Lets the schedule look again at the leaves an appointment lies in, whose patient was there and
    /// is so no more: he was left out of them.
    pub(super) async fn run_leaves_again(
        &self,
        appointment: &Appointment,
        now: Instant,
        tx: &mut Tx,
    ) -> Result<()> {
        let leaves = doc! {
            "doctorId": appointment.doctor.id.as_str(),
            "status": { "$in": ["running", "done"] },
            "from": { "$lt": appointment.end.millis() },
            "to": { "$gt": appointment.start.millis() },
        };
        let due = doc! { "$set": { "dueAt": now.millis(), "status": "running" } };
        self.scope.collection::<Leave>().await?.update_all(leaves, due, Some(tx)).await.map(|_| ())
    }

    /// The slots that are kept for the list when a leave is taken back.
    async fn kept_without(&self, id: &LeaveId, now: Instant) -> Result<Vec<String>> {
        let Some(leave) = self.leave(id).await? else {
            return Ok(Vec::new());
        };
        let mut filter = within(&leave.doctor_id, leave.away());
        filter.insert("leaves", id.as_str());
        filter.insert("wanted", true);
        filter.insert("$and", vec![doc! { "start": { "$gt": now.millis() } }]);
        let find = Find { filter, sort: doc! { "start": 1, "_id": 1 }, limit: 1000 };
        let mut opening = self.scope.collection::<Slot>().await?.find(find).await?;
        for slot in &mut opening {
            slot.leaves.retain(|other| other != id);
        }
        self.kept_of(&opening, now).await
    }

    /// Takes a leave back: what it blocked is open again, as far as nothing else blocks it, and kept
    /// for the list where it can be offered to somebody who waits. Its patients are told by the
    /// schedule. `None` if it does not hold.
    pub async fn take_leave_back(&self, id: &LeaveId, now: Instant) -> Result<Option<Leave>> {
        let kept = self.kept_without(id, now).await?;
        let slots = self.scope.collection::<Slot>().await?;
        let leaves = self.scope.collection::<Leave>().await?;
        let calendars = self.scope.collection::<Calendar>().await?;
        let take_back = async |tx: &mut Tx| {
            let change = doc! {
                "$set": { "status": "taken_back", "dueAt": now.millis() },
                "$inc": { "version": 1_i64 },
            };
            let Some(leave) = leaves.update(holding(id), change, Some(tx)).await? else {
                return Ok(Ended::Abort(None));
            };
            touch(&calendars, &leave.doctor_id, tx).await?;
            let own = doc! { "doctorId": leave.doctor_id.as_str() };
            let pull = doc! { "$pull": { "leaves": { "id": id.as_str() } } };
            calendars.update(own, pull, Some(tx)).await?;
            let mut blocked = within(&leave.doctor_id, leave.away());
            blocked.insert("leaves", id.as_str());
            blocked.insert("$and", vec![doc! { "start": { "$gt": now.millis() } }]);
            slots.update_all(blocked, unblock(id), Some(tx)).await?;
            keep(&slots, &kept, now, tx).await?;
            Ok(Ended::Commit(Some(leave)))
        };
        transact!(self.scope.database(), |tx| take_back(&mut tx))
    }
}

/// A slot of which only its being there is of interest.
#[derive(Deserialize)]
struct Bare {}

impl Part for Bare {
    type Of = Slot;

    const FIELDS: &'static [&'static str] = &["_id"];
}

/// The leave, if it holds.
fn holding(leave: &LeaveId) -> Document {
    doc! { "_id": leave.as_str(), "status": { "$in": ["running", "done"] } }
}

const fn status(status: LeaveStatus) -> &'static str {
    match status {
        LeaveStatus::Running => "running",
        LeaveStatus::Done => "done",
        LeaveStatus::TakenBack => "taken_back",
    }
}

impl Gate {
    /// Leaves with patients to be told, the longest due first; with their hospitals.
    pub async fn due_leaves(&self, now: Instant, limit: i64) -> Result<Vec<(Tenant, Leave)>> {
        let due = doc! { "dueAt": { "$lte": now.millis() } };
        let due = self.with_hospitals(due, doc! { "dueAt": 1 }, limit).await?;
        Ok(due.into_iter().map(|(tenant, _, leave)| (tenant, leave)).collect())
    }
}
