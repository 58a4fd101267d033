//! `POST /appointments/{id}/undo`: a check-in or a no-show is taken back.

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

/// Takes a check-in or a no-show back, on the hospital's day on which it was noted: the appointment
/// is confirmed again. Undoing twice changes nothing.
#[utoipa::path(
    post, path = "/appointments/{id}/undo", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    request_body = Option<Remark>,
    responses((status = 200, description = "Undone", body = VisitReply), Refusals),
)]
pub(crate) async fn undo(
    State(this): State<Appointments>,
    grant: Grant<NoteVisit>,
    PathId(id): PathId<kinds::Appointment>,
    remark: Option<Body<Remark>>,
) -> Result<Json<VisitReply>> {
    let appointment = step(&this, &grant, &id, remark, Appointment::undo).await?;
    VisitReply::of(&this, &grant, &appointment).map(Json)
}
