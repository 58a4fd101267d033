//! `GET /doctor/leave`: leaves, the latest first.

use crate::{Slots, leave::LeaveView};
use axum::extract::State;
use shared::{
    models::AccountId,
    query,
    tenancy::{Grant, Reach, TakeLeave},
    web::{Cursor, Error, Json, Limit, List, Paging, Query, Refusals, Result},
};

query! {
    /// Whose leaves.
    pub(crate) struct LeaveQuery {
        /// Only this doctor's.
        doctor_id: Option<AccountId> = "doctorId",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// Leaves, the latest first: a doctor's own, or all of the hospital's.
#[utoipa::path(
    get, path = "/doctor/leave", tag = "leave", security(("bearer" = [])), params(LeaveQuery),
    responses((status = 200, description = "The leaves", body = List<LeaveView>), Refusals),
)]
pub(crate) async fn leaves(
    State(slots): State<Slots>,
    grant: Grant<TakeLeave>,
    Query(query): Query<LeaveQuery>,
) -> Result<Json<List<LeaveView>>> {
    let tenant = grant.own_tenant()?;
    let doctor = match (grant.reach(), query.doctor_id) {
        (Reach::Doctor(own), Some(named)) if own != named => return Err(Error::NotFound),
        (Reach::Doctor(own), _) => Some(own),
        (_, named) => named,
    };
    let paging = Paging::of(&slots.core, "doctor/leave", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let page = slots.core.store.of(&tenant).leaves(doctor.as_ref(), &request).await?;
    Ok(Json(paging.list(page, |one| {
        let counts = one.counts();
        LeaveView::of(one.leave, counts, &tenant)
    })))
}
