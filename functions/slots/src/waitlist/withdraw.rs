//! `DELETE /waitlist/{id}`: somebody waits no longer.

use crate::Slots;
use axum::extract::State;
use shared::{
    models::{Instant, WaitEntry, WaitStatus, kinds},
    settlement::TRIES,
    store::{Change, HospitalStore},
    tenancy::{Grant, JoinWaitlist, Reach},
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
        let own = |entry: &WaitEntry| entry.account_id == *grant.account();
        let entry = found.filter(own).ok_or(Error::NotFound)?;
        if entry.status == WaitStatus::Booked && stands(&store, &entry, now).await? {
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

/// Whether there is still an appointment by an entry. One that was not paid in time is none.
async fn stands(store: &HospitalStore, entry: &WaitEntry, now: Instant) -> Result<bool> {
    let Some(id) = &entry.appointment_id else {
        return Ok(false);
    };
    let found = store.appointment(id, &Reach::Hospital).await?;
    Ok(found.is_some_and(|appointment| appointment.status(now).is_live()))
}
