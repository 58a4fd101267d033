//! `POST /appointments/{id}/check-in`: the patient is there.

use crate::{
    Appointments,
    visit::{Remark, VisitReply, step},
};
use axum::extract::State;
use shared::{
    models::{Appointment, kinds},
    tenancy::{Grant, NoteVisit},
    web::{Body, Json, PathId, Refusals, Result},
};

/// Notes that the patient is there, on the day of the appointment. Noting it twice changes nothing.
#[utoipa::path(
    post, path = "/appointments/{id}/check-in", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    request_body = Option<Remark>,
    responses((status = 200, description = "Checked in", body = VisitReply), Refusals),
)]
pub(crate) async fn check_in(
    State(this): State<Appointments>,
    grant: Grant<NoteVisit>,
    PathId(id): PathId<kinds::Appointment>,
    remark: Option<Body<Remark>>,
) -> Result<Json<VisitReply>> {
    let appointment = step(&this, &grant, &id, remark, Appointment::check_in).await?;
    VisitReply::of(&this, &grant, &appointment).map(Json)
}
