//! The waiting list of one hospital, and the slots that are kept for it.

use super::{
    Booked, Change, Error, HospitalStore, Page, PageRequest, Place, Result,
    appointments::{taken_with, version_of},
    connection::bounded,
    gate::Gate,
    platform::tenant_of,
    scoped::{Find, Stored, read},
    seats,
    slots::not_shut,
    transaction::{Ended, Tx, transact},
};
use crate::{
    models::{
        AccountId, Appointment, Booking, Hospital, Instant, Notification, Patient, PatientId, Slot,
        SlotRefusal, SlotStatus, Span, WaitEntry, WaitId, WaitStatus, Wanted,
    },
    tenancy::Tenant,
};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Document, RawDocumentBuf, doc},
};
use serde::{Deserialize, de::DeserializeOwned};

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

impl HospitalStore {
    /// Enters somebody into the list and marks the slots he waits for, in one transaction: whoever
    /// gives such a slot back keeps it for the list. The same wish once more is the entry that is
    /// there.
    pub async fn join_waitlist(&self, entry: &WaitEntry, now: Instant) -> Result<WaitEntry> {
        let slots = self.scope.collection::<Slot>().await?;
        let entries = self.scope.collection::<WaitEntry>().await?;
        let from = entry.during.start.max(now);
        let mut unmarked = wanted(&entry.wanted);
        unmarked.insert("start", doc! { "$gte": from.millis(), "$lt": entry.during.end.millis() });
        unmarked.insert("wanted", doc! { "$exists": false });
        let join = async |tx: &mut Tx| {
            entries.insert(entry, Some(tx)).await?;
            let mark = doc! { "$set": { "wanted": true } };
            slots.update_all(unmarked.clone(), mark, Some(tx)).await?;
            Ok(Ended::Commit(()))
        };
        let joined = transact!(self.scope.database(), |tx| join(&mut tx));
        match joined {
            Err(error) if error.is_duplicate_of("waitlist_wish") => {
                let same = self.same_wish(entry).await?;
                same.ok_or_else(|| Error::Unavailable("a wish came and went".to_owned()))
            }
            result => result.map(|()| entry.clone()),
        }
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

    /// The wishes that wait for any slots of a doctor or his speciality in a span.
    pub(super) async fn wishes_for(&self, like: &Slot, span: Span) -> Result<Vec<WaitEntry>> {
        let mut filter = waiting_for(like);
        filter.insert("during.end", doc! { "$gt": span.start.millis() });
        filter.insert("during.start", doc! { "$lt": span.end.millis() });
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: 1000 };
        self.scope.collection::<WaitEntry>().await?.find(find).await
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

    /// Those whom a slot may be offered, in the order they came, after the one with this id.
    pub async fn next_waiting(
        &self,
        slot: &Slot,
        after: Option<&WaitId>,
        limit: i64,
    ) -> Result<Vec<WaitEntry>> {
        let mut filter = waiting_for(slot);
        filter.insert("offer", doc! { "$exists": false });
        filter.insert("passed", doc! { "$ne": slot.id.as_str() });
        filter.insert("during.start", doc! { "$lte": slot.start.millis() });
        filter.insert("during.end", doc! { "$gt": slot.start.millis() });
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": after.as_str() });
        }
        let find = Find { filter, sort: doc! { "_id": 1 }, limit };
        self.scope.collection::<WaitEntry>().await?.find(find).await
    }

    /// Whether a patient is somewhere else in the time of a slot.
    pub async fn is_busy(&self, patient: &PatientId, slot: &Slot, now: Instant) -> Result<bool> {
        let held = doc! { "status": "held", "holdExpiresAt": { "$gt": now.millis() } };
        let stands = doc! { "status": { "$in": ["confirmed", "checked_in"] } };
        let filter = doc! {
            "patient.id": patient.as_str(),
            "start": { "$lt": slot.end.millis() },
            "end": { "$gt": slot.start.millis() },
            "$or": [held, stands],
        };
        let appointments = self.scope.collection::<Appointment>().await?;
        Ok(appointments.find_one(filter).await?.is_some())
    }

    /// Keeps a slot, or a seat of it, for whom it is offered to, with his mail: all or nothing.
    pub async fn offer_slot(
        &self,
        next: &WaitEntry,
        mail: &Notification,
        now: Instant,
    ) -> Result<Offered> {
        let Some(offer) = &next.offer else {
            return Ok(Offered::Stale);
        };
        let slots = self.scope.collection::<Slot>().await?;
        let entries = self.scope.collection::<WaitEntry>().await?;
        let mails = self.scope.collection::<Notification>().await?;
        let keep = async |tx: &mut Tx| {
            let mut kept = not_shut(seats::room_at(now));
            kept.insert("_id", offer.slot_id.as_str());
            kept.insert("keptUntil", doc! { "$exists": true });
            let (status, until) = (SlotStatus::Held.as_str().into(), offer.until.millis().into());
            let take = seats::take(&offer.appointment_id, status, until, now);
            if slots.claim(kept, take, tx).await?.is_none() {
                return Ok(Ended::Abort(Offered::Gone));
            }
            if !entries.replace(version_of(&next.id, next.version), next, Some(tx)).await? {
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
                self.expire_holds_of(&patient.id, now).await?;
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
        self.with_hospitals(due, "offer.until", limit).await
    }

    /// Slots that were given back and are kept for the lists, with their hospitals.
    pub async fn kept_slots(&self, limit: i64) -> Result<Vec<(Tenant, Hospital, Slot)>> {
        self.with_hospitals(doc! { "keptUntil": { "$exists": true } }, "keptUntil", limit).await
    }

    async fn with_hospitals<T: Stored + DeserializeOwned>(
        &self,
        filter: Document,
        by: &str,
        limit: i64,
    ) -> Result<Vec<(Tenant, Hospital, T)>> {
        #[derive(Deserialize)]
        struct Owner {
            hospital: Vec<Hospital>,
        }
        let handle = self.database().handle().await?;
        let found: Collection<RawDocumentBuf> = handle.collection(T::COLLECTION);
        let hospital = doc! { "from": "hospitals", "localField": "hospitalId", "foreignField": "_id", "as": "hospital" };
        let stages = vec![
            doc! { "$match": filter },
            doc! { "$sort": { by: 1 } },
            doc! { "$limit": limit },
            doc! { "$lookup": hospital },
        ];
        let cursor = found.aggregate(stages).with_type::<RawDocumentBuf>();
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        let mut all = Vec::new();
        for raw in &raws {
            let owner: Owner = read(raw)?;
            if let Some(hospital) = owner.hospital.into_iter().next() {
                all.push((tenant_of(&hospital), hospital, read(raw)?));
            }
        }
        Ok(all)
    }
}
