//! From a bearer token to a grant: the first two links of the chain of proofs.

use super::{Client, Core, Error, Function, Result, Trail};
use crate::{
    auth::{Principal, bearer},
    models::SessionId,
    outbound::SessionMark,
    tenancy::{Grant, Permit},
};
use axum::extract::FromRequestParts;
use http::{header, request::Parts};

impl<P: Permit, F: Function> FromRequestParts<F> for Grant<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, function: &F) -> Result<Self> {
        let principal = match parts.extensions.get::<Principal>() {
            Some(principal) => principal.clone(),
            None => authenticate(parts, function.core()).await?,
        };
        let trail = parts.extensions.get::<Trail>().cloned();
        let claimed = Self::claim(principal.clone());
        if let Some(trail) = trail {
            trail.claimed::<P>(&principal, claimed.is_ok());
        }
        Ok(claimed?)
    }
}

/// The principal a request's token speaks for, if its session goes on.
pub(super) async fn authenticate(parts: &Parts, core: &Core) -> Result<Principal> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Error::Unauthenticated);
    };
    let token = value.to_str().ok().and_then(bearer).ok_or(Error::Unauthenticated)?;
    let principal = core.access.verify(token, core.clock.now())?;
    if session_is_live(core, &principal, &Client::of(&parts.extensions)).await? {
        Ok(principal)
    } else {
        Err(Error::Unauthenticated)
    }
}

/// Redis is asked first, which counts the request too. Where it does not know, or is away, the
/// database does: losing Redis slows requests down and lets nobody in; the limit alone goes.
async fn session_is_live(core: &Core, principal: &Principal, client: &Client) -> Result<bool> {
    let session = principal.session();
    let (limit, now) = (core.requests_per_minute, core.clock.now());
    let who = core.seal.hex(&["requests", principal.account().as_str()]);
    let reachable = match core.sessions.count(session, &who, limit, now).await {
        Ok(counted) => match client.admit(counted)? {
            SessionMark::Live => return Ok(true),
            SessionMark::Ended => return Ok(false),
            SessionMark::Unknown => true,
        },
        Err(error) => {
            tracing::warn!(%error, dependency = "Upstash", "sessions are read from the database");
            false
        }
    };
    let live = core.store.gate().session_is_live(principal.account(), session, now).await?;
    if live && reachable {
        core.sessions.goes_on(session, now);
    }
    Ok(live)
}

/// Ends the access tokens of sessions that the database has ended already. If Redis does not
/// hear of it, the caller must try again: an older mark might still say that they go on.
pub async fn end_sessions(core: &Core, sessions: &[SessionId]) -> Result<()> {
    Ok(core.sessions.note_ended(sessions).await?)
}
