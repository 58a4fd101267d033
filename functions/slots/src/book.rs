//! `POST /slots/book`: a patient takes a slot.

use crate::{
    Slots,
    fee_quote::{not_offered, of_patient},
    patient::choose,
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{Booking, Offer, PatientId, Reason, SlotId, VisitType},
    settlement::TRIES,
    store::Booked,
    tenancy::{BookSlot, Grant},
    web::{AppointmentView, Body, Code, Created, Error, Refusals, Result, Run, not_to_be_had},
};
use utoipa::ToSchema;

body! {
    /// Which slot, for whom.
    pub(crate) struct BookRequest {
        /// The slot.
        slot_id: SlotId = "slotId",
        /// For whom; needed only when the account acts for several patients.
        patient_id: Option<PatientId> = "patientId",
        /// What kind of visit it is; a consultation unless told.
        visit_type: Option<VisitType> = "visitType",
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
/// It costs what `GET /fees/quote` says: less, if it follows a consultation by the doctor's terms.
#[utoipa::path(
    post, path = "/slots/book", tag = "slots", security(("bearer" = [])), request_body = BookRequest,
    responses((status = 201, description = "Booked", body = BookReply), Refusals),
)]
pub(crate) async fn book(
    State(slots): State<Slots>,
    grant: Grant<BookSlot>,
    run: Run,
    Body(request): Body<BookRequest>,
) -> Result<Created<BookReply>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    let (account, kind) = (grant.account(), request.visit_type.unwrap_or_default());
    for _ in 0..TRIES {
        // The hospital's terms of this moment are the appointment's for good.
        let (patients, wanted, hospital) = tokio::join!(
            store.patients_of(account),
            store.wanted_slot(&request.slot_id, account, now),
            store.hospital(&tenant),
        );
        let patient = choose(patients?, request.patient_id.clone())?;
        let wanted = wanted?.ok_or(Error::NotFound)?;
        let hospital = hospital?.ok_or(Error::NotFound)?;
        let earlier = of_patient(wanted.earlier, &patient.id);
        let booking = Booking {
            id: run.id(slots.core.entropy, now)?,
            effect: slots.core.entropy.id(now)?,
            reason: request.reason.clone(),
            quote: wanted.slot.quote(kind, &earlier, now).ok_or_else(not_offered)?,
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
                let appointment = AppointmentView::of(&appointment, &tenant, now);
                return Ok(Created(BookReply { appointment }));
            }
            Booked::PatientBusy => {
                let detail = "The patient has another appointment at that time.";
                return Err(Error::conflict(Code::PatientBusy, detail));
            }
            Booked::Refused(slot, why) => {
                let window = booking.offer.rules.window(tenant.zone(), now);
                let refused = (slot.as_deref(), kind, why);
                return Err(not_to_be_had(&store, &tenant, refused, (window, now)).await?);
            }
            Booked::Stale => {}
        }
    }
    Err(Error::conflict(Code::Conflict, "Others are booking for the patient too; try again."))
}
