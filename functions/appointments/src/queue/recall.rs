//! `POST /queue/recall`: a number that was skipped is called again.

use crate::{
    Appointments,
    queue::{QueueView, change},
};
use axum::extract::State;
use shared::{
    body,
    models::{AccountId, Day},
    tenancy::{Grant, RunQueue},
    web::{Body, Json, Refusals, Result},
};

body! {
    /// Which number, of whose queue and of which day.
    pub(crate) struct RecallRequest {
        /// The doctor; for the hospital's administrator only.
        doctor_id: Option<AccountId> = "doctorId",
        /// The hospital's day: today unless told, or yesterday.
        day: Option<Day> = "day",
        /// The number.
        number: u64 = "number",
    }
}

/// Calls a number again that was skipped; whoever was called before has been seen.
#[utoipa::path(
    post, path = "/queue/recall", tag = "queue", security(("bearer" = [])),
    request_body = RecallRequest,
    responses((status = 200, description = "As it is now", body = QueueView), Refusals),
)]
pub(crate) async fn recall(
    State(this): State<Appointments>,
    grant: Grant<RunQueue>,
    Body(request): Body<RecallRequest>,
) -> Result<Json<QueueView>> {
    let now = this.core.clock.now();
    // What is no number of a day was not skipped.
    let number = u32::try_from(request.number).unwrap_or_default();
    let of = (request.doctor_id, request.day);
    change(&this, &grant, of, |queue| queue.recall(number, now)).await
}
