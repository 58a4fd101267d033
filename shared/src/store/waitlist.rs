//! The waiting list of one hospital, and the slots that are kept for it.

use super::{
    Booked, Change, Error, HospitalStore, Page, PageRequest, Place, Result,
    appointments::{taken_with, version_of},
    gate::Gate,
    scoped::{Find, Scoped, Stored},
    seats,
    slots::{has_hours, not_shut},
    transaction::{Ended, Tx, transact},
};
use crate::{
    models::{
        AccountId, Appointment, Booking, Hospital, Instant, Notification, Offer, Patient,
        PatientId, Slot, SlotId, SlotRefusal, SlotStatus, WaitEntry, WaitId, WaitStatus, Wanted,
        to_keep,
    },
    tenancy::Tenant,
};
use mongodb::bson::{Document, doc};
use std::collections::HashSet;

impl Stored for WaitEntry {
    const COLLECTION: &'static str = "waitlist";

    /// While it waits, its wish: a unique index over it refuses the same once more.
    fn extras(&self) -> Document {
        match self.status {
            WaitStatus::Waiting => doc! { "wish": self.wish() },
            _ => Document::new(),
        }
    }
}

/// Some of those who wait.
#[derive(Debug)]
pub struct Queued {
    /// Those whom the slot may be offered, in the order they came.
    pub able: Vec<WaitEntry>,
    /// The last that was looked at; the next come after it.
    pub last: WaitId,
}

/// What offering a slot to somebody came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is kept for him.
    Done,
    /// The slot is not to be had any more.
    Gone,
    /// He has changed meanwhile.
    Stale,
}

fn wanted(wanted: &Wanted) -> Document {
    match wanted {
        Wanted::DoctorId(doctor) => doc! { "doctor.id": doctor.as_str() },
        Wanted::Speciality(field) => doc! { "doctor.speciality": field.as_str() },
    }
}

/// Those who wait for slots like this one.
fn waiting_for(slot: &Slot) -> Document {
    doc! {
        "status": "waiting",
        "$or": [
            { "wanted.doctorId": slot.doctor.id.as_str() },
            { "wanted.speciality": slot.doctor.speciality.as_str() },
        ],
    }
}

/// Wishes by which these people have an offer, or had this slot offered: a person has one offer at
/// a time, and none of the same slot twice, whatever he waits for.
fn offered_to(people: &[&str], slot: &SlotId) -> Document {
    let has = doc! { "offer": { "$exists": true } };
    let had = doc! { "passed": slot.as_str() };
    doc! { "patient.id": { "$in": people }, "$or": [has, had] }
}

/// Keeps slots that have just opened for the list, as far as they are open.
pub(super) async fn keep(
    slots: &Scoped<'_, Slot>,
    ids: &[String],
    now: Instant,
    tx: &mut Tx,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut open = not_shut(seats::room_at(now));
    open.insert("_id", doc! { "$in": ids });
    open.insert("closesAt", has_hours());
    open.insert("keptUntil", doc! { "$not": { "$gt": now.millis() } });
    let until = now.plus_seconds(Slot::KEEP_SECONDS).millis();
    slots.update_all(open, doc! { "$set": { "keptUntil": until } }, Some(tx)).await?;
    Ok(())
}

impl HospitalStore {
    /// Enters somebody into the list and marks the slots he waits for, in one transaction: whoever
    /// gives such a slot back keeps it for the list. That does not see what is being published, so
    /// they are marked once more when he is there. The same wish once more is the entry that is
    /// there.
    pub async fn join_waitlist(&self, entry: &WaitEntry, now: Instant) -> Result<WaitEntry> {
        let slots = self.scope.collection::<Slot>().await?;
        let entries = self.scope.collection::<WaitEntry>().await?;
        let from = entry.during.start.max(now);
        let mut unmarked = wanted(&entry.wanted);
        unmarked.insert("start", doc! { "$gte": from.millis(), "$lt": entry.during.end.millis() });
        unmarked.insert("wanted", doc! { "$exists": false });
        let mark = async |new: Option<&WaitEntry>, tx: &mut Tx| {
            if let Some(new) = new {
                entries.insert(new, Some(tx)).await?;
            }
            let wanted = doc! { "$set": { "wanted": true } };
            slots.update_all(unmarked.clone(), wanted, Some(tx)).await?;
            Ok(Ended::Commit(()))
        };
        let joined = match transact!(self.scope.database(), |tx| mark(Some(entry), &mut tx)) {
            Err(error) if error.is_duplicate_of("waitlist_wish") => {
                let same = self.same_wish(entry).await?;
                same.ok_or_else(|| Error::Unavailable("a wish came and went".to_owned()))?
            }
            result => result.map(|()| entry.clone())?,
        };
        transact!(self.scope.database(), |tx| mark(None, &mut tx))?;
        Ok(joined)
    }

    /// The entry with the same wish that waits, if there is one.
    pub async fn same_wish(&self, entry: &WaitEntry) -> Result<Option<WaitEntry>> {
        let same = doc! { "wish": entry.wish() };
        self.scope.collection::<WaitEntry>().await?.find_one(same).await
    }

    /// How many wishes of an account wait; not counted further than there may be.
    pub async fn wishes_of(&self, account: &AccountId, now: Instant) -> Result<usize> {
        let filter = doc! {
            "accountId": account.as_str(),
            "status": "waiting",
            "during.end": { "$gt": now.millis() },
        };
        let entries = self.scope.collection::<WaitEntry>().await?;
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: WaitEntry::MOST };
        Ok(entries.find(find).await?.len())
    }

    /// The wishes that wait for any of these slots of a doctor, in the order they came, and perhaps
    /// others.
    pub(super) async fn wishes_for(&self, slots: &[&Slot]) -> Result<Vec<WaitEntry>> {
        let first = slots.iter().min_by_key(|slot| slot.start);
        let last = slots.iter().map(|slot| slot.start).max();
        let Some((first, last)) = first.zip(last) else {
            return Ok(Vec::new());
        };
        let mut filter = waiting_for(first);
        filter.insert("during.end", doc! { "$gt": first.start.millis() });
        filter.insert("during.start", doc! { "$lte": last.millis() });
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: 1000 };
        self.scope.collection::<WaitEntry>().await?.find(find).await
    }

    /// Which of some slots of a doctor are kept for the list when they open together, by start.
    pub(super) async fn kept_of(&self, opening: &[Slot], now: Instant) -> Result<Vec<String>> {
        if opening.is_empty() {
            return Ok(Vec::new());
        }
        let all: Vec<&Slot> = opening.iter().collect();
        let (wishes, hospital) = tokio::join!(self.wishes_for(&all), self.own_hospital());
        let (wishes, hospital) = (wishes?, hospital?);
        let kept = hospital.map(|hospital| to_keep(opening, &wishes, &Offer::of(&hospital), now));
        let kept = kept.unwrap_or_default();
        Ok(kept.iter().map(|id| id.as_str().to_owned()).collect())
    }

    /// Those who wait, of one account or all, in the order they came.
    pub async fn waitlist(
        &self,
        account: Option<&AccountId>,
        page: &PageRequest,
    ) -> Result<Page<WaitEntry>> {
        let mut filter = Document::new();
        if let Some(account) = account {
            filter.insert("accountId", account.as_str());
        }
        if let Some(after) = &page.after {
            filter.insert("_id", doc! { "$gt": &after.id });
        }
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<WaitEntry>().await?.find(find).await?;
        Ok(Page::cut(items, page, |one| Place { key: 0, id: one.id.as_str().to_owned() }))
    }

    /// Somebody on the list.
    pub async fn waiting(&self, id: &WaitId) -> Result<Option<WaitEntry>> {
        self.scope.collection::<WaitEntry>().await?.find_one(doc! { "_id": id.as_str() }).await
    }

    /// Those who wait for a slot, in the order they came, after the one with this id; `None` once
    /// there are no more.
    pub async fn next_waiting(
        &self,
        slot: &Slot,
        after: Option<&WaitId>,
        limit: i64,
    ) -> Result<Option<Queued>> {
        let mut filter = waiting_for(slot);
        filter.insert("offer", doc! { "$exists": false });
        filter.insert("passed", doc! { "$ne": slot.id.as_str() });
        filter.insert("during.start", doc! { "$lte": slot.start.millis() });
        filter.insert("during.end", doc! { "$gt": slot.start.millis() });
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": after.as_str() });
        }
        let entries = self.scope.collection::<WaitEntry>().await?;
        let mut able = entries.find(Find { filter, sort: doc! { "_id": 1 }, limit }).await?;
        let Some(last) = able.last().map(|entry| entry.id.clone()) else {
            return Ok(None);
        };
        let people: Vec<&str> = able.iter().map(|entry| entry.patient.id.as_str()).collect();
        let filter = offered_to(&people, &slot.id);
        let others = entries.find(Find { filter, sort: doc! { "_id": 1 }, limit: 0 }).await?;
        let offered: HashSet<&PatientId> = others.iter().map(|other| &other.patient.id).collect();
        able.retain(|entry| !offered.contains(&entry.patient.id));
        Ok(Some(Queued { able, last }))
    }

    /// Whether a patient cannot use a slot: he is somewhere else in its time, or it is what he gave
    /// back himself while he waited, called off, not paid or left for another.
    pub async fn cannot_use(&self, entry: &WaitEntry, slot: &Slot, now: Instant) -> Result<bool> {
        let held = doc! { "status": "held", "holdExpiresAt": { "$gt": now.millis() } };
        let stands = doc! { "status": { "$in": ["confirmed", "checked_in"] } };
        let since = doc! { "$gte": entry.created_at.millis() };
        let by_himself = |what: &str| doc! { "what": what, "by.role": "patient", "at": &since };
        let step = |step: Document| doc! { "history": { "$elemMatch": step } };
        let mut left = by_himself("rescheduled");
        left.insert("from", slot.start.millis());
        let over = [by_himself("cancelled"), doc! { "what": "expired", "at": &since }].map(step);
        let then = doc! {
            "start": { "$lt": slot.end.millis() },
            "end": { "$gt": slot.start.millis() },
            "$or": [held, stands],
        };
        let his = doc! { "slotId": slot.id.as_str(), "$or": over.to_vec() };
        let mut moved_away = step(left);
        moved_away.insert("doctor.id", slot.doctor.id.as_str());
        // An appointment lasts eight hours at most, and nobody waits for what is past.
        let earliest = entry.created_at.plus_seconds(-8 * 3600).millis();
        let filter = doc! {
            "patient.id": entry.patient.id.as_str(),
            "start": { "$gt": earliest },
            "$or": [then, his, moved_away],
        };
        let appointments = self.scope.collection::<Appointment>().await?;
        Ok(appointments.find_one(filter).await?.is_some())
    }

    /// Keeps a slot, or a seat of it, for whom it is offered to, with his mail: all or nothing. Of
    /// a group, the other seats are kept for the list until `others`, if that is said. Whoever
    /// offers him another slot at the same moment meets him at his record, and so does an import
    /// that gives him to another account.
    pub async fn offer_slot(
        &self,
        next: &WaitEntry,
        mail: &Notification,
        (others, now): (Option<Instant>, Instant),
    ) -> Result<Offered> {
        let Some(offer) = &next.offer else {
            return Ok(Offered::Stale);
        };
        let slots = self.scope.collection::<Slot>().await?;
        let entries = self.scope.collection::<WaitEntry>().await?;
        let patients = self.scope.collection::<Patient>().await?;
        let mails = self.scope.collection::<Notification>().await?;
        let person = doc! {
            "_id": next.patient.id.as_str(),
            "accountId": next.account_id.as_str(),
        };
        let keep = async |tx: &mut Tx| {
            let mut kept = not_shut(seats::room_at(now));
            kept.insert("_id", offer.slot_id.as_str());
            kept.insert("closesAt", has_hours());
            kept.insert("keptUntil", doc! { "$exists": true });
            let (status, until) = (SlotStatus::Held.as_str().into(), offer.until.millis().into());
            let mut take = seats::take(&offer.appointment_id, status, until, now);
            take.extend(others.map(seats::keep_others));
            if slots.claim(kept, take, tx).await?.is_none() {
                return Ok(Ended::Abort(Offered::Gone));
            }
            let touch = doc! { "$inc": { "offers": 1_i64 } };
            let there = patients.update(person.clone(), touch, Some(tx)).await?.is_some();
            let offered = offered_to(&[next.patient.id.as_str()], &offer.slot_id);
            if !there
                || entries.find_one_in(offered, tx).await?.is_some()
                || !entries.replace(version_of(&next.id, next.version), next, Some(tx)).await?
            {
                return Ok(Ended::Abort(Offered::Stale));
            }
            mails.insert(mail, Some(tx)).await?;
            Ok(Ended::Commit(Offered::Done))
        };
        transact!(self.scope.database(), |tx| keep(&mut tx))
    }

    /// Writes the next state of somebody whose offer is over or who waits no longer, and leaves the
    /// slot that was kept: both or neither.
    pub async fn leave_offer(
        &self,
        before: &WaitEntry,
        next: &WaitEntry,
        now: Instant,
    ) -> Result<Change> {
        let slots = self.scope.collection::<Slot>().await?;
        let entries = self.scope.collection::<WaitEntry>().await?;
        let leave = async |tx: &mut Tx| {
            if !entries.replace(version_of(&next.id, next.version), next, Some(tx)).await? {
                return Ok(Ended::Abort(Change::Stale));
            }
            if let Some(offer) = &before.offer {
                let mut own = seats::had_by(&offer.appointment_id);
                own.insert("_id", offer.slot_id.as_str());
                slots.update(own, seats::leave(&offer.appointment_id, now), Some(tx)).await?;
            }
            Ok(Ended::Commit(Change::Done))
        };
        transact!(self.scope.database(), |tx| leave(&mut tx))
    }

    /// Books what is offered: the slot that is kept is taken, the appointment entered and the entry
    /// ended, or nothing is.
    pub async fn accept_offer(
        &self,
        entry: &WaitEntry,
        patient: &Patient,
        with: &Booking,
        now: Instant,
    ) -> Result<Booked> {
        let in_the_way = |error: &Error| {
            error.is_duplicate_of("appointment_busy")
                || error.is_duplicate_of("appointment_follow_up")
        };
        let booked = match self.try_to_accept(entry, patient, with, now).await {
            Err(error) if in_the_way(&error) => {
                // The hold that is in the way may have run out without anybody noticing.
                self.expire_holds_of(&patient.id, &with.id, now).await?;
                self.try_to_accept(entry, patient, with, now).await
            }
            result => result,
        };
        match booked {
            Ok(Ok(appointment)) => Ok(Booked::Done(Box::new(appointment))),
            Ok(Err(why)) => Ok(Booked::Refused(None, why)),
            Err(error) if error.is_duplicate_of("appointment_busy") => Ok(Booked::PatientBusy),
            Err(error) if in_the_way(&error) => Ok(Booked::Stale),
            Err(error) => Err(error),
        }
    }

    async fn try_to_accept(
        &self,
        entry: &WaitEntry,
        patient: &Patient,
        with: &Booking,
        now: Instant,
    ) -> Result<std::result::Result<Appointment, SlotRefusal>> {
        let (Some(next), Some(offer)) = (entry.booked(now), entry.offered(now)) else {
            return Ok(Err(SlotRefusal::Taken));
        };
        let slots = self.scope.collection::<Slot>().await?;
        let entries = self.scope.collection::<WaitEntry>().await?;
        let appointments = self.scope.collection::<Appointment>().await?;
        let claim = taken_with(with, now);
        let accept = async |tx: &mut Tx| {
            // Whoever has the same link and was faster has changed the entry.
            if !entries.replace(version_of(&next.id, next.version), &next, Some(tx)).await? {
                return Ok(Ended::Abort(Err(SlotRefusal::Taken)));
            }
            let mut kept = not_shut(seats::kept_by(&offer.appointment_id, now));
            kept.insert("_id", offer.slot_id.as_str());
            let Some(before) = slots.claim(kept, claim.clone(), tx).await? else {
                return Ok(Ended::Abort(Err(SlotRefusal::Taken)));
            };
            let own = before.kept_for(&offer.appointment_id);
            let appointment = match Appointment::book(&own, patient, with.clone(), now) {
                Ok(appointment) => appointment,
                Err(refusal) => return Ok(Ended::Abort(Err(refusal))),
            };
            appointments.insert(&appointment, Some(tx)).await?;
            Ok(Ended::Commit(Ok(appointment)))
        };
        transact!(self.scope.database(), |tx| accept(&mut tx))
    }

    /// Lets a slot go that was kept for the list: nobody waits for it.
    pub async fn open_kept(&self, slot: &Slot) -> Result<()> {
        let Some(until) = slot.kept_until else {
            return Ok(());
        };
        let same = doc! { "_id": slot.id.as_str(), "keptUntil": until.millis() };
        let open = doc! { "$unset": { "keptUntil": "" } };
        self.scope.collection::<Slot>().await?.update(same, open, None).await?;
        Ok(())
    }
}

impl Gate {
    /// Those on the lists whose offers are over, with their hospitals.
    pub async fn lapsed_offers(
        &self,
        now: Instant,
        limit: i64,
    ) -> Result<Vec<(Tenant, Hospital, WaitEntry)>> {
        let due = doc! { "offer.until": { "$lte": now.millis() } };
        self.with_hospitals(due, doc! { "offer.until": 1 }, limit).await
    }

    /// Slots that have opened and are kept for the lists, with their hospitals; of those that
    /// opened together the earliest first.
    pub async fn kept_slots(&self, limit: i64) -> Result<Vec<(Tenant, Hospital, Slot)>> {
        let kept = doc! { "keptUntil": { "$exists": true } };
        self.with_hospitals(kept, doc! { "keptUntil": 1, "start": 1 }, limit).await
    }
}
