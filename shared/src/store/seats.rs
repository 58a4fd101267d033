//! How a slot is taken and given back, be it one person's or a group's: each is one conditional
//! update, in which the server counts the seats.
//!
//! A group's slot keeps its seats in a list. Whoever takes one drops those whose hold has run out,
//! so the list never has more than the slot has room for; and where it is full, `fullUntil` says
//! when the first of the holds in it runs out, so that finding a free slot is a comparison.

use crate::models::{AppointmentId, Instant, Slot, SlotStatus};
use mongodb::bson::{Bson, Document, doc};

/// Until when somebody has a seat that is paid, or free.
const FOREVER: i64 = i64::MAX;

fn is_group() -> Document {
    doc! { "$gt": [{ "$ifNull": ["$capacity", 1] }, 1] }
}

/// The seats that fit.
fn seats(fit: Document) -> Document {
    let all = doc! { "$ifNull": ["$seats", []] };
    doc! { "$filter": { "input": all, "as": "seat", "cond": fit } }
}

/// Notes until when the slot is full, once its seats are what they are to be.
fn note_full() -> Document {
    let all = doc! { "$ifNull": ["$seats", []] };
    let full = doc! { "$and": [is_group(), { "$gte": [{ "$size": all }, "$capacity"] }] };
    let holds = doc! { "$map": { "input": "$seats", "as": "seat", "in": "$$seat.until" } };
    doc! { "$set": { "fullUntil": { "$cond": [full, { "$min": holds }, "$$REMOVE"] } } }
}

/// Whether it was noted that a group is full.
fn is_full() -> Document {
    doc! { "$gt": [{ "$ifNull": ["$fullUntil", 0] }, 0] }
}

/// Until when a group's seat is kept for the list: as long as it was, and where it was full until a
/// hold ran out, as long from then. Asked of the slot as it was before.
fn still_kept(now: Instant) -> Document {
    let now = now.millis();
    let kept = doc! { "$ifNull": ["$keptUntil", 0] };
    let full = doc! { "$ifNull": ["$fullUntil", 0] };
    let ran_out = doc! { "$and": [
        { "$ifNull": ["$wanted", false] },
        is_full(),
        { "$lte": [&full, now] },
    ] };
    let from_then = doc! { "$cond": [ran_out, { "$add": [&full, Slot::KEEP_SECONDS * 1000] }, 0] };
    let until = doc! { "$max": [kept, from_then] };
    doc! { "$cond": [{ "$gt": [&until, now] }, &until, "$$REMOVE"] }
}

/// A group that is full keeps nothing.
fn keep_if_free() -> Document {
    let kept = doc! { "$ifNull": ["$keptUntil", "$$REMOVE"] };
    doc! { "$set": { "keptUntil": { "$cond": [is_full(), "$$REMOVE", kept] } } }
}

/// Gives a slot, or a seat of it, to an appointment, in the place of what it had of it before.
pub(super) fn take(by: &AppointmentId, status: Bson, hold: Bson, now: Instant) -> Vec<Document> {
    let other = doc! { "$ne": ["$$seat.appointmentId", by.as_str()] };
    let lasts = doc! { "$gt": ["$$seat.until", now.millis()] };
    let until = doc! { "$ifNull": [&hold, FOREVER] };
    let own = doc! { "appointmentId": by.as_str(), "until": until };
    let taken = doc! { "$concatArrays": [seats(doc! { "$and": [other, lasts] }), [own]] };
    let set = doc! {
        "status": { "$cond": [is_group(), "$status", status] },
        "holdExpiresAt": { "$cond": [is_group(), "$$REMOVE", hold] },
        "appointmentId": { "$cond": [is_group(), "$$REMOVE", by.as_str()] },
        "seats": { "$cond": [is_group(), taken, "$$REMOVE"] },
        "keptUntil": { "$cond": [is_group(), still_kept(now), "$$REMOVE"] },
    };
    vec![doc! { "$set": set }, note_full(), keep_if_free()]
}

/// Keeps the seats that are left for the list until an instant; none is where others have taken them.
pub(super) fn keep_others(until: Instant) -> Document {
    doc! { "$set": { "keptUntil": { "$cond": [is_full(), "$$REMOVE", until.millis()] } } }
}

/// Takes a slot, or its seat, from an appointment. Where somebody waited for it, it is kept for the
/// list; of a group only what is free of a full one is, and stays kept whoever comes and goes.
pub(super) fn leave(by: &AppointmentId, now: Instant) -> Vec<Document> {
    let last = doc! { "$or": [{ "$not": [is_group()] }, is_full()] };
    let wanted = doc! { "$and": [{ "$ifNull": ["$wanted", false] }, last] };
    let until = now.plus_seconds(Slot::KEEP_SECONDS).millis();
    let before = doc! { "$cond": [is_group(), still_kept(now), "$$REMOVE"] };
    let others = seats(doc! { "$ne": ["$$seat.appointmentId", by.as_str()] });
    let set = doc! {
        "status": { "$cond": [is_group(), "$status", SlotStatus::Open.as_str()] },
        "holdExpiresAt": "$$REMOVE",
        "appointmentId": "$$REMOVE",
        "seats": { "$cond": [is_group(), others, "$$REMOVE"] },
        "keptUntil": { "$cond": [wanted, until, before] },
    };
    vec![doc! { "$set": set }, note_full()]
}

/// The slot if it, or a seat of it, is this appointment's.
pub(super) fn had_by(appointment: &AppointmentId) -> Document {
    let id = appointment.as_str();
    doc! { "$or": [{ "appointmentId": id }, { "seats.appointmentId": id }] }
}

/// The slot if this appointment holds it, or has a seat of it. A seat is its own even if the hold
/// has run out: whoever needed it would have taken it out of the list.
pub(super) fn held_by(appointment: &AppointmentId) -> Document {
    let id = appointment.as_str();
    let held = SlotStatus::Held.as_str();
    doc! { "$or": [{ "appointmentId": id, "status": held }, { "seats.appointmentId": id }] }
}

/// The slot if it, or a seat of it, is held at this instant under this id.
pub(super) fn kept_by(appointment: &AppointmentId, now: Instant) -> Document {
    let (id, now) = (appointment.as_str(), now.millis());
    let held = SlotStatus::Held.as_str();
    let alone = doc! { "appointmentId": id, "status": held, "holdExpiresAt": { "$gt": now } };
    let seat = doc! { "$elemMatch": { "appointmentId": id, "until": { "$gt": now } } };
    doc! { "$or": [alone, { "seats": seat }] }
}

/// Slots of which nobody has, or holds any longer, so much that there is no place for one more.
pub(super) fn room_at(now: Instant) -> Document {
    // An open one has no hold. Alternatives would say the same, but not be read from an index.
    doc! {
        "status": { "$in": [SlotStatus::Open.as_str(), SlotStatus::Held.as_str()] },
        "holdExpiresAt": { "$not": { "$gt": now.millis() } },
        "fullUntil": { "$not": { "$gt": now.millis() } },
    }
}

/// Slots that have a place for one more, whoever may take it: none that is kept for the waiting
/// list. One whose hold ran out is kept as long as one that was given back, if somebody waits.
pub(super) fn with_room(now: Instant) -> Document {
    let mut room = room_at(now);
    room.insert("keptUntil", doc! { "$not": { "$gt": now.millis() } });
    let unwanted = doc! { "wanted": { "$exists": false } };
    room.insert("$or", vec![unwanted, room_at(now.plus_seconds(-Slot::KEEP_SECONDS))]);
    room
}

/// Slots nobody has any part of.
pub(super) fn untouched(now: Instant) -> Document {
    let mut untouched = with_room(now);
    untouched.insert("seats.until", doc! { "$not": { "$gt": now.millis() } });
    untouched
}
