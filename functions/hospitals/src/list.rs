//! `GET /hospitals`: all hospitals.

use crate::{Hospitals, view::HospitalView};
use axum::extract::State;
use shared::{
    query,
    tenancy::{Grant, ManageHospitals},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};

query! {
    /// Which page.
    pub(crate) struct Pages {
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// The hospitals, in the order they joined.
#[utoipa::path(
    get, path = "/hospitals", tag = "hospitals", security(("bearer" = [])), params(Pages),
    responses((status = 200, description = "The hospitals", body = List<HospitalView>), Refusals),
)]
pub(crate) async fn list(
    State(this): State<Hospitals>,
    grant: Grant<ManageHospitals>,
    Query(query): Query<Pages>,
) -> Result<Json<List<HospitalView>>> {
    let paging = Paging::of_platform(&this.core, "hospitals");
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let page = this.core.store.platform(&grant).hospitals_page(&request).await?;
    Ok(Json(paging.list(page, HospitalView::of)))
}
