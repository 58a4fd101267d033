//! `POST /queue/call-next`: the next number is called.

use crate::{
    Appointments,
    queue::{QueueRequest, QueueView, change},
};
use axum::extract::State;
use shared::{
    tenancy::{Grant, RunQueue},
    web::{Body, Json, Refusals, Result},
};

/// Calls the next number of a day's queue; whoever was called before has been seen. Where nobody
/// waits any more that is all, and where nobody was called either it is refused (`NOBODY_WAITS`).
#[utoipa::path(
    post, path = "/queue/call-next", tag = "queue", security(("bearer" = [])),
    request_body = QueueRequest,
    responses((status = 200, description = "As it is now", body = QueueView), Refusals),
)]
pub(crate) async fn call_next(
    State(this): State<Appointments>,
    grant: Grant<RunQueue>,
    Body(request): Body<QueueRequest>,
) -> Result<Json<QueueView>> {
    let now = this.core.clock.now();
    let of = (request.doctor_id, request.day);
    change(&this, &grant, of, |queue| queue.call_next(now)).await
}
