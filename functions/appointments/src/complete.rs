//! `POST /appointments/{id}/complete`: the patient was seen.

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

/// Notes that the patient was seen: he was checked in, or the appointment has begun. Noting it
/// twice changes nothing.
#[utoipa::path(
    post, path = "/appointments/{id}/complete", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    request_body = Option<Remark>,
    responses((status = 200, description = "Completed", body = VisitReply), Refusals),
)]
pub(crate) async fn complete(
    State(this): State<Appointments>,
    grant: Grant<NoteVisit>,
    PathId(id): PathId<kinds::Appointment>,
    remark: Option<Body<Remark>>,
) -> Result<Json<VisitReply>> {
    let appointment = step(&this, &grant, &id, remark, Appointment::complete).await?;
    VisitReply::of(&this, &grant, &appointment).map(Json)
}
