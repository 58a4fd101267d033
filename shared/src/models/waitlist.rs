//! The waiting list: who wants a slot that is taken is offered the next one that becomes free.

use super::{
    AccountId, AppointmentId, Day, DoctorRef, Instant, Money, Offer, PatientId, Slot, SlotId,
    SlotStatus, Span, Speciality, WaitId, Waiting,
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::ToSchema;

/// What links to an offer of the waiting list are sealed for.
pub const WAITLIST_LINK: &str = "waitlist";

/// What somebody waits for: one of two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wanted {
    /// A slot of this doctor.
    DoctorId(AccountId),
    /// A slot of any doctor of this speciality.
    Speciality(Speciality),
}

/// Where somebody on the list stands.
// As stored: one who is offered something still waits, and `WaitEntry::status` knows better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitStatus {
    /// Waits.
    Waiting,
    /// Has a slot offered, and some minutes to take it.
    Offered,
    /// Has an appointment by the list.
    Booked,
    /// Waits no longer.
    Withdrawn,
    /// The time that was wished for is over.
    Over,
}

/// A slot that is kept for somebody on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotOffer {
    /// Which slot.
    pub slot_id: SlotId,
    /// The id the appointment gets if it is taken; until then the slot, or a seat of it, is held
    /// under it.
    pub appointment_id: AppointmentId,
    /// When the slot begins.
    pub start: Instant,
    /// When it is over.
    pub end: Instant,
    /// Whose it is.
    pub doctor: DoctorRef,
    /// What it costs.
    pub fee: Money,
    /// Until when it is kept.
    pub until: Instant,
}

/// Somebody on the waiting list, for one wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitEntry {
    /// Its id; earlier ones come first.
    #[serde(rename = "_id")]
    pub id: WaitId,
    /// Counts its changes; a write names the version it was decided on.
    pub version: i64,
    /// Who waits.
    pub patient: Waiting,
    /// The account that acts for the patient.
    pub account_id: AccountId,
    /// For what.
    pub wanted: Wanted,
    /// From the beginning of which day on.
    pub from: Day,
    /// To the end of which day.
    pub to: Day,
    /// The same days as time.
    pub during: WaitSpan,
    /// Where it stands, as stored.
    pub status: WaitStatus,
    /// What is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<SlotOffer>,
    /// Slots that were offered, whatever became of that: none is offered to a person twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<SlotId>,
    /// The appointment that came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment_id: Option<AppointmentId>,
    /// Since when.
    pub created_at: Instant,
}

/// A span of time as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitSpan {
    /// Its beginning.
    pub start: Instant,
    /// Its end, not included.
    pub end: Instant,
}

impl WaitEntry {
    /// For how long a slot is kept for somebody it is offered to, in seconds. One that begins
    /// sooner is not offered.
    pub const OFFER_SECONDS: i64 = 15 * 60;
    /// How many wishes an account has at a time.
    pub const MOST: i64 = 20;
    /// The most days a wish is for.
    pub const MOST_DAYS: i64 = 92;

    /// Where it stands at this instant.
    pub fn status(&self, now: Instant) -> WaitStatus {
        match self.status {
            WaitStatus::Waiting if self.offered(now).is_some() => WaitStatus::Offered,
            WaitStatus::Waiting if self.during.end <= now => WaitStatus::Over,
            status => status,
        }
    }

    /// The offer that stands at this instant.
    pub fn offered(&self, now: Instant) -> Option<&SlotOffer> {
        let waits = self.status == WaitStatus::Waiting;
        self.offer.as_ref().filter(|offer| waits && now < offer.until)
    }

    /// Whether a slot is one that is waited for.
    pub fn fits(&self, slot: &Slot) -> bool {
        let wanted = match &self.wanted {
            Wanted::DoctorId(doctor) => *doctor == slot.doctor.id,
            Wanted::Speciality(speciality) => *speciality == slot.doctor.speciality,
        };
        wanted && self.during.start <= slot.start && slot.start < self.during.end
    }

    /// Its state with a slot offered to whoever acts for the patient now; `None` if it does not fit,
    /// was offered before, or another is offered.
    pub fn offers(
        &self,
        slot: &Slot,
        to: &AccountId,
        id: AppointmentId,
        now: Instant,
    ) -> Option<Self> {
        let free = self.status == WaitStatus::Waiting && self.offer.is_none();
        let until = now.plus_seconds(Self::OFFER_SECONDS);
        if !free || !self.fits(slot) || self.passed.contains(&slot.id) || slot.start <= until {
            return None;
        }
        let offer = SlotOffer {
            slot_id: slot.id.clone(),
            appointment_id: id,
            start: slot.start,
            end: slot.end,
            doctor: slot.doctor.clone(),
            fee: slot.fee,
            until,
        };
        Some(Self { offer: Some(offer), account_id: to.clone(), ..self.next() })
    }

    /// Its state once an offer's time is over: it waits on, but not for that slot. `None` while
    /// there is none, or it stands.
    pub fn passes(&self, now: Instant) -> Option<Self> {
        let over = self.offer.as_ref().is_some_and(|offer| offer.until <= now);
        over.then(|| self.without_offer())
    }

    /// Its state once what is offered was taken; `None` if nothing is.
    pub fn booked(&self, now: Instant) -> Option<Self> {
        let offer = self.offered(now)?;
        let appointment_id = Some(offer.appointment_id.clone());
        let status = WaitStatus::Booked;
        Some(Self { status, appointment_id, ..self.without_offer() })
    }

    /// Its state once nobody waits any longer; `None` if that is so.
    pub fn withdrawn(&self) -> Option<Self> {
        let waits = self.status == WaitStatus::Waiting;
        waits.then(|| Self { status: WaitStatus::Withdrawn, ..self.without_offer() })
    }

    /// What is the same for the same wish.
    pub fn wish(&self) -> String {
        let wanted = match &self.wanted {
            Wanted::DoctorId(doctor) => doctor.as_str(),
            Wanted::Speciality(speciality) => speciality.as_str(),
        };
        let (from, to) = (String::from(self.from), String::from(self.to));
        format!("{}/{from}/{to}/{wanted}", self.patient.id)
    }

    fn next(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }

    /// Its state once nothing is offered: what was, is not offered again.
    fn without_offer(&self) -> Self {
        let mut next = self.next();
        next.passed.extend(next.offer.take().map(|offer| offer.slot_id));
        next
    }
}

/// Whether a slot can be offered to anybody: its doctor is there, the hospital lets patients book
/// it, and it does not begin while it would be kept.
pub fn can_be_offered(slot: &Slot, rules: &Offer, now: Instant) -> bool {
    let until = now.plus_seconds(WaitEntry::OFFER_SECONDS);
    !slot.is_shut() && until < slot.start && rules.check(slot, true, now).is_ok()
}

/// Of slots that open together, in their order, those that are kept for the list: one, or a seat of
/// one, for each person who can be offered something, and no more. What is beyond that would be shut
/// for everybody, and offered to nobody.
pub fn to_keep(
    opening: &[Slot],
    wishes: &[WaitEntry],
    rules: &Offer,
    now: Instant,
) -> HashSet<SlotId> {
    // Who has an offer gets no other.
    let offered = wishes.iter().filter(|wish| wish.offer.is_some());
    let mut served: HashSet<&PatientId> = offered.map(|wish| &wish.patient.id).collect();
    let had = |patient: &PatientId, slot: &Slot| {
        wishes.iter().any(|wish| wish.patient.id == *patient && wish.passed.contains(&slot.id))
    };
    let mut kept = HashSet::new();
    for slot in opening {
        if slot.status(now) != SlotStatus::Open || !can_be_offered(slot, rules, now) {
            continue;
        }
        for _ in 0..slot.free_seats(now) {
            let waits = |wish: &&WaitEntry| {
                let patient = &wish.patient.id;
                wish.fits(slot) && !served.contains(patient) && !had(patient, slot)
            };
            let Some(next) = wishes.iter().find(waits) else { break };
            served.insert(&next.patient.id);
            kept.insert(slot.id.clone());
        }
    }
    kept
}

/// Marks new slots that somebody waits for, and keeps those that can be offered at once.
pub fn mark_new(slots: &mut [Slot], wishes: &[WaitEntry], rules: &Offer, now: Instant) {
    let kept = to_keep(slots, wishes, rules, now);
    let until = now.plus_seconds(Slot::KEEP_SECONDS);
    for slot in slots {
        slot.wanted = wishes.iter().any(|wish| wish.fits(slot));
        slot.kept_until = kept.contains(&slot.id).then_some(until);
    }
}

impl From<Span> for WaitSpan {
    fn from(span: Span) -> Self {
        Self { start: span.start, end: span.end }
    }
}

#[cfg(test)]
#[path = "waitlist_tests.rs"]
mod tests;
