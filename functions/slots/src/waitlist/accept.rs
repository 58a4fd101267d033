//! `POST /waitlist/accept`: a slot that is kept is booked with one click.

use crate::{
    Slots,
    fee_quote::{not_offered, of_patient},
    waitlist::{Opened, over},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, AppointmentId, AppointmentStatus, Booking, BookingRules, DoctorRef, Instant,
        Money, Offer, VisitType,
    },
    store::Booked,
    tenancy::{Reach, Tenant},
    web::{Body, Code, Error, Json, LinkText, Refusals, Result, Trail},
};
use utoipa::ToSchema;

body! {
    /// Which offer.
    pub(crate) struct WaitAcceptance {
        /// From the mail.
        link: LinkText = "link",
    }
}

/// The appointment, and how it is paid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcceptedReply {
    appointment: AcceptedView,
    /// What is to be paid; `null` where nothing is.
    #[schema(required)]
    payment: Option<ToPay>,
}

/// An appointment as its link shows it: it names nobody but the doctor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AcceptedView {
    id: AppointmentId,
    status: AppointmentStatus,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    start: String,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    end: String,
    doctor: DoctorRef,
    fee: Money,
}

/// What is to be paid, until when and how.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ToPay {
    fee: Money,
    /// Until then the slot is kept.
    #[schema(format = DateTime)]
    until: String,
    /// In words.
    how: &'static str,
}

/// Books the slot that is kept. With a fee it is held until it is paid, as any other; without one
/// it is confirmed at once. Twice gives the same answer. It needs no log-in: the link is the key.
#[utoipa::path(
    post, path = "/waitlist/accept", tag = "waitlist", request_body = WaitAcceptance,
    responses((status = 200, description = "Booked", body = AcceptedReply), Refusals),
)]
pub(crate) async fn accept_offer(
    State(slots): State<Slots>,
    trail: Trail,
    Body(acceptance): Body<WaitAcceptance>,
) -> Result<Json<AcceptedReply>> {
    let now = slots.core.clock.now();
    let opened = Opened::of(&slots, &trail, &acceptance.link).await?;
    if let Some(known) = by_this_link(&opened).await? {
        return Ok(Json(AcceptedReply::of(&known, &opened.tenant, now)));
    }
    let offer = opened.offer(now)?;
    let (store, tenant) = (&opened.store, &opened.tenant);
    let (patient, hospital, wanted) = tokio::join!(
        store.patient(&opened.entry.patient.id),
        store.hospital(tenant),
        store.wanted_slot(&offer.slot_id, &opened.entry.account_id, now),
    );
    let (patient, hospital) = (patient?.ok_or(Error::NotFound)?, hospital?.ok_or(Error::NotFound)?);
    if patient.status.is_shut_out() {
        return Err(over());
    }
    let wanted = wanted?.ok_or(Error::NotFound)?;
    let earlier = of_patient(wanted.earlier, &patient.id);
    let quote = wanted.slot.quote(VisitType::Consultation, &earlier, now);
    let booking = Booking {
        id: offer.appointment_id.clone(),
        effect: slots.core.entropy.id(now)?,
        reason: None,
        quote: quote.ok_or_else(not_offered)?,
        policy: hospital.cancellation,
        hold_seconds: hospital.booking.hold_seconds(slots.hold_seconds),
        // Notice was asked for when it was offered.
        offer: Offer {
            rules: BookingRules::default(),
            holidays: hospital.holidays,
            zone: tenant.zone().clone(),
        },
    };
    match store.accept_offer(&opened.entry, &patient, &booking, now).await? {
        Booked::Done(appointment) => {
            shared::count!(bookings = 1_u8);
            Ok(Json(AcceptedReply::of(&appointment, tenant, now)))
        }
        Booked::PatientBusy => Err(Error::conflict(
            Code::PatientBusy,
            "The patient has another appointment at that time.",
        )),
        Booked::Stale => {
            let detail = "Others are booking for the patient too; try again.";
            Err(Error::conflict(Code::Conflict, detail))
        }
        // Somebody with the same link may have been faster.
        Booked::Refused(..) => match again(&slots, &trail, &acceptance.link).await? {
            Some(known) => Ok(Json(AcceptedReply::of(&known, tenant, now))),
            None => Err(over()),
        },
    }
}

/// The appointment that was booked by a link, if one was.
async fn by_this_link(opened: &Opened) -> Result<Option<Appointment>> {
    if opened.entry.appointment_id.as_ref() != Some(&opened.appointment) {
        return Ok(None);
    }
    Ok(opened.store.appointment(&opened.appointment, &Reach::Hospital).await?)
}

async fn again(slots: &Slots, trail: &Trail, link: &LinkText) -> Result<Option<Appointment>> {
    by_this_link(&Opened::of(slots, trail, link).await?).await
}

impl AcceptedReply {
    fn of(appointment: &Appointment, tenant: &Tenant, now: Instant) -> Self {
        let shown = |at: Instant| tenant.zone().show(at);
        let status = appointment.status(now);
        let held = appointment.hold_expires_at.filter(|_| status == AppointmentStatus::Held);
        Self {
            appointment: AcceptedView {
                id: appointment.id.clone(),
                status,
                start: shown(appointment.start),
                end: shown(appointment.end),
                doctor: appointment.doctor.clone(),
                fee: appointment.fee,
            },
            payment: held.map(|until| ToPay {
                fee: appointment.fee,
                until: shown(until),
                how: "Log in and pay this appointment; or ask the hospital for a payment link.",
            }),
        }
    }
}
