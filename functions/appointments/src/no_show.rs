//! `POST /appointments/{id}/no-show`: the patient did not come.

use crate::{
    Appointments,
    visit::{Remark, VisitReply, step},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{EffectKind, Money, kinds},
    tenancy::{Grant, NoteVisit},
    web::{AppointmentView, Body, Json, PathId, Refusals, Result},
};
use utoipa::ToSchema;

/// The appointment and what goes back by the terms it was booked under.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoShowReply {
    appointment: AppointmentView,
    /// What goes back once nobody can undo it any more.
    #[schema(required)]
    refund: Option<Money>,
    /// Until when it can be undone; missing where that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    refund_at: Option<String>,
}

/// Notes that the patient did not come, once the appointment has begun. What the terms give back
/// then goes back when the day is over; until then it can be undone. Noting it twice changes
/// nothing.
#[utoipa::path(
    post, path = "/appointments/{id}/no-show", tag = "appointments", security(("bearer" = [])),
    params(("id" = String, Path, description = "The appointment")),
    request_body = Option<Remark>,
    responses((status = 200, description = "Noted", body = NoShowReply), Refusals),
)]
pub(crate) async fn no_show(
    State(this): State<Appointments>,
    grant: Grant<NoteVisit>,
    PathId(id): PathId<kinds::Appointment>,
    remark: Option<Body<Remark>>,
) -> Result<Json<NoShowReply>> {
    let tenant = grant.own_tenant()?;
    let effect = this.core.entropy.id(this.core.clock.now())?;
    let appointment = step(&this, &grant, &id, remark, |appointment, note| {
        appointment.no_show(effect.clone(), note)
    })
    .await?;
    let owing = appointment.effects.iter().find(|effect| effect.kind == EffectKind::OweNoShow);
    let refund_at = owing.map(|effect| tenant.zone().show(effect.due_at));
    let VisitReply { appointment: shown } = VisitReply::of(&this, &grant, &appointment)?;
    Ok(Json(NoShowReply { refund: appointment.no_show_amount(), refund_at, appointment: shown }))
}
