//! `PATCH /users/{id}`.

use crate::{Users, read::within_reach, view::PersonView};
use axum::extract::State;
use shared::{
    body,
    models::{Mobile, Name, kinds},
    tenancy::{Grant, UseOwnAccount},
    web::{Body, Error, Json, PathId, Refusals, Result},
};

body! {
    /// What is changed of a person.
    pub(crate) struct PersonChange {
        /// The name.
        name: Option<Name> = "name",
        /// Where the person is called.
        mobile: Option<Mobile> = "mobile",
    }
}

/// Changes name and mobile; others than the hospital's administrator change only their own.
#[utoipa::path(
    patch, path = "/users/{id}", tag = "people", security(("bearer" = [])), request_body = PersonChange,
    params(("id" = String, Path, description = "The person's account")),
    responses((status = 200, description = "As it is now", body = PersonView), Refusals),
)]
pub(crate) async fn patch(
    State(users): State<Users>,
    grant: Grant<UseOwnAccount>,
    PathId(id): PathId<kinds::Account>,
    Body(change): Body<PersonChange>,
) -> Result<Json<PersonView>> {
    let tenant = grant.own_tenant()?;
    within_reach(&grant, &id)?;
    let store = users.core.store.of(&tenant);
    let changed = store.change_account(&id, change.name.as_ref(), change.mobile.as_ref()).await?;
    changed.map(|account| Json(PersonView::of(account, &tenant))).ok_or(Error::NotFound)
}
