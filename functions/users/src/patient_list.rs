//! `GET /doctor/patient-list`: the patients, for a doctor.

use crate::Users;
use axum::extract::State;
use shared::{
    models::Search,
    query,
    store::PatientFilter,
    tenancy::{Grant, ReadPatientList},
    web::{Cursor, Json, Limit, List, Paging, PatientView, Query, Refusals, Result},
};

query! {
    /// Which patients.
    pub(crate) struct PatientListQuery {
        /// Only whose name, identifier or mobile begins with this.
        search: Option<Search> = "q",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// The hospital's patients, in the order they were entered.
#[utoipa::path(
    get, path = "/doctor/patient-list", tag = "people", security(("bearer" = [])), params(PatientListQuery),
    responses((status = 200, description = "The patients", body = List<PatientView>), Refusals),
)]
pub(crate) async fn patient_list(
    State(users): State<Users>,
    grant: Grant<ReadPatientList>,
    Query(query): Query<PatientListQuery>,
) -> Result<Json<List<PatientView>>> {
    let tenant = grant.own_tenant()?;
    let paging = Paging::of(&users.core, "patient-list", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let filter = PatientFilter { status: None, search: query.search };
    let page = users.core.store.of(&tenant).patients(&filter, &request).await?;
    Ok(Json(paging.list(page, PatientView::of)))
}
