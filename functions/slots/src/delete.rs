//! `DELETE /slots/{id}`: an open slot is withdrawn.

use crate::Slots;
use axum::extract::State;
use shared::{
    models::kinds,
    tenancy::{Grant, PublishSlots, Reach},
    web::{Code, Error, NoContent, PathId, Refusals, Result},
};

/// Withdraws an open slot. One that is held or booked stays.
#[utoipa::path(
    delete, path = "/slots/{id}", tag = "slots", security(("bearer" = [])),
    params(("id" = String, Path, description = "The slot")),
    responses((status = 204, description = "Withdrawn"), Refusals),
)]
pub(crate) async fn delete(
    State(slots): State<Slots>,
    grant: Grant<PublishSlots>,
    PathId(id): PathId<kinds::Slot>,
) -> Result<NoContent> {
    let store = slots.core.store.of(&grant.own_tenant()?);
    let slot = store.slot(&id).await?.ok_or(Error::NotFound)?;
    if matches!(grant.reach(), Reach::Doctor(doctor) if doctor != slot.doctor.id) {
        return Err(Error::NotFound);
    }
    if store.delete_slot(&id, slots.core.clock.now()).await? {
        return Ok(NoContent);
    }
    Err(Error::conflict(
        Code::SlotNotOpen,
        "The slot is held or booked; cancel its appointment first.",
    ))
}
