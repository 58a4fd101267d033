//! Appointments of one hospital.

use super::{
    Error, HospitalStore, Page, PageRequest, Place, Result,
    scoped::{Find, Part, Stored},
    seats,
    slots::{after_place, bookable},
    transaction::{Ended, Tx, transact},
};
use crate::{
    models::{
        AccountId, Appointment, AppointmentId, AppointmentStatus, AppointmentSummary, Booking,
        CalendarEntry, Decided, Id, Instant, Kind, MoveRefusal, Patient, PatientId, Slot, SlotId,
        SlotRefusal, SlotStatus, Span,
    },
    tenancy::Reach,
};
use mongodb::bson::{Bson, Document, doc};

impl Stored for Appointment {
    const COLLECTION: &'static str = "appointments";

    /// While it is live, the minutes its patient is busy: a unique index over them refuses
    /// another at that time. Which of the visits after a consultation it is, as long as it uses
    /// that up: a unique index refuses a second of the same number. The leaves it fell into, by
    /// which a list of leaves joins it. And when its next effect is due.
    fn extras(&self) -> Document {
        let mut extras = Document::new();
        if self.status.is_live() {
            let span = Span { start: self.start, end: self.end };
            let busy: Vec<Bson> = span.minutes().map(Bson::Int32).collect();
            extras.insert("busy", busy);
        }
        if let Some(follow_up) = self.follow_up_in_use() {
            let key = format!("{}/{}", follow_up.of, follow_up.number);
            extras.insert("followUpKey", key);
        }
        if !self.leaves.is_empty() {
            let leaves: Vec<&str> = self.leaves.iter().map(|mark| mark.id.as_str()).collect();
            extras.insert("leaveIds", leaves);
        }
        if let Some(due) = self.effects.iter().map(|effect| effect.due_at.millis()).min() {
            extras.insert("nextEffectAt", due);
        }
        extras
    }
}

/// What a booking came to.
#[derive(Debug)]
pub enum Booked {
    /// It is booked.
    Done(Box<Appointment>),
    /// The slot cannot be had; as it is now, if it is there at all, and why.
    Refused(Option<Box<Slot>>, SlotRefusal),
    /// The patient is somewhere else at that time.
    PatientBusy,
    /// Another visit has become the follow-up this was to be: ask again what it costs.
    Stale,
}

/// Whether a change was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was.
    Done,
    /// The appointment had changed meanwhile: decide again.
    Stale,
}

/// Whether what is over was written and its slot given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// It was.
    Done {
        /// Whether the slot is kept for the waiting list.
        kept: bool,
    },
    /// The appointment had changed meanwhile: decide again.
    Stale,
}

/// What moving an appointment came to.
#[derive(Debug)]
pub enum Rescheduled {
    /// It is moved.
    Done(Box<Appointment>),
    /// It was there already.
    Already,
    /// The appointment had changed meanwhile: decide again.
    Stale,
    /// It is not moved, and this is why.
    Refused(MoveRefusal),
    /// The patient is somewhere else at that time.
    PatientBusy,
}

/// Which appointments are wanted.
#[derive(Debug, Clone, Default)]
pub struct AppointmentFilter {
    /// That start at this instant or later.
    pub from: Option<Instant>,
    /// That start before this instant.
    pub to: Option<Instant>,
    /// Only with this doctor.
    pub doctor: Option<AccountId>,
    /// Only this patient's.
    pub patient: Option<PatientId>,
    /// Only with this status, as it is now.
    pub status: Option<AppointmentStatus>,
    /// Only those that are live now.
    pub live_only: bool,
}

pub(super) fn in_reach(reach: &Reach) -> Document {
    match reach {
        Reach::Hospital => Document::new(),
        Reach::Doctor(doctor) => doc! { "doctor.id": doctor.as_str() },
        Reach::Account(account) => doc! { "patient.accountId": account.as_str() },
    }
}

/// Appointments with this status at this instant; a hold that ran out counts as expired.
fn with_status(status: AppointmentStatus, now: Instant) -> Document {
    match status {
        AppointmentStatus::Held => {
            doc! { "status": "held", "holdExpiresAt": { "$gt": now.millis() } }
        }
        // One that was swept has no hold any more.
        AppointmentStatus::Expired => doc! {
            "status": { "$in": ["expired", "held"] },
            "holdExpiresAt": { "$not": { "$gt": now.millis() } },
        },
        other => doc! { "status": other.as_str() },
    }
}

impl Part for AppointmentSummary {
    type Of = Appointment;

    const FIELDS: &'static [&'static str] = &Self::FIELDS;
}

impl Part for CalendarEntry {
    type Of = Appointment;

    const FIELDS: &'static [&'static str] = &Self::FIELDS;
}

impl HospitalStore {
    /// Books a slot for a patient in one transaction: the slot is claimed by one conditional
    /// update that takes a run-out hold for open, and the appointment is entered. Of any number
    /// of callers one wins. An appointment of the id that is wanted was booked before, by a request
    /// that was killed: it is given as it is.
    pub async fn book(
        &self,
        slot: &SlotId,
        patient: &Patient,
        with: &Booking,
        now: Instant,
    ) -> Result<Booked> {
        let busy = |error: &Error| error.is_duplicate_of("appointment_busy");
        let followed = |error: &Error| error.is_duplicate_of("appointment_follow_up");
        let booked = match self.try_book(slot, patient, with, now).await {
            Err(error) if busy(&error) || followed(&error) => {
                // The hold that is in the way may have run out without anybody noticing.
                self.expire_holds_of(&patient.id, &with.id, now).await?;
                self.try_book(slot, patient, with, now).await
            }
            result => result,
        };
        match booked {
            Ok(Ok(appointment)) => Ok(Booked::Done(Box::new(appointment))),
            Ok(Err(why)) => match self.slot(slot).await? {
                // A run before this one has booked it, and nobody was told.
                Some(slot) if slot.is_had_by(&with.id) => self.booked_before(&with.id).await,
                slot => Ok(Booked::Refused(slot.map(Box::new), why)),
            },
            Err(error) if error.is_duplicate_of("_id_") => self.booked_before(&with.id).await,
            Err(error) if busy(&error) => Ok(Booked::PatientBusy),
            Err(error) if followed(&error) => Ok(Booked::Stale),
            Err(error) => Err(error),
        }
    }

    async fn booked_before(&self, id: &AppointmentId) -> Result<Booked> {
        let found = self.appointment(id, &Reach::Hospital).await?;
        let missing = || Error::Corrupt("a slot of an appointment that is not there".to_owned());
        found.map(|found| Booked::Done(Box::new(found))).ok_or_else(missing)
    }

    async fn try_book(
        &self,
        slot: &SlotId,
        patient: &Patient,
        with: &Booking,
        now: Instant,
    ) -> Result<std::result::Result<Appointment, SlotRefusal>> {
        let slots = self.scope.collection::<Slot>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let claim = taken_with(with, now);
        let book = async |tx: &mut Tx| {
            let mut open = bookable(now);
            open.insert("_id", slot.as_str());
            let Some(before) = slots.claim(open, claim.clone(), tx).await? else {
                return Ok(Ended::Abort(Err(SlotRefusal::Taken)));
            };
            let appointment = match Appointment::book(&before, patient, with.clone(), now) {
                Ok(appointment) => appointment,
                Err(refusal) => return Ok(Ended::Abort(Err(refusal))),
            };
            appointments.insert(&appointment, Some(tx)).await?;
            Ok(Ended::Commit(Ok(appointment)))
        };
        transact!(self.scope.database(), |tx| book(&mut tx))
    }

    /// Expires a patient's run-out holds, as the sweeper does: their slots are kept for whoever waits.
    pub(super) async fn expire_holds_of(
        &self,
        patient: &PatientId,
        but: &AppointmentId,
        now: Instant,
    ) -> Result<()> {
        let filter = doc! {
            "_id": { "$ne": but.as_str() },
            "patient.id": patient.as_str(),
            "status": "held",
            "holdExpiresAt": { "$lte": now.millis() },
            "$or": [{ "busy": { "$exists": true } }, { "followUpKey": { "$exists": true } }],
        };
        let appointments = self.scope.collection::<Appointment>().await?;
        let ran_out =
            appointments.find(Find { filter, sort: doc! { "_id": 1 }, limit: 100 }).await?;
        for expired in ran_out.iter().filter_map(|appointment| appointment.expire(now)) {
            self.release(&expired, now).await?;
        }
        Ok(())
    }

    /// The appointment with this id, if it is within reach.
    pub async fn appointment(
        &self,
        id: &AppointmentId,
        reach: &Reach,
    ) -> Result<Option<Appointment>> {
        let mut filter = doc! { "_id": id.as_str() };
        filter.extend(in_reach(reach));
        self.scope.collection::<Appointment>().await?.find_one(filter).await
    }

    /// The appointments that fit and are within reach, by start.
    pub async fn appointments(
        &self,
        filter: &AppointmentFilter,
        reach: &Reach,
        page: &PageRequest,
        now: Instant,
    ) -> Result<Page<AppointmentSummary>> {
        let mut all = Vec::new();
        if filter.live_only {
            // One that stands has no hold. Alternatives would not be read from an index.
            all.push(doc! {
                "status": { "$in": ["held", "confirmed", "checked_in"] },
                "holdExpiresAt": { "$not": { "$lte": now.millis() } },
            });
        }
        if let Some(status) = filter.status {
            all.push(with_status(status, now));
        }
        if let Some(doctor) = &filter.doctor {
            all.push(doc! { "doctor.id": doctor.as_str() });
        }
        if let Some(patient) = &filter.patient {
            all.push(doc! { "patient.id": patient.as_str() });
        }
        if let Some(from) = filter.from {
            all.push(doc! { "start": { "$gte": from.millis() } });
        }
        if let Some(to) = filter.to {
            all.push(doc! { "start": { "$lt": to.millis() } });
        }
        if let Some(after) = &page.after {
            all.push(after_place(after));
        }
        let mut query = in_reach(reach);
        if !all.is_empty() {
            query.insert("$and", all);
        }
        let find =
            Find { filter: query, sort: doc! { "start": 1, "_id": 1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<Appointment>().await?.find_parts(find).await?;
        Ok(Page::cut(items, page, |item: &AppointmentSummary| Place {
            key: item.start.millis(),
            id: item.id.as_str().to_owned(),
        }))
    }

    /// What a calendar shows from this instant on, by start.
    pub async fn calendar(&self, reach: &Reach, from: Instant) -> Result<Vec<CalendarEntry>> {
        let mut filter = in_reach(reach);
        filter.insert("start", doc! { "$gte": from.millis() });
        let find = Find { filter, sort: doc! { "start": 1, "_id": 1 }, limit: 1000 };
        self.scope.collection::<Appointment>().await?.find_parts(find).await
    }

    /// Whether an account, as doctor or for a patient, has any appointment.
    pub(super) async fn has_appointments(&self, account: &AccountId, tx: &mut Tx) -> Result<bool> {
        let appointments = self.scope.collection::<Appointment>().await?;
        for reach in [Reach::Doctor(account.clone()), Reach::Account(account.clone())] {
            if appointments.find_one_in(in_reach(&reach), tx).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes an appointment's next state, unless it changed since that was decided.
    pub async fn change_appointment(&self, next: &Appointment) -> Result<Change> {
        let appointments = self.scope.collection::<Appointment>().await?;
        let replaced = appointments.replace(version_before(next), next, None).await?;
        Ok(if replaced { Change::Done } else { Change::Stale })
    }

    /// Moves an appointment to another slot: that is taken, the old one left and the appointment
    /// changed in one transaction, or nothing is. `decide` gives its next state in the slot as it
    /// was found.
    pub async fn reschedule(
        &self,
        current: &Appointment,
        slot: &SlotId,
        decide: impl Fn(&Slot) -> std::result::Result<Decided, MoveRefusal>,
        now: Instant,
    ) -> Result<Rescheduled> {
        let busy = |error: &Error| error.is_duplicate_of("appointment_busy");
        let moved = match self.try_to_move(current, slot, &decide, now).await {
            Err(error) if busy(&error) => {
                // The hold that is in the way may have run out without anybody noticing.
                self.expire_holds_of(&current.patient.id, &current.id, now).await?;
                self.try_to_move(current, slot, &decide, now).await
            }
            result => result,
        };
        match moved {
            Err(error) if busy(&error) => Ok(Rescheduled::PatientBusy),
            result => result,
        }
    }

    async fn try_to_move(
        &self,
        current: &Appointment,
        slot: &SlotId,
        decide: &impl Fn(&Slot) -> std::result::Result<Decided, MoveRefusal>,
        now: Instant,
    ) -> Result<Rescheduled> {
        let slots = self.scope.collection::<Slot>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let status = match current.status {
            AppointmentStatus::Held => SlotStatus::Held,
            _ => SlotStatus::Booked,
        };
        let begun = doc! { "$max": ["$start", Booking::least_hold(now).millis()] };
        let hold = current
            .hold_expires_at
            .map_or(Bson::Null, |until| doc! { "$min": [until.millis(), begun.clone()] }.into());
        let claim = seats::take(&current.id, status.as_str().into(), hold, now);
        let change = async |tx: &mut Tx| {
            let mut open = bookable(now);
            open.insert("_id", slot.as_str());
            let Some(before) = slots.claim(open, claim.clone(), tx).await? else {
                let taken = MoveRefusal::Slot(SlotRefusal::Taken);
                return Ok(Ended::Abort(Rescheduled::Refused(taken)));
            };
            let next = match decide(&before) {
                Ok(Decided::Now(next)) => next,
                Ok(Decided::Already) => return Ok(Ended::Abort(Rescheduled::Already)),
                Err(refusal) => return Ok(Ended::Abort(Rescheduled::Refused(refusal))),
            };
            if !appointments.replace(version_before(&next), &next, Some(tx)).await? {
                return Ok(Ended::Abort(Rescheduled::Stale));
            }
            let mut own = seats::had_by(&current.id);
            own.insert("_id", current.slot_id.as_str());
            slots.update(own, seats::leave(&current.id, now), Some(tx)).await?;
            Ok(Ended::Commit(Rescheduled::Done(next)))
        };
        transact!(self.scope.database(), |tx| change(&mut tx))
    }

    /// Writes the next state of a held appointment whose hold goes on longer, and its slot's: both
    /// or neither. Stale if somebody else has the slot by now.
    pub async fn hold_longer(&self, next: &Appointment, now: Instant) -> Result<Change> {
        let slots = self.scope.collection::<Slot>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let until = next.hold_expires_at.map_or(Bson::Null, |until| until.millis().into());
        let hold = async |tx: &mut Tx| {
            let mut own = seats::held_by(&next.id);
            own.insert("_id", next.slot_id.as_str());
            let status = SlotStatus::Held.as_str().into();
            let longer = seats::take(&next.id, status, until.clone(), now);
            let held = slots.update(own, longer, Some(tx)).await?.is_some();
            if !held || !appointments.replace(version_before(next), next, Some(tx)).await? {
                return Ok(Ended::Abort(Change::Stale));
            }
            Ok(Ended::Commit(Change::Done))
        };
        transact!(self.scope.database(), |tx| hold(&mut tx))
    }

    /// Writes the next state of an appointment that is over, and gives its slot back: both or
    /// neither. Where somebody waits for the slot, it is kept for him.
    pub async fn release(&self, next: &Appointment, now: Instant) -> Result<Released> {
        let slots = self.scope.collection::<Slot>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let release = async |tx: &mut Tx| {
            if !appointments.replace(version_before(next), next, Some(tx)).await? {
                return Ok(Ended::Abort(Released::Stale));
            }
            let mut own = seats::had_by(&next.id);
            own.insert("_id", next.slot_id.as_str());
            // Somebody else may have it since the hold ran out; then it is not ours to open.
            let left = slots.update(own, seats::leave(&next.id, now), Some(tx)).await?;
            self.note_token(next, tx).await?;
            let kept = left.is_some_and(|slot| slot.kept_until.is_some());
            Ok(Ended::Commit(Released::Done { kept }))
        };
        transact!(self.scope.database(), |tx| release(&mut tx))
    }
}

/// How a booking takes its slot: held until it is paid, or booked where it costs nothing.
pub(super) fn taken_with(with: &Booking, now: Instant) -> Vec<Document> {
    let (status, hold) = if with.quote.fee.is_zero() {
        (SlotStatus::Booked, Bson::Null)
    } else {
        let (most, least) = with.hold(now);
        let begun = doc! { "$max": ["$start", least.millis()] };
        (SlotStatus::Held, doc! { "$min": [most.millis(), begun] }.into())
    };
    seats::take(&with.id, status.as_str().into(), hold, now)
}

/// The appointment as it was when its next state was decided.
pub(super) fn version_before(next: &Appointment) -> Document {
    version_of(&next.id, next.version)
}

/// A document as it was before it had this version.
pub(super) fn version_of<K: Kind>(id: &Id<K>, version: i64) -> Document {
    doc! { "_id": id.as_str(), "version": version.saturating_sub(1) }
}
