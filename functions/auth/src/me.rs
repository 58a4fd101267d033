//! `GET /me`: who the caller is.

use crate::Auth;
use axum::extract::State;
use shared::{
    tenancy::{Grant, UseOwnAccount},
    web::{Error, Json, Refusals, Result, UserView},
};

/// The caller's own account.
#[utoipa::path(
    get, path = "/me", tag = "auth", security(("bearer" = [])),
    responses(
        (status = 200, description = "The account", body = UserView),
        Refusals,
    ),
)]
pub(crate) async fn me(
    State(auth): State<Auth>,
    grant: Grant<UseOwnAccount>,
) -> Result<Json<UserView>> {
    let found = auth.core.store.gate().account(grant.account()).await?;
    let who = found.ok_or(Error::Unauthenticated)?;
    Ok(Json(UserView::of(&who.account, who.hospital())))
}
