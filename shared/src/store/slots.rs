//! Slots of one hospital's doctors.

use super::{
    Error, HospitalStore, Page, PageRequest, Place, Result,
    leaves::touch,
    scoped::{Find, Stored},
    seats::{untouched, with_room},
    transaction::{Ended, Tx, transact},
};
use crate::models::{
    Account, AccountId, AccountStatus, Calendar, Day, Instant, Offer, OnOffer, Planned, Replaced,
    Role, Search, Slot, SlotId, Span, Speciality, VisitType, WaitEntry, mark_new, publish,
};
use mongodb::bson::{Bson, Document, doc, serialize_to_document};
use serde::Deserialize;

impl Stored for Slot {
    const COLLECTION: &'static str = "slots";

    const UNCHANGED: &'static [&'static str] = &["slot_minutes"];

    /// The minutes the slot covers: a unique index over them refuses a doctor's overlapping slots.
    /// And whose earlier visits count for it, where any do.
    fn extras(&self) -> Document {
        let minutes: Vec<Bson> = self.span().minutes().map(Bson::Int32).collect();
        let mut extras = doc! { "minutes": minutes };
        if self.terms.follow_up().is_some() {
            extras.insert("followedWith", self.doctor.id.as_str());
        }
        extras
    }
}

/// Which slots are wanted.
#[derive(Debug, Clone)]
pub struct SlotFilter {
    /// Only this doctor's.
    pub doctor: Option<AccountId>,
    /// Only of this speciality.
    pub speciality: Option<Speciality>,
    /// That start at this instant or later.
    pub from: Option<Instant>,
    /// That start before this instant.
    pub to: Option<Instant>,
    /// Only those that can be booked, by these rules of the hospital's.
    pub on_offer: Option<OnOffer>,
}

/// What publishing came to.
#[derive(Debug)]
pub enum Published {
    /// All are there; the new ones, and those that were there.
    Done {
        /// New.
        created: Vec<Slot>,
        /// There before.
        unchanged: Vec<Slot>,
        /// How many open ones are gone, for they are no longer wanted.
        removed: usize,
        /// No longer wanted, but held or booked: they stay.
        staying: Vec<Slot>,
    },
    /// Nothing was made: these are in the way.
    Clash(Vec<Slot>),
}

/// What is free instead of a slot that was not to be had, by start.
#[derive(Debug)]
pub struct Instead {
    /// The same doctor's.
    pub of_doctor: Vec<Slot>,
    /// Of others of the speciality.
    pub of_others: Vec<Slot>,
}

/// How many slots are offered instead of one.
const MOST_INSTEAD: i64 = 3;

impl Instead {
    fn all(&self) -> impl Iterator<Item = &Slot> {
        self.of_doctor.iter().chain(&self.of_others)
    }

    /// The first three, the same doctor's before others'.
    pub fn first(&self) -> impl Iterator<Item = &Slot> {
        let most = usize::try_from(MOST_INSTEAD).unwrap_or_default();
        self.all().take(most)
    }
}

/// A doctor with the next slot a patient could book.
#[derive(Debug, Deserialize)]
pub struct DoctorCard {
    /// The doctor.
    #[serde(flatten)]
    pub account: Account,
    next: Vec<Next>,
}

#[derive(Debug, Deserialize)]
struct Next {
    start: Instant,
}

impl DoctorCard {
    /// The start of his next open slot.
    pub fn next_available(&self) -> Option<Instant> {
        self.next.first().map(|next| next.start)
    }
}

/// Slots that are open at this instant, run-out holds among them, whose doctor is neither shut out
/// nor away and keeps those hours.
pub(super) fn open_at(now: Instant) -> Document {
    let mut open = not_shut(with_room(now));
    open.insert("closesAt", has_hours());
    open
}

/// When a slot closes that is of hours that still are.
pub(super) fn has_hours() -> Document {
    doc! { "$not": { "$lte": Slot::NO_HOURS.millis() } }
}

/// Those whose doctor is neither shut out nor away.
pub(super) fn not_shut(slots: Document) -> Document {
    let mut open = slots;
    open.insert("withdrawn", doc! { "$exists": false });
    open.insert("leaves", doc! { "$exists": false });
    open
}

/// Slots that begin in the time in which the hospital lets book, on a day on which it is open, and
/// whose doctor lets book.
fn on_offer(rules: &OnOffer, now: Instant) -> Document {
    let mut offered = bookable(now);
    if !rules.closed.is_empty() {
        let closed: Vec<String> = rules.closed.iter().map(|day| String::from(*day)).collect();
        offered.insert("day", doc! { "$nin": closed });
    }
    let mut all = vec![
        doc! { "opensAt": { "$not": { "$gt": now.millis() } } },
        doc! { "closesAt": { "$not": { "$lt": now.millis() } } },
    ];
    if let Some(Span { start, end }) = rules.window {
        all.push(doc! { "start": { "$gte": start.millis(), "$lt": end.millis() } });
    }
    offered.insert("$and", all);
    offered
}

/// What publishing a doctor's slots changes.
struct Planning<'a> {
    removed: &'a [Slot],
    created: &'a [Slot],
    closing: &'a [SlotId],
    renewed: &'a [Slot],
}

/// The slot that is there at the time of this one, and what makes it be sold like it from now on. How
/// many it is for stays.
fn renewal(like: &Slot) -> Result<(Document, Document)> {
    let there = doc! {
        "doctor.id": like.doctor.id.as_str(),
        "start": like.start.millis(),
        "end": like.end.millis(),
    };
    let mut whole = serialize_to_document(like)?;
    whole.extend(like.extras());
    let (mut set, mut unset) = (Document::new(), Document::new());
    for name in ["doctor", "nightOf", "fee", "terms", "followedWith", "opensAt", "closesAt"] {
        match whole.get(name) {
            Some(value) => set.insert(name, value.clone()),
            None => unset.insert(name, ""),
        };
    }
    let mut change = doc! { "$set": set };
    if !unset.is_empty() {
        change.insert("$unset", unset);
    }
    Ok((there, change))
}

/// Slots that could be booked at this instant.
pub(super) fn bookable(now: Instant) -> Document {
    let mut bookable = open_at(now);
    bookable.insert("start", doc! { "$gt": now.millis() });
    bookable
}

impl HospitalStore {
    /// Publishes a doctor's slots, all or none. `make` makes a slot that is missing. Slots at the
    /// very same time are left as they are, whoever made them; with `replaced`, open ones of those
    /// days' hours that are not wanted go, in the same transaction. What lies in a leave of the
    /// doctor's is blocked by it from the beginning, and what can be offered to somebody who waits
    /// is kept for the list.
    pub async fn publish_slots(
        &self,
        doctor: &AccountId,
        wanted: &[Planned],
        (replaced, rules, now): (Option<Replaced>, &Offer, Instant),
        make: impl Fn(Planned) -> std::result::Result<Slot, crate::entropy::NoEntropy>,
    ) -> Result<Published> {
        let within = replaced.map(|days| days.within);
        let spans = || wanted.iter().map(|one| one.span).chain(within);
        let from = spans().map(|span| span.start).min().unwrap_or(now);
        let to = spans().map(|span| span.end).max().unwrap_or(now);
        let slots = self.scope.collection::<Slot>().await?;
        // Another publication at the same instant is seen by the unique index; then look again.
        for _ in 0..4 {
            let filter = doc! {
                "doctor.id": doctor.as_str(),
                // A slot lasts eight hours at most, so none that began earlier reaches in.
                "start": { "$gt": from.plus_seconds(-8 * 3600).millis(), "$lt": to.millis() },
            };
            let existing = slots.find(Find { filter, sort: doc! { "start": 1 }, limit: 0 }).await?;
            let same = |slot: &Slot| {
                let planned = Planned { span: slot.span(), of: slot.of_day() };
                make(planned).is_ok_and(|new| new.is_sold_as(slot))
            };
            let mut plan = publish(wanted, existing, (replaced, now), same);
            if !plan.clashes.is_empty() {
                return Ok(Published::Clash(plan.clashes));
            }
            let made = |all: Vec<Planned>| {
                let made: std::result::Result<Vec<Slot>, _> = all.into_iter().map(&make).collect();
                made.map_err(|error| Error::Unavailable(error.to_string()))
            };
            let created = made(std::mem::take(&mut plan.missing))?;
            let renewed = made(std::mem::take(&mut plan.renewed))?;
            let wishes = self.wishes_for(&created.iter().collect::<Vec<_>>()).await?;
            let (removed, closing) = (&plan.removed[..], &plan.closing[..]);
            let planned = Planning { removed, created: &created, closing, renewed: &renewed };
            match self.publish_planned(doctor, &planned, (&wishes, rules), now).await {
                Ok(Some(created)) => {
                    for slot in &mut plan.unchanged {
                        let like = renewed.iter().find(|like| like.span() == slot.span());
                        if let Some(like) = like {
                            *slot = slot.sold_as(like);
                        }
                    }
                    self.mark_late(created.iter().chain(&plan.unchanged).collect()).await?;
                    return Ok(Published::Done {
                        created,
                        unchanged: plan.unchanged,
                        removed: plan.removed.len(),
                        staying: plan.staying,
                    });
                }
                // Somebody has taken one of them meanwhile: it stays.
                Ok(None) => {}
                Err(error)
                    if error.is_duplicate_of("slot_minutes")
                        || error.is_duplicate_of("calendar_doctor") => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Unavailable(
            "others published the same doctor's slots at the same time".to_owned(),
        ))
    }

    /// Marks slots for those who came to the list while these were published. Whoever joins it
    /// marks what is there once he is on it, and whoever publishes looks who is on it once they are
    /// there: so one of two at the same time sees the other.
    async fn mark_late(&self, mut published: Vec<&Slot>) -> Result<()> {
        published.retain(|slot| !slot.wanted);
        let wishes = self.wishes_for(&published).await?;
        published.retain(|slot| wishes.iter().any(|wish| wish.fits(slot)));
        if published.is_empty() {
            return Ok(());
        }
        let slots = self.scope.collection::<Slot>().await?;
        let ids: Vec<&str> = published.iter().map(|slot| slot.id.as_str()).collect();
        let late = doc! { "_id": { "$in": ids } };
        let mark = async |tx: &mut Tx| {
            let wanted = doc! { "$set": { "wanted": true } };
            slots.update_all(late.clone(), wanted, Some(tx)).await?;
            Ok(Ended::Commit(()))
        };
        transact!(self.scope.database(), |tx| mark(&mut tx))
    }

    /// Takes slots away and enters others, in one transaction; those that were entered. `None` if
    /// somebody has taken one of those that were to go. What stays of hours that are no more can be
    /// booked no longer, and what is published again can, on the terms of now.
    async fn publish_planned(
        &self,
        doctor: &AccountId,
        planned: &Planning<'_>,
        (wishes, rules): (&[WaitEntry], &Offer),
        now: Instant,
    ) -> Result<Option<Vec<Slot>>> {
        let Planning { removed, created, closing, renewed } = *planned;
        if created.is_empty() && removed.is_empty() && closing.is_empty() && renewed.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let slots = self.scope.collection::<Slot>().await?;
        let calendars = self.scope.collection::<Calendar>().await?;
        let accounts = self.scope.collection::<Account>().await?;
        let gone: Vec<&str> = removed.iter().map(|slot| slot.id.as_str()).collect();
        let closed: Vec<&str> = closing.iter().map(SlotId::as_str).collect();
        let close = doc! {
            "_id": { "$in": &closed },
            "closesAt": { "$ne": Slot::NO_HOURS.millis() },
        };
        let renewed: Vec<(Document, Document)> =
            renewed.iter().map(renewal).collect::<Result<_>>()?;
        let change = async |tx: &mut Tx| {
            if !gone.is_empty() {
                let mut open = untouched(now);
                open.insert("_id", doc! { "$in": &gone });
                if slots.delete_all(open, tx).await? != gone.len() {
                    return Ok(Ended::Abort(None));
                }
            }
            if !closed.is_empty() {
                let change = doc! {
                    "$set": { "closesAt": Slot::NO_HOURS.millis() },
                    "$unset": { "keptUntil": "", "wanted": "" },
                };
                slots.update_all(close.clone(), change, Some(tx)).await?;
            }
            for (span, terms) in &renewed {
                slots.update_all(span.clone(), terms.clone(), Some(tx)).await?;
            }
            let mut created = created.to_vec();
            if !created.is_empty() {
                let calendar = touch(&calendars, doctor, tx).await?;
                let whose = doc! { "_id": doctor.as_str() };
                let account = accounts.find_one_in(whose, tx).await?;
                let shut_out = account.is_none_or(|one| one.status.is_shut_out());
                for slot in &mut created {
                    slot.leaves = calendar.during(slot.span());
                    slot.withdrawn = shut_out;
                }
                mark_new(&mut created, wishes, rules, now);
                slots.insert_all(&created, Some(tx)).await?;
            }
            Ok(Ended::Commit(Some(created)))
        };
        transact!(self.scope.database(), |tx| change(&mut tx))
    }

    /// The slots that fit, by start.
    pub async fn slots(
        &self,
        filter: &SlotFilter,
        page: &PageRequest,
        now: Instant,
    ) -> Result<Page<Slot>> {
        let mut all: Vec<Document> =
            filter.on_offer.iter().map(|rules| on_offer(rules, now)).collect();
        let mut query = Document::new();
        if let Some(doctor) = &filter.doctor {
            query.insert("doctor.id", doctor.as_str());
        }
        if let Some(speciality) = &filter.speciality {
            query.insert("doctor.speciality", speciality.as_str());
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
        if !all.is_empty() {
            query.insert("$and", all);
        }
        let find =
            Find { filter: query, sort: doc! { "start": 1, "_id": 1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<Slot>().await?.find(find).await?;
        Ok(Page::cut(items, page, |slot| Place {
            key: slot.start.millis(),
            id: slot.id.as_str().to_owned(),
        }))
    }

    /// The slot with this id.
    pub async fn slot(&self, id: &SlotId) -> Result<Option<Slot>> {
        self.scope.collection::<Slot>().await?.find_one(doc! { "_id": id.as_str() }).await
    }

    /// What is free instead of a slot for a kind of visit: the doctor's next slots after it, and
    /// those of others of the speciality from its start on. The hospital's holidays are read beside
    /// them; only where one of them is on such a day are others looked for.
    pub async fn instead_of(
        &self,
        wanted: (&Slot, VisitType),
        window: Option<Span>,
        now: Instant,
    ) -> Result<Instead> {
        let rules = OnOffer { window, closed: Vec::new() };
        let (found, hospital) =
            tokio::join!(self.free_instead(wanted, &rules, now), self.own_hospital());
        let found = found?;
        let holidays = hospital?.map(|hospital| hospital.holidays).unwrap_or_default();
        if !found.all().any(|slot| holidays.has(slot.day)) {
            return Ok(found);
        }
        let rules = OnOffer { closed: holidays.since(wanted.0.day), ..rules };
        self.free_instead(wanted, &rules, now).await
    }

    async fn free_instead(
        &self,
        (slot, kind): (&Slot, VisitType),
        rules: &OnOffer,
        now: Instant,
    ) -> Result<Instead> {
        let slots = self.scope.collection::<Slot>().await?;
        let next = |who: Document, from: Document| {
            let mut filter = doc! { "start": from, "$and": [on_offer(rules, now)] };
            filter.extend(who);
            if !kind.is_consultation() {
                filter.insert("terms.visitFees.visitType", kind.as_str());
            }
            slots.find(Find { filter, sort: doc! { "start": 1, "_id": 1 }, limit: MOST_INSTEAD })
        };
        let (doctor, start) = (slot.doctor.id.as_str(), slot.start.millis());
        let others = doc! {
            "doctor.speciality": slot.doctor.speciality.as_str(),
            "doctor.id": { "$ne": doctor },
        };
        let (of_doctor, of_others) = tokio::join!(
            next(doc! { "doctor.id": doctor }, doc! { "$gt": start }),
            next(others, doc! { "$gte": start }),
        );
        Ok(Instead { of_doctor: of_doctor?, of_others: of_others? })
    }

    /// Withdraws the open slots of some days, which lie between two instants; gives the first
    /// thousand of the others, that stay, by start.
    pub async fn clear_slots(
        &self,
        days: &[Day],
        between: Span,
        now: Instant,
    ) -> Result<Vec<Slot>> {
        let slots = self.scope.collection::<Slot>().await?;
        let days: Vec<String> = days.iter().map(|day| String::from(*day)).collect();
        let within = doc! {
            "start": { "$gte": between.start.millis(), "$lt": between.end.millis() },
            "day": { "$in": days },
        };
        let clear = async |tx: &mut Tx| {
            let mut open = untouched(now);
            open.extend(within.clone());
            slots.delete_all(open, tx).await?;
            Ok(Ended::Commit(()))
        };
        transact!(self.scope.database(), |tx| clear(&mut tx))?;
        slots.find(Find { filter: within, sort: doc! { "start": 1, "_id": 1 }, limit: 1000 }).await
    }

    /// Withdraws an open slot; whether it was open. A doctor withdraws only his own.
    pub async fn delete_slot(&self, id: &SlotId, now: Instant) -> Result<bool> {
        let mut filter = untouched(now);
        filter.insert("_id", id.as_str());
        self.scope.collection::<Slot>().await?.delete(filter, None).await
    }

    /// The doctors that fit with their next open slot, by name: one read.
    pub async fn doctors(
        &self,
        speciality: Option<&Speciality>,
        search: Option<&Search>,
        page: &PageRequest,
        (rules, now): (&OnOffer, Instant),
    ) -> Result<Page<DoctorCard>> {
        // Who has not logged in yet can be booked: the desk may publish his hours.
        let not_shut_out =
            [AccountStatus::Pending, AccountStatus::Active].map(AccountStatus::as_str);
        let mut query =
            doc! { "role": Role::Doctor.as_str(), "status": { "$in": not_shut_out.to_vec() } };
        if let Some(speciality) = speciality {
            query.insert("doctor.speciality", speciality.as_str());
        }
        if let Some(search) = search {
            query.insert("$or", super::accounts::begins_with(search, &["nameKey"]));
        }
        if let Some(after) = &page.after {
            query.insert("_id", doc! { "$gt": &after.id });
        }
        let next = vec![
            doc! { "$match": self.scope.own(on_offer(rules, now)) },
            doc! { "$sort": { "start": 1 } },
            doc! { "$limit": 1 },
            doc! { "$project": { "start": 1 } },
        ];
        let stages = vec![
            doc! { "$match": query },
            doc! { "$sort": { "_id": 1 } },
            doc! { "$limit": page.limit + 1 },
            doc! { "$lookup": {
                "from": Slot::COLLECTION,
                "localField": "_id",
                "foreignField": "doctor.id",
                "pipeline": next,
                "as": "next",
            } },
            doc! { "$project": { "sessions": 0, "passwordHash": 0, "guard": 0, "calendar": 0 } },
        ];
        let items = self.scope.collection::<Account>().await?.aggregate(stages).await?;
        Ok(Page::cut(items, page, |card: &DoctorCard| Place {
            key: 0,
            id: card.account.id.as_str().to_owned(),
        }))
    }
}

/// What comes after a place in a list sorted by start.
pub(super) fn after_place(place: &Place) -> Document {
    doc! { "$or": [
        { "start": { "$gt": place.key } },
        { "start": place.key, "_id": { "$gt": &place.id } },
    ] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Currency, FeeTerms, FollowUpRule, Money, Name, Parse as _, examples};

    fn stored(slot: &Slot) -> Document {
        let mut stored = serialize_to_document(slot).unwrap();
        stored.extend(slot.extras());
        stored
    }

    #[test]
    fn what_is_renewed_in_the_store_is_a_slot_sold_like_the_other() {
        let fee = |paise| Money::new(paise, Currency::INR).unwrap();
        let plain = examples::slot(Instant::from_seconds(1_796_000_400), fee(50_000));
        let mut other = Slot { fee: fee(60_000), id: SlotId::derived(9), ..plain.clone() };
        other.doctor.name = Name::parse("Dr Meera Krishnan").unwrap();
        other.night_of = Some(plain.day.next());
        let rule = FollowUpRule { fee: fee(0), within_days: 7, visits: 1 };
        other.terms = FeeTerms::new(other.fee, Vec::new(), Some(rule)).unwrap();
        other.opens_at = Some(Instant::from_seconds(1_000));
        other.closes_at = Some(Instant::from_seconds(2_000));
        for (slot, like) in [(&plain, &other), (&other, &plain)] {
            let (there, change) = renewal(like).unwrap();
            let mut renewed = stored(slot);
            assert!(there.iter().all(|(name, value)| match name.as_str() {
                "doctor.id" => *value == Bson::from(slot.doctor.id.as_str()),
                name => renewed.get(name) == Some(value),
            }));
            renewed.extend(change.get_document("$set").unwrap().clone());
            for (name, _) in change.get_document("$unset").into_iter().flatten() {
                renewed.remove(name);
            }
            assert_eq!(renewed, stored(&slot.sold_as(like)));
        }
    }
}
