//! Why a slot was not to be had, and what is.

use super::{Code, Error, Result, SlotView};
use crate::{
    models::{Instant, Slot, SlotRefusal, Span, VisitType},
    store::HospitalStore,
    tenancy::Tenant,
};

/// The refusal of a slot for a kind of visit. One that is taken comes with up to three that are
/// free: the same doctor's, and the same doctor's or else others' of the speciality.
pub async fn not_to_be_had(
    store: &HospitalStore,
    tenant: &Tenant,
    (slot, kind, why): (Option<&Slot>, VisitType, SlotRefusal),
    (window, now): (Option<Span>, Instant),
) -> Result<Error> {
    let Some(slot) = slot else {
        return Ok(Error::NotFound);
    };
    let unprocessable =
        |code, detail: &str| Error::Unprocessable { code, detail: detail.to_owned() };
    match why {
        SlotRefusal::Closed => {
            let detail = "The hospital is closed on that day.";
            return Ok(Error::conflict(Code::HospitalClosed, detail));
        }
        SlotRefusal::TooSoon => {
            let detail = "The slot begins too soon to be booked still.";
            return Ok(unprocessable(Code::SlotTooSoon, detail));
        }
        SlotRefusal::TooFar => {
            let detail = "The slot is too far ahead to be booked yet.";
            return Ok(unprocessable(Code::SlotTooFar, detail));
        }
        SlotRefusal::InPast | SlotRefusal::Taken => {}
    }
    if slot.start <= now {
        return Ok(unprocessable(Code::SlotInPast, "The slot has begun already."));
    }
    let instead = store.instead_of((slot, kind), window, now).await?;
    let shown = |slot: &Slot| SlotView::of(slot, tenant, now);
    let next: Vec<SlotView> = instead.of_doctor.iter().map(shown).collect();
    let alternatives: Vec<SlotView> = instead.first().map(shown).collect();
    let taken = Error::conflict(Code::SlotTaken, "Somebody else has this slot.");
    Ok(taken.and("nextAvailable", next).and("alternatives", alternatives))
}
