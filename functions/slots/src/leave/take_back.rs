//! `DELETE /doctor/leave/{id}`: a doctor is there after all.

use crate::{Slots, leave::within_reach};
use axum::extract::State;
use shared::{
    models::{LeaveStatus, kinds},
    tenancy::{Grant, TakeLeave},
    web::{Code, Error, NoContent, PathId, Refusals, Result},
};

/// Takes a leave back: what it blocked is open again, unless another leave holds. Patients who have
/// not chosen yet keep their appointments, and are told by mail; what was moved or called off stays
/// so.
#[utoipa::path(
    delete, path = "/doctor/leave/{id}", tag = "leave", security(("bearer" = [])),
    params(("id" = String, Path, description = "The leave")),
    responses((status = 204, description = "Taken back"), Refusals),
)]
pub(crate) async fn take_back(
    State(slots): State<Slots>,
    grant: Grant<TakeLeave>,
    PathId(id): PathId<kinds::Leave>,
) -> Result<NoContent> {
    let store = slots.core.store.of(&grant.own_tenant()?);
    let leave = within_reach(&store, &grant, &id).await?;
    let now = slots.core.clock.now();
    if leave.status != LeaveStatus::TakenBack && leave.to <= now {
        return Err(Error::conflict(Code::LeaveOver, "The leave is over."));
    }
    if store.take_leave_back(&id, now).await?.is_some() {
        slots.jobs.start(&slots.core, "leave").await;
    }
    Ok(NoContent)
}
