//! `GET /queue`: a doctor's queue of a day, as it is.

use crate::{
    Appointments,
    queue::{QueueView, doctor_of},
};
use axum::extract::State;
use shared::{
    models::{AccountId, Day, Queue, Role},
    query,
    tenancy::{Grant, RunQueue},
    web::{Error, Json, Query, Refusals, Result},
};

query! {
    /// Whose queue, and of which day.
    pub(crate) struct QueueQuery {
        /// The doctor; for the hospital's administrator only.
        doctor_id: Option<AccountId> = "doctorId",
        /// The hospital's day: today unless told.
        day: Option<Day> = "day",
    }
}

/// A doctor's queue of a day as it is: who is being seen, and every number with whose it is and
/// where it stands. It changes nothing. A day has at most 1000 numbers; where nobody has come, it
/// has none.
#[utoipa::path(
    get, path = "/queue", tag = "queue", security(("bearer" = [])), params(QueueQuery),
    responses((status = 200, description = "As it is", body = QueueView), Refusals),
)]
pub(crate) async fn read(
    State(this): State<Appointments>,
    grant: Grant<RunQueue>,
    Query(query): Query<QueueQuery>,
) -> Result<Json<QueueView>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let doctor = doctor_of(&grant, query.doctor_id)?;
    let day = query.day.unwrap_or_else(|| tenant.zone().day(now));
    let store = this.core.store.of(&tenant);
    let (queue, account) = tokio::join!(store.queue(&doctor, day), store.account(&doctor));
    let is_doctor = account?.is_some_and(|account| account.role == Role::Doctor);
    let empty = is_doctor.then(|| Queue::empty(doctor, day));
    let queue = queue?.or(empty).ok_or(Error::NotFound)?;
    Ok(Json(QueueView::in_full(queue)))
}
