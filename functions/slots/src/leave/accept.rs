//! `POST /leave/accept`: a patient whose doctor is away takes another time.

use crate::{
    Slots,
    leave::{OfferedView, Opened, refused},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, LeaveId, LeaveMark, LeaveOutcome, MoveRefusal, Moving, Offer, Role, Slot,
        SlotId,
    },
    settlement::{self, TRIES},
    store::Rescheduled,
    web::{Body, Code, Error, Json, LinkText, Refusals, Result, Trail, not_to_be_had},
};
use utoipa::ToSchema;

body! {
    /// Which time.
    pub(crate) struct LeaveChoice {
        /// From the mail.
        link: LinkText = "link",
        /// The slot: of the doctor, or of the speciality.
        slot_id: SlotId = "slotId",
    }
}

/// The appointment as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChosenReply {
    pub(super) appointment: OfferedView,
}

/// Moves the appointment to the slot that was chosen: it keeps its id and what was paid, nothing
/// more is asked, and where the slot costs less the difference goes back. Choosing the same slot
/// twice gives the same answer. It needs no log-in: the link is the key.
#[utoipa::path(
    post, path = "/leave/accept", tag = "leave", request_body = LeaveChoice,
    responses((status = 200, description = "Moved", body = ChosenReply), Refusals),
)]
pub(crate) async fn accept(
    State(slots): State<Slots>,
    trail: Trail,
    Body(choice): Body<LeaveChoice>,
) -> Result<Json<ChosenReply>> {
    let now = slots.core.clock.now();
    let opened = Opened::of(&slots, &trail, &choice.link)?;
    let (tenant, store, leave) = (&opened.tenant, &opened.store, &opened.leave);
    let reply = |appointment: &Appointment| {
        Json(ChosenReply { appointment: OfferedView::of(appointment, leave, tenant) })
    };
    for _ in 0..TRIES {
        let (appointment, slot, hospital) = tokio::join!(
            opened.appointment(),
            store.slot(&choice.slot_id),
            store.hospital(tenant),
        );
        let (appointment, slot) = (appointment?, slot?.ok_or(Error::NotFound)?);
        if is_there(&appointment, leave, &slot) {
            return Ok(reply(&appointment));
        }
        appointment.leave_offer(leave, now).map_err(refused)?;
        if !appointment.is_instead(&slot) {
            return Err(Error::NotFound);
        }
        let hospital = hospital?.ok_or(Error::NotFound)?;
        let moving = Moving {
            by: (Role::Patient, appointment.patient.account_id.clone()),
            reason: None,
            offer: Offer {
                rules: hospital.booking,
                holidays: hospital.holidays,
                zone: tenant.zone().clone(),
            },
            ids: settlement::new_ids(slots.core.entropy, now)?,
            now,
        };
        let decide = |slot: &Slot| appointment.reschedule(slot, &moving);
        match store.reschedule(&appointment, &slot.id, decide, now).await? {
            Rescheduled::Done(next) => return Ok(reply(&next)),
            Rescheduled::Already | Rescheduled::Stale => {}
            Rescheduled::PatientBusy => {
                let detail = "The patient has another appointment at that time.";
                return Err(Error::conflict(Code::PatientBusy, detail));
            }
            Rescheduled::Refused(MoveRefusal::Slot(why)) => {
                let window = moving.offer.rules.window(tenant.zone(), now);
                let refused = (Some(&slot), appointment.visit_type, why);
                return Err(not_to_be_had(store, tenant, refused, (window, now)).await?);
            }
            Rescheduled::Refused(_) => {
                let detail = "It cannot be moved there; please call the hospital.";
                return Err(Error::conflict(Code::NotMovable, detail));
            }
        }
    }
    Err(Error::conflict(Code::Conflict, "The appointment is being changed by others; try again."))
}

/// Whether it was moved to this slot by the offer.
fn is_there(appointment: &Appointment, leave: &LeaveId, slot: &Slot) -> bool {
    let moved =
        |mark: &LeaveMark| mark.outcome == LeaveOutcome::Moved && appointment.slot_id == slot.id;
    appointment.leave_mark(leave).is_some_and(moved)
}
