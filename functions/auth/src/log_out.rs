//! `POST /logout`: ends the caller's session.

use crate::Auth;
use axum::extract::State;
use shared::{
    tenancy::{Grant, UseOwnAccount},
    web::{NoContent, Refusals, Result, end_sessions},
};

/// Ends the session; its access token is refused from the next request on.
#[utoipa::path(
    post, path = "/logout", tag = "auth", security(("bearer" = [])),
    responses(
        (status = 204, description = "Logged out"),
        Refusals,
    ),
)]
pub(crate) async fn log_out(
    State(auth): State<Auth>,
    grant: Grant<UseOwnAccount>,
) -> Result<NoContent> {
    let session = grant.principal().session();
    auth.core.store.gate().end_session(grant.account(), session).await?;
    end_sessions(&auth.core, std::slice::from_ref(session)).await?;
    Ok(NoContent)
}
