//! `POST /users/{id}/block`: the hospital shuts somebody out.

use crate::{Users, view::PersonView};
use axum::extract::State;
use shared::{
    models::{Account, AccountId, AccountStatus, SessionId, kinds},
    tenancy::{Grant, ManagePeople},
    web::{Code, Error, Json, PathId, Refusals, Result, end_sessions},
};

/// Blocks a person until unblocked; every session of his ends with the next request.
#[utoipa::path(
    post, path = "/users/{id}/block", tag = "people", security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's account")),
    responses((status = 200, description = "Blocked", body = PersonView), Refusals),
)]
pub(crate) async fn block(
    State(users): State<Users>,
    grant: Grant<ManagePeople>,
    PathId(id): PathId<kinds::Account>,
) -> Result<Json<PersonView>> {
    not_oneself(&grant, &id)?;
    let tenant = grant.own_tenant()?;
    let store = users.core.store.of(&tenant);
    // The sessions are read first: should their end not be heard of, the call can be made again.
    let account = store.account(&id).await?.ok_or(Error::NotFound)?;
    let from = [AccountStatus::Pending, AccountStatus::Active, AccountStatus::Blocked];
    let (to, now) = (AccountStatus::Blocked, users.core.clock.now());
    let before = store.set_account_status(&id, &from, to, now).await?;
    let before =
        before.ok_or_else(|| Error::conflict(Code::AccountClosed, "The account is closed."))?;
    end_all(&users, [&account, &before]).await?;
    let blocked = Account { status: AccountStatus::Blocked, ..before };
    Ok(Json(PersonView::of(blocked, &tenant)))
}

/// Ends the access tokens of every session of an account.
pub(crate) async fn end_all(users: &Users, seen: [&Account; 2]) -> Result<()> {
    let sessions: Vec<SessionId> = seen
        .iter()
        .flat_map(|account| account.sessions.iter().map(|session| session.id.clone()))
        .collect();
    end_sessions(&users.core, &sessions).await
}

/// An administrator cannot shut himself out; the hospital would have nobody left to undo it.
pub(crate) fn not_oneself(grant: &Grant<ManagePeople>, id: &AccountId) -> Result<()> {
    if grant.account() == id {
        return Err(Error::conflict(Code::OwnAccount, "You cannot do this to your own account."));
    }
    Ok(())
}
