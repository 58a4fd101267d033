//! `DELETE /waitlist/{id}`: somebody waits no longer.

use crate::Slots;
use axum::extract::State;
use shared::{
    models::{WaitStatus, kinds},
    settlement::TRIES,
    store::Change,
    tenancy::{Grant, JoinWaitlist},
    web::{Code, Error, NoContent, PathId, Refusals, Result},
};

/// Waits no longer. What is offered goes to the next.
#[utoipa::path(
    delete, path = "/waitlist/{id}", tag = "waitlist", security(("bearer" = [])),
    params(("id" = String, Path, description = "The entry")),
    responses((status = 204, description = "Off the list"), Refusals),
)]
pub(crate) async fn withdraw(
    State(slots): State<Slots>,
    grant: Grant<JoinWaitlist>,
    PathId(id): PathId<kinds::Wait>,
) -> Result<NoContent> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    for _ in 0..TRIES {
        let found = store.waiting(&id).await?;
        let own = |entry: &shared::models::WaitEntry| entry.account_id == *grant.account();
        let entry = found.filter(own).ok_or(Error::NotFound)?;
        if entry.status == WaitStatus::Booked {
            let detail = "There is an appointment by this entry; cancel that.";
            return Err(Error::conflict(Code::AlreadyBooked, detail));
        }
        let Some(next) = entry.withdrawn() else {
            return Ok(NoContent);
        };
        if store.leave_offer(&entry, &next, now).await? == Change::Done {
            if entry.offer.is_some() {
                slots.jobs.start(&slots.core, "waitlist").await;
            }
            return Ok(NoContent);
        }
    }
    Err(Error::conflict(Code::Conflict, "The list is being changed by others; try again."))
}
