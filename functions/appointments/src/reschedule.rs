//! `POST /appointments/{id}/reschedule`: an appointment is moved to another slot.

use crate::{Appointments, read::in_full};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, AppointmentRefusal, AppointmentStatus, Decided, Money, MoveRefusal, Moving,
        Offer, Reason, Slot, SlotId, kinds,
    },
    settlement::{self, TRIES},
    store::Rescheduled,
    tenancy::{Grant, Reach, RescheduleAppointment},
    web::{AppointmentView, Body, Code, Error, Json, PathId, Refusals, Result, not_to_be_had},
};
use utoipa::ToSchema;

body! {
    /// Where to.
    pub(crate) struct RescheduleRequest {
        /// The slot.
        slot_id: SlotId = "slotId",
        /// Why; it stands in the appointment's history.
        reason: Option<Reason> = "reason",
        /// Whether to tell only what it would come to.
        dry_run: Option<bool> = "dryRun",
    }
}

/// The appointment, and what moving it comes to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RescheduleReply {
    /// As it is now: moved, unless it was only asked what that would come to.
    appointment: AppointmentView,
    /// What the visit costs in the slot. A patient never pays more for being moved.
    slot_fee: Money,
    /// What goes back, because the slot costs less.
    #[schema(required)]
    refund: Option<Money>,
}

/// Moves an appointment to another slot: it keeps its id and what was paid, and the old slot opens;
/// both or neither. Where the slot costs less, the difference goes back; where it costs more, a
/// patient is refused (`SLOT_COSTS_MORE`, with the `difference`), unless his doctor is away and the
/// slot is one he may choose for that. For a patient, what cancelling gives back is never bettered
/// by moving. With `dryRun` nothing is changed.
#[utoipa::path(
    post, path = "/appointments/{id}/reschedule", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    request_body = RescheduleRequest,
    responses((status = 200, description = "Moved", body = RescheduleReply), Refusals),
)]
pub(crate) async fn reschedule(
    State(this): State<Appointments>,
    grant: Grant<RescheduleAppointment>,
    PathId(id): PathId<kinds::Appointment>,
    Body(request): Body<RescheduleRequest>,
) -> Result<Json<RescheduleReply>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let store = this.core.store.of(&tenant);
    let reach = grant.reach();
    for _ in 0..TRIES {
        let (appointment, slot, hospital) = tokio::join!(
            store.appointment(&id, &reach),
            store.slot(&request.slot_id),
            store.hospital(&tenant),
        );
        let appointment = appointment?.ok_or(Error::NotFound)?;
        let slot = slot?.ok_or(Error::NotFound)?;
        // A doctor gives away nobody's time but his own.
        if matches!(&reach, Reach::Doctor(doctor) if *doctor != slot.doctor.id) {
            return Err(Error::NotFound);
        }
        let hospital = hospital?.ok_or(Error::NotFound)?;
        let offer = Offer {
            rules: hospital.booking,
            holidays: hospital.holidays,
            zone: tenant.zone().clone(),
        };
        let moving = Moving {
            by: (grant.role(), grant.account().clone()),
            reason: request.reason.clone(),
            offer,
            ids: settlement::new_ids(this.core.entropy, now)?,
            now,
        };
        let decide = |slot: &Slot| appointment.reschedule(slot, &moving);
        let shown = |shown: &Appointment, next: &Appointment| RescheduleReply {
            appointment: in_full(&this, shown, &tenant, now),
            slot_fee: appointment.fee_in(&slot).unwrap_or(slot.fee),
            refund: next.refund(&moving.ids.refund).map(|refund| refund.amount),
        };
        let done = match decide(&slot) {
            Ok(Decided::Already) => Rescheduled::Already,
            Err(why) => Rescheduled::Refused(why),
            Ok(Decided::Now(next)) if request.dry_run == Some(true) => {
                return Ok(Json(shown(&appointment, &next)));
            }
            Ok(Decided::Now(_)) => store.reschedule(&appointment, &slot.id, decide, now).await?,
        };
        match done {
            Rescheduled::Done(next) => return Ok(Json(shown(&next, &next))),
            Rescheduled::Already => return Ok(Json(shown(&appointment, &appointment))),
            Rescheduled::Stale => {}
            Rescheduled::PatientBusy => {
                let detail = "The patient has another appointment at that time.";
                return Err(Error::conflict(Code::PatientBusy, detail));
            }
            Rescheduled::Refused(MoveRefusal::Slot(why)) => {
                let window = moving.offer.rules.window(tenant.zone(), now);
                let refused = (Some(&slot), appointment.visit_type, why);
                return Err(not_to_be_had(&store, &tenant, refused, (window, now)).await?);
            }
            Rescheduled::Refused(why) => return Err(refused(&why)),
        }
    }
    Err(Error::conflict(Code::Conflict, "The appointment is being changed by others; try again."))
}

fn refused(why: &MoveRefusal) -> Error {
    let (code, detail) = match why {
        MoveRefusal::CostsMore(difference) => {
            let detail = "The slot costs more: book it, and cancel this appointment.";
            return Error::conflict_with(Code::SlotCostsMore, detail, "difference", difference);
        }
        MoveRefusal::NotOffered => {
            (Code::VisitTypeNotOffered, "The slot's doctor offers no visit of this kind.")
        }
        MoveRefusal::OtherFee => (
            Code::FeeDiffers,
            "The slot costs something else than is being paid: cancel this one and book it.",
        ),
        MoveRefusal::Appointment(AppointmentRefusal::Started) => (
            Code::AlreadyStarted,
            "It has begun; only the doctor or the hospital can still move it.",
        ),
        MoveRefusal::Appointment(AppointmentRefusal::TooOften) => {
            (Code::MovedTooOften, "It was changed so often that it is moved no more.")
        }
        MoveRefusal::Appointment(AppointmentRefusal::NotLive(AppointmentStatus::Expired)) => {
            (Code::HoldExpired, "It was not paid in time and holds no slot any more.")
        }
        _ => (Code::NotMovable, "The patient is there already, or the appointment is over."),
    };
    Error::conflict(code, detail)
}
