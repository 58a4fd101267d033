//! `GET /queue/status`: how a patient's number stands, for whoever has its link.

use crate::{Appointments, queue::LINK};
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{AccountId, Day, Parse as _, Queue, TokenState},
    query,
    tenancy::Tenant,
    web::{Error, Json, LinkText, Query, Refusals, Result},
};
use utoipa::ToSchema;

query! {
    /// Whose number.
    pub(crate) struct StatusQuery {
        /// From the check-in.
        link: LinkText = "link",
    }
}

/// How a number stands. It names nobody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusView {
    number: u32,
    state: TokenState,
    /// The number that is being seen.
    #[schema(required)]
    now_serving: Option<u32>,
    /// How many wait before.
    ahead: usize,
    /// How long it may take until this number is called.
    estimated_minutes: i64,
}

/// How a number of today or of yesterday stands, for a night goes on after midnight. It needs no
/// log-in: the link is the key, and tells no name.
#[utoipa::path(
    get, path = "/queue/status", tag = "queue", params(StatusQuery),
    responses((status = 200, description = "How it stands", body = StatusView), Refusals),
)]
pub(crate) async fn status(
    State(this): State<Appointments>,
    Query(query): Query<StatusQuery>,
) -> Result<Json<StatusView>> {
    let link = this.links.open(LINK, &query.link.0).ok_or(Error::NotFound)?;
    let (doctor, day, number) = place(link.about()).ok_or(Error::NotFound)?;
    let (tenant, now) = (Tenant::of_link(&link), this.core.clock.now());
    if !Queue::is_followed(day, tenant.zone().day(now)) {
        return Err(Error::NotFound);
    }
    let queue = this.core.store.of(&tenant).queue(&doctor, day).await?.ok_or(Error::NotFound)?;
    let place = queue.place(number, now).ok_or(Error::NotFound)?;
    Ok(Json(StatusView {
        number,
        state: place.state,
        now_serving: place.now_serving,
        ahead: place.ahead,
        estimated_minutes: place.minutes,
    }))
}

fn place(about: &str) -> Option<(AccountId, Day, u32)> {
    let mut parts = about.split('/');
    let doctor = AccountId::parse(parts.next()?).ok()?;
    Some((doctor, Day::parse(parts.next()?).ok()?, parts.next()?.parse().ok()?))
}
