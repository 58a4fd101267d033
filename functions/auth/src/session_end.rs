//! `DELETE /me/sessions/{id}`: logs out somewhere else.

use crate::Auth;
use axum::extract::State;
use shared::{
    models::kinds,
    tenancy::{Grant, UseOwnAccount},
    web::{Error, NoContent, PathId, Refusals, Result, end_sessions},
};

/// Ends one of one's own sessions; its access token is refused from the next request on.
#[utoipa::path(
    delete, path = "/me/sessions/{id}", tag = "auth", security(("bearer" = [])),
    params(("id" = String, Path, description = "The session")),
    responses((status = 204, description = "Ended"), Refusals),
)]
pub(crate) async fn session_end(
    State(auth): State<Auth>,
    grant: Grant<UseOwnAccount>,
    PathId(id): PathId<kinds::Session>,
) -> Result<NoContent> {
    if !auth.core.store.gate().end_session(grant.account(), &id).await? {
        return Err(Error::NotFound);
    }
    end_sessions(&auth.core, std::slice::from_ref(&id)).await?;
    Ok(NoContent)
}
