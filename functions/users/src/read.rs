//! `GET /users/{id}`.

use crate::{Users, view::PersonView};
use axum::extract::State;
use shared::{
    models::{AccountId, Role, kinds},
    tenancy::{Grant, UseOwnAccount},
    web::{Error, Json, PathId, Refusals, Result},
};

/// A person of the hospital; others than its administrator see only themselves.
#[utoipa::path(
    get, path = "/users/{id}", tag = "people", security(("bearer" = [])),
    params(("id" = String, Path, description = "The person's account")),
    responses((status = 200, description = "The person", body = PersonView), Refusals),
)]
pub(crate) async fn read(
    State(users): State<Users>,
    grant: Grant<UseOwnAccount>,
    PathId(id): PathId<kinds::Account>,
) -> Result<Json<PersonView>> {
    let tenant = grant.own_tenant()?;
    within_reach(&grant, &id)?;
    let account = users.core.store.of(&tenant).account(&id).await?.ok_or(Error::NotFound)?;
    Ok(Json(PersonView::of(account, &tenant)))
}

/// The hospital's administrator reaches everybody, others themselves.
pub(crate) fn within_reach(grant: &Grant<UseOwnAccount>, id: &AccountId) -> Result<()> {
    if grant.role() == Role::Hospital || grant.account() == id {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}
