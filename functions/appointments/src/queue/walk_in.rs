//! `POST /queue/walk-in`: somebody is there without an appointment.

use crate::{
    Appointments,
    queue::{self, Ticket, doctor_of},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    body,
    models::{AccountId, PatientId, Role},
    store::WalkedIn,
    tenancy::{Grant, RunQueue},
    web::{Body, Code, Created, Error, Refusals, Result},
};
use utoipa::ToSchema;

body! {
    /// Who walked in, and to whom.
    pub(crate) struct WalkInRequest {
        /// The patient.
        patient_id: PatientId = "patientId",
        /// The doctor; for the hospital's administrator only.
        doctor_id: Option<AccountId> = "doctorId",
    }
}

/// The patient's number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WalkInReply {
    queue: Ticket,
}

/// Gives a patient who has walked in the day's next number with a doctor. One who waits already
/// keeps his; one who was called has been seen, and gets a new one.
#[utoipa::path(
    post, path = "/queue/walk-in", tag = "queue", security(("bearer" = [])),
    request_body = WalkInRequest,
    responses((status = 201, description = "He waits", body = WalkInReply), Refusals),
)]
pub(crate) async fn walk_in(
    State(this): State<Appointments>,
    grant: Grant<RunQueue>,
    Body(request): Body<WalkInRequest>,
) -> Result<Created<WalkInReply>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let doctor = doctor_of(&grant, request.doctor_id)?;
    let (store, day) = (this.core.store.of(&tenant), tenant.zone().day(now));
    let (patient, account) =
        tokio::join!(store.patient(&request.patient_id), store.account(&doctor));
    let patient = patient?.ok_or(Error::NotFound)?;
    let account = account?.filter(|account| account.role == Role::Doctor);
    if account.ok_or(Error::NotFound)?.status.is_shut_out() {
        return Err(Error::conflict(Code::DoctorNotActive, "The doctor's account is not active."));
    }
    let number = match store.walk_in((&doctor, day), &patient).await? {
        WalkedIn::Given(number) => {
            shared::count!(walk_ins = 1_u8);
            number
        }
        WalkedIn::Waits(number) => number,
        WalkedIn::QueueFull => return Err(queue::full()),
    };
    let queue = Ticket::of(&this.links, &tenant, (&doctor, day), number);
    Ok(Created(WalkInReply { queue }))
}
