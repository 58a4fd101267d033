//! `GET /me/sessions`: where one is logged in.

use crate::Auth;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{Instant, Session, SessionId, Zone},
    tenancy::{Grant, UseOwnAccount},
    web::{Error, Json, List, Refusals, Result},
};
use utoipa::ToSchema;

/// One log-in and what follows from it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionView {
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    #[schema(format = DateTime)]
    started_at: String,
    /// When its tokens were last replaced.
    #[schema(format = DateTime)]
    refreshed_at: String,
    /// When it ends if it is not used.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The address it was begun from.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// What the client called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
}

impl SessionView {
    fn of(session: Session, current: &SessionId, zone: &Zone) -> Self {
        let show = |at: Instant| zone.show(at);
        Self {
            current: session.id == *current,
            started_at: show(session.started_at),
            refreshed_at: show(session.refreshed_at),
            expires_at: show(session.expires_at),
            id: session.id,
            address: session.address,
            agent: session.agent,
        }
    }
}

/// The sessions of one's own account that go on, the latest first.
#[utoipa::path(
    get, path = "/me/sessions", tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "The sessions", body = List<SessionView>), Refusals),
)]
pub(crate) async fn my_sessions(
    State(auth): State<Auth>,
    grant: Grant<UseOwnAccount>,
) -> Result<Json<List<SessionView>>> {
    let now = auth.core.clock.now();
    let zone = grant.tenant().map_or_else(Zone::default, |tenant| tenant.zone().clone());
    let found = auth.core.store.gate().account(grant.account()).await?;
    let sessions = found.ok_or(Error::Unauthenticated)?.account.sessions;
    let current = grant.principal().session();
    let live = sessions.into_iter().rev().filter(|session| session.expires_at > now);
    let items = live.map(|session| SessionView::of(session, current, &zone)).collect();
    Ok(Json(List { items, next_cursor: None }))
}
