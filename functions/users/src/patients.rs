//! `GET /patients`: the hospital's patients.

use crate::Users;
use axum::extract::State;
use shared::{
    models::{AccountStatus, Search},
    query,
    store::PatientFilter,
    tenancy::{Grant, ReadPatients},
    web::{Cursor, Json, Limit, List, Paging, PatientView, Query, Refusals, Result},
};

query! {
    /// Which patients.
    pub(crate) struct PatientQuery {
        /// Only whose name, identifier or mobile begins with this.
        search: Option<Search> = "q",
        /// Only with this status.
        status: Option<AccountStatus> = "status",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// The patients, in the order they were entered.
#[utoipa::path(
    get, path = "/patients", tag = "people", security(("bearer" = [])), params(PatientQuery),
    responses((status = 200, description = "The patients", body = List<PatientView>), Refusals),
)]
pub(crate) async fn patients(
    State(users): State<Users>,
    grant: Grant<ReadPatients>,
    Query(query): Query<PatientQuery>,
) -> Result<Json<List<PatientView>>> {
    let tenant = grant.own_tenant()?;
    let paging = Paging::of(&users.core, "patients", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let filter = PatientFilter { status: query.status, search: query.search };
    let page = users.core.store.of(&tenant).patients(&filter, &request).await?;
    Ok(Json(paging.list(page, PatientView::of)))
}
