//! `DELETE /users/{id}`: somebody leaves.

use crate::{
    Users,
    block::{end_all, not_oneself},
};
use axum::extract::State;
use shared::{
    models::kinds,
    store::Removal,
    tenancy::{Grant, ManagePeople},
    web::{Error, NoContent, PathId, Refusals, Result},
};

/// Removes a person. One who has appointments is deactivated and kept for them.
#[utoipa::path(
    delete, path = "/users/{id}", tag = "people", security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's account")),
    responses((status = 204, description = "Removed, or deactivated"), Refusals),
)]
pub(crate) async fn delete(
    State(users): State<Users>,
    grant: Grant<ManagePeople>,
    PathId(id): PathId<kinds::Account>,
) -> Result<NoContent> {
    not_oneself(&grant, &id)?;
    let store = users.core.store.of(&grant.own_tenant()?);
    let account = store.account(&id).await?.ok_or(Error::NotFound)?;
    let now = users.core.clock.now();
    if store.remove_account(&account, now).await? == Removal::Missing {
        return Err(Error::NotFound);
    }
    end_all(&users, [&account, &account]).await?;
    Ok(NoContent)
}
