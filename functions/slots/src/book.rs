//! `POST /slots/book`: a patient takes a slot.

use crate::Slots;
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{Booking, Issue, Offer, Patient, PatientId, Reason, SlotId},
    store::Booked,
    tenancy::{BookSlot, Grant},
    web::{AppointmentView, Body, Created, Error, Refusals, Result, not_to_be_had},
};
use utoipa::ToSchema;

body! {
    /// Which slot, for whom.
    pub(crate) struct BookRequest {
        /// The slot.
        slot_id: SlotId = "slotId",
        /// For whom; needed only when the account acts for several patients.
        patient_id: Option<PatientId> = "patientId",
        /// Why the patient comes.
        reason: Option<Reason> = "reason",
    }
}

/// The booked appointment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookReply {
    appointment: AppointmentView,
}

/// Books a slot. With a fee it is held until it is paid; without one it is confirmed at once. Of
/// any number who want a slot, one gets it. The others get `SLOT_TAKEN` with `nextAvailable`, the
/// same doctor's next three, and `alternatives`, three of the same doctor or else of his speciality.
#[utoipa::path(
    post, path = "/slots/book", tag = "slots", security(("bearer" = [])), request_body = BookRequest,
    responses((status = 201, description = "Booked", body = BookReply), Refusals),
)]
pub(crate) async fn book(
    State(slots): State<Slots>,
    grant: Grant<BookSlot>,
    Body(request): Body<BookRequest>,
) -> Result<Created<BookReply>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    // The hospital's terms of this moment are the appointment's for good.
    let (patients, hospital) =
        tokio::join!(store.patients_of(grant.account()), store.hospital(&tenant));
    let patient = choose(patients?, request.patient_id)?;
    let hospital = hospital?.ok_or(Error::NotFound)?;
    let booking = Booking {
        id: slots.core.entropy.id(now)?,
        effect: slots.core.entropy.id(now)?,
        reason: request.reason,
        policy: hospital.cancellation,
        hold_seconds: hospital.booking.hold_seconds(slots.hold_seconds),
        offer: Offer {
            rules: hospital.booking,
            holidays: hospital.holidays,
            zone: tenant.zone().clone(),
        },
    };
    match store.book(&request.slot_id, &patient, &booking, now).await? {
        Booked::Done(appointment) => {
            shared::count!(bookings = 1_u8);
            Ok(Created(BookReply { appointment: AppointmentView::of(&appointment, &tenant, now) }))
        }
        Booked::PatientBusy => Err(Error::conflict(
            "PATIENT_BUSY",
            "The patient has another appointment at that time.",
        )),
        Booked::Refused(slot, why) => {
            let window = booking.offer.rules.window(tenant.zone(), now);
            Err(not_to_be_had(&store, &tenant, (slot.as_deref(), why), (window, now)).await?)
        }
    }
}

/// The one patient an account acts for, or the one of several that was named.
fn choose(patients: Vec<Patient>, wanted: Option<PatientId>) -> Result<Patient> {
    let mut patients = patients;
    match (wanted, patients.len()) {
        (Some(id), _) => {
            patients.into_iter().find(|patient| patient.id == id).ok_or(Error::NotFound)
        }
        (None, 1) => patients.pop().ok_or(Error::NotFound),
        (None, 0) => Err(Error::NotFound),
        (None, _) => {
            let issue =
                Issue::new("REQUIRED", "is required, for this account acts for several patients");
            Err(Error::field("patientId", issue))
        }
    }
}
