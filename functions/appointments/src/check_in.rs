//! `POST /appointments/{id}/check-in`: the patient is there.

use crate::{
    Appointments,
    queue::Ticket,
    visit::{Remark, VisitReply, step},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{Appointment, kinds},
    tenancy::{Grant, NoteVisit},
    web::{AppointmentView, Body, Json, PathId, Refusals, Result},
};
use utoipa::ToSchema;

/// The appointment, and the patient's number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckInReply {
    appointment: AppointmentView,
    /// `null` where it was checked in before there were numbers.
    #[schema(required)]
    queue: Option<Ticket>,
}

/// Notes that the patient is there, on the day of the appointment, and gives the day's next number
/// with the doctor. Noting it twice changes nothing.
#[utoipa::path(
    post, path = "/appointments/{id}/check-in", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    request_body = Option<Remark>,
    responses((status = 200, description = "Checked in", body = CheckInReply), Refusals),
)]
pub(crate) async fn check_in(
    State(this): State<Appointments>,
    grant: Grant<NoteVisit>,
    PathId(id): PathId<kinds::Appointment>,
    remark: Option<Body<Remark>>,
) -> Result<Json<CheckInReply>> {
    let appointment = step(&this, &grant, &id, remark, Appointment::check_in).await?;
    let (tenant, day) = (grant.own_tenant()?, appointment.day);
    let of = (&appointment.doctor.id, day);
    let queue = appointment.token.map(|number| Ticket::of(&this.links, &tenant, of, number));
    let VisitReply { appointment } = VisitReply::of(&this, &grant, &appointment)?;
    Ok(Json(CheckInReply { appointment, queue }))
}
