//! `GET /doctor/leave/{id}`: a leave, and how far it is.

use crate::{
    Slots,
    leave::{LeaveView, within_reach},
};
use axum::extract::State;
use shared::{
    models::kinds,
    tenancy::{Grant, TakeLeave},
    web::{Json, PathId, Refusals, Result},
};

/// A leave, and what became of its appointments so far.
#[utoipa::path(
    get, path = "/doctor/leave/{id}", tag = "leave", security(("bearer" = [])),
    params(("id" = String, Path, description = "The leave")),
    responses((status = 200, description = "The leave", body = LeaveView), Refusals),
)]
pub(crate) async fn leave(
    State(slots): State<Slots>,
    grant: Grant<TakeLeave>,
    PathId(id): PathId<kinds::Leave>,
) -> Result<Json<LeaveView>> {
    let tenant = grant.own_tenant()?;
    let store = slots.core.store.of(&tenant);
    let leave = within_reach(&store, &grant, &id).await?;
    let counts = store.leave_counts(&id).await?;
    Ok(Json(LeaveView::of(leave, counts, &tenant)))
}
