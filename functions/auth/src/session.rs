//! The beginning of a session, the same for every way to log in.

use crate::Auth;
use serde::Serialize;
use shared::{
    auth::{AccessTokens, RefreshToken, RefreshTokens},
    models::{Account, Instant, Session, SessionId},
    store::{Found, SessionStart},
    web::{Client, Error, Result, UserView, end_sessions},
};
use utoipa::ToSchema;

/// The answer to every successful log-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedIn {
    /// Sent with requests as `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is good.
    expires_in: i64,
    /// Good once, for the next tokens.
    refresh_token: String,
    user: UserView,
}

/// Begins a session for somebody who has proved himself. `None` if his account may not log in.
/// The hospital is read while the session is written: one wait, not two.
pub(crate) async fn begin(
    auth: &Auth,
    mut who: Found,
    with: SessionStart,
    (client, now): (&Client, Instant),
) -> Result<Option<LoggedIn>> {
    let session = Session {
        id: auth.core.entropy.id(now)?,
        generation: 0,
        started_at: now,
        refreshed_at: now,
        expires_at: now.plus_seconds(RefreshTokens::LIFETIME_SECONDS),
        address: Some(client.address.clone()),
        agent: client.agent.clone(),
    };
    let gate = auth.core.store.gate();
    let (account, membership) =
        tokio::join!(gate.begin_session(&who, &session, with), gate.membership(&who));
    let Some(account) = account? else {
        return Ok(None);
    };
    end_dropped(auth, &who.account, &account).await;
    who.account = account;
    reply(auth, &who, membership?.as_ref(), (session.id, 0), now).map(Some)
}

/// An account keeps its latest sessions only; the access tokens of one that had to go end too. If
/// Redis does not hear of it, they live as long as it believes in them: five minutes at most.
async fn end_dropped(auth: &Auth, before: &Account, after: &Account) {
    let kept = |id: &SessionId| after.sessions.iter().any(|session| session.id == *id);
    let dropped: Vec<SessionId> =
        before.sessions.iter().map(|session| session.id.clone()).filter(|id| !kept(id)).collect();
    if let Err(error) = end_sessions(&auth.core, &dropped).await {
        tracing::warn!(?error, "sessions that had to go were not marked as ended");
    }
}

/// The tokens of a session at a generation.
pub(crate) fn reply(
    auth: &Auth,
    who: &Found,
    membership: Option<&shared::auth::Membership>,
    (session, generation): (SessionId, i64),
    now: Instant,
) -> Result<LoggedIn> {
    let Account { id, role, .. } = &who.account;
    let jti = auth.core.entropy.id::<shared::models::kinds::Session>(now)?.as_str().to_owned();
    let access_token = auth
        .core
        .access
        .issue(id, *role, &session, membership, (now, jti))
        .map_err(Error::internal)?;
    let refresh = RefreshToken { account: id.clone(), session, generation };
    Ok(LoggedIn {
        access_token,
        token_type: "Bearer",
        expires_in: AccessTokens::LIFETIME_SECONDS,
        refresh_token: auth.log_ins.refresh.seal(&refresh),
        user: UserView::of(&who.account, who.hospital()),
    })
}
