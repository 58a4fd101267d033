//! `POST /queue/skip`: whoever is called is not there.

use crate::{
    Appointments,
    queue::{QueueRequest, QueueView, change},
};
use axum::extract::State;
use shared::{
    models::Queue,
    tenancy::{Grant, RunQueue},
    web::{Body, Json, Refusals, Result},
};

/// Puts the number that is called aside: its patient is not there. It can be called again.
#[utoipa::path(
    post, path = "/queue/skip", tag = "queue", security(("bearer" = [])),
    request_body = QueueRequest,
    responses((status = 200, description = "As it is now", body = QueueView), Refusals),
)]
pub(crate) async fn skip(
    State(this): State<Appointments>,
    grant: Grant<RunQueue>,
    Body(request): Body<QueueRequest>,
) -> Result<Json<QueueView>> {
    change(&this, &grant, (request.doctor_id, request.day), Queue::skip).await
}
