//! `POST /token/refresh`: a refresh token for the next one, and a new access token.

use crate::{
    Auth,
    session::{self, LoggedIn},
};
use axum::extract::State;
use shared::{
    auth::{RefreshToken, RefreshTokens},
    body,
    models::{Instant, Issue, IssueCode, Parse},
    store::Found,
    web::{Body, Client, Error, Json, Refusals, Result, Trail, end_sessions},
};

/// A refresh token as its client sends it back.
pub(crate) struct Opaque(String);

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opaque(…)")
    }
}

impl Parse for Opaque {
    fn parse(text: &str) -> Result<Self, Issue> {
        if text.len() > 512 {
            return Err(Issue::new(IssueCode::Length, "is too long"));
        }
        Ok(Self(text.to_owned()))
    }
}

body! {
    /// The refresh token of the last answer.
    pub(crate) struct Refresh {
        /// Opaque, as the last answer had it.
        #[schema(value_type = String, max_length = 512)]
        refresh_token: Opaque = "refreshToken",
    }
}

/// Replaces a refresh token. One that was replaced before gives the same successor for a few
/// seconds, for the answer may have been lost; after that its use ends the whole session, for
/// somebody else has it (RFC 9700 §4.14).
#[utoipa::path(
    post, path = "/token/refresh", tag = "auth", request_body = Refresh,
    responses(
        (status = 200, description = "The next tokens", body = LoggedIn),
        Refusals,
    ),
)]
pub(crate) async fn token_refresh(
    State(auth): State<Auth>,
    client: Client,
    trail: Trail,
    Body(request): Body<Refresh>,
) -> Result<Json<LoggedIn>> {
    let now = auth.core.clock.now();
    // A refresh needs no Redis, so without it there is no limit here.
    if let Ok(counted) = auth.log_ins.attempts.count(&client.address, now).await {
        client.admit(counted)?;
    }
    let token =
        auth.log_ins.refresh.open(&request.refresh_token.0).ok_or(Error::Unauthenticated)?;
    let gate = auth.core.store.gate();
    let expires_at = now.plus_seconds(RefreshTokens::LIFETIME_SECONDS);
    let session = (&token.session, token.generation);
    let who = match gate.refresh(&token.account, session, now, expires_at).await? {
        Some(who) => who,
        None => replayed(&auth, &token, &trail, now).await?,
    };
    let membership = gate.membership(&who).await?;
    let next = (token.session, token.generation.saturating_add(1));
    session::reply(&auth, &who, membership.as_ref(), next, now).map(Json)
}

/// A token that is not the session's latest: its immediate predecessor within the grace, or one
/// that somebody else has used.
async fn replayed(auth: &Auth, token: &RefreshToken, trail: &Trail, now: Instant) -> Result<Found> {
    let gate = auth.core.store.gate();
    let who = gate.account(&token.account).await?.ok_or(Error::Unauthenticated)?;
    let session = who.account.sessions.iter().find(|session| session.id == token.session);
    let Some(session) = session else {
        return Err(Error::Unauthenticated);
    };
    let latest = session.generation == token.generation.saturating_add(1);
    if latest && now.seconds_since(session.refreshed_at) < RefreshTokens::GRACE_SECONDS {
        return Ok(who);
    }
    trail.tries(Some(&who));
    if session.generation > token.generation {
        gate.end_session(&token.account, &token.session).await?;
        end_sessions(&auth.core, std::slice::from_ref(&token.session)).await?;
        tracing::warn!(account = %token.account, "a refresh token was used twice; its session is ended");
    }
    Err(Error::Unauthenticated)
}
