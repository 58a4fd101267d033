//! `GET /users`: the hospital's people.

use crate::{Users, view::PersonView};
use axum::extract::State;
use shared::{
    models::{AccountStatus, Role, Search},
    query,
    store::AccountFilter,
    tenancy::{Grant, ManagePeople},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};

query! {
    /// Which people.
    pub(crate) struct PeopleQuery {
        /// Only of this role.
        role: Option<Role> = "role",
        /// Only with this status.
        status: Option<AccountStatus> = "status",
        /// Only whose name or address begins with this.
        search: Option<Search> = "q",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// Those who log in, in the order they joined.
#[utoipa::path(
    get, path = "/users", tag = "people", security(("bearer" = [])), params(PeopleQuery),
    responses((status = 200, description = "The people", body = List<PersonView>), Refusals),
)]
pub(crate) async fn list(
    State(users): State<Users>,
    grant: Grant<ManagePeople>,
    Query(query): Query<PeopleQuery>,
) -> Result<Json<List<PersonView>>> {
    let tenant = grant.own_tenant()?;
    let paging = Paging::of(&users.core, "users", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let filter = AccountFilter { role: query.role, status: query.status, search: query.search };
    let page = users.core.store.of(&tenant).accounts(&filter, &request).await?;
    Ok(Json(paging.list(page, |account| PersonView::of(account, &tenant))))
}
