//! `GET /waitlist`: who waits, in the order they came.

use crate::{Slots, waitlist::WaitView};
use axum::extract::State;
use shared::{
    query,
    tenancy::{Grant, Reach, ReadWaitlist},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};

query! {
    /// Which page.
    pub(crate) struct WaitQuery {
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// What a patient waits for; the hospital sees all who wait.
#[utoipa::path(
    get, path = "/waitlist", tag = "waitlist", security(("bearer" = [])), params(WaitQuery),
    responses((status = 200, description = "The list", body = List<WaitView>), Refusals),
)]
pub(crate) async fn waitlist(
    State(slots): State<Slots>,
    grant: Grant<ReadWaitlist>,
    Query(query): Query<WaitQuery>,
) -> Result<Json<List<WaitView>>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let own = match grant.reach() {
        Reach::Hospital => None,
        Reach::Doctor(account) | Reach::Account(account) => Some(account),
    };
    let paging = Paging::of(&slots.core, "waitlist", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let page = slots.core.store.of(&tenant).waitlist(own.as_ref(), &request).await?;
    Ok(Json(paging.list(page, |entry| WaitView::of(entry, &tenant, now))))
}
