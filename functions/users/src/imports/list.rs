//! `GET /patients/import`: the hospital's imports.

use super::{ImportView, count};
use crate::Users;
use axum::extract::State;
use shared::{
    query,
    store::Page,
    tenancy::{Grant, ImportPatients},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};

query! {
    /// Which part of the list.
    pub(crate) struct ImportQuery {
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// The imports, the newest first.
#[utoipa::path(
    get, path = "/patients/import", tag = "people", security(("bearer" = [])),
    params(ImportQuery),
    responses((status = 200, description = "The imports", body = List<ImportView>), Refusals),
)]
pub(crate) async fn import_list(
    State(users): State<Users>,
    grant: Grant<ImportPatients>,
    Query(query): Query<ImportQuery>,
) -> Result<Json<List<ImportView>>> {
    let (tenant, now) = (grant.own_tenant()?, users.core.clock.now());
    let paging = Paging::of(&users.core, "imports", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let store = users.core.store.of(&tenant);
    let Page { mut items, next } = store.imports(&request).await?;
    count(&store, &mut items).await?;
    let view = |import| ImportView::of(import, &users.links, &tenant, now);
    let items = items.into_iter().map(view).collect::<Result<_>>()?;
    Ok(Json(paging.list(Page { items, next }, |view| view)))
}
