//! `POST /users/{id}/unblock`: the hospital lets somebody in again.

use crate::{Users, view::PersonView};
use axum::extract::State;
use shared::{
    models::{Account, AccountStatus, kinds},
    tenancy::{Grant, ManagePeople},
    web::{Error, Json, PathId, Refusals, Result},
};

/// Lifts a block. Somebody whose address was never proved is pending again.
#[utoipa::path(
    post, path = "/users/{id}/unblock", tag = "people", security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's account")),
    responses((status = 200, description = "Let in again", body = PersonView), Refusals),
)]
pub(crate) async fn unblock(
    State(users): State<Users>,
    grant: Grant<ManagePeople>,
    PathId(id): PathId<kinds::Account>,
) -> Result<Json<PersonView>> {
    let tenant = grant.own_tenant()?;
    let store = users.core.store.of(&tenant);
    let account = store.account(&id).await?.ok_or(Error::NotFound)?;
    if account.status != AccountStatus::Blocked {
        return Ok(Json(PersonView::of(account, &tenant)));
    }
    // Only a log-in proves an address, and it leaves its time.
    let proved = account.last_log_in_at.is_some();
    let to = if proved { AccountStatus::Active } else { AccountStatus::Pending };
    let now = users.core.clock.now();
    store.set_account_status(&id, &[AccountStatus::Blocked], to, now).await?;
    Ok(Json(PersonView::of(Account { status: to, ..account }, &tenant)))
}
