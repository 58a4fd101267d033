//! `GET /patients/import/{id}`: how far an import is, and its report.

use super::{ImportView, count};
use crate::Users;
use axum::extract::State;
use shared::{
    models::kinds,
    tenancy::{Grant, ImportPatients},
    web::{Error, Json, PathId, Refusals, Result},
};

/// One import. While it runs, its counts move.
#[utoipa::path(
    get, path = "/patients/import/{id}", tag = "people", security(("bearer" = [])),
    params(("id" = String, Path, description = "The import")),
    responses((status = 200, description = "The import", body = ImportView), Refusals),
)]
pub(crate) async fn import_read(
    State(users): State<Users>,
    grant: Grant<ImportPatients>,
    PathId(id): PathId<kinds::Import>,
) -> Result<Json<ImportView>> {
    let (tenant, now) = (grant.own_tenant()?, users.core.clock.now());
    let store = users.core.store.of(&tenant);
    let mut import = store.import(&id).await?.ok_or(Error::NotFound)?;
    count(&store, std::slice::from_mut(&mut import)).await?;
    Ok(Json(ImportView::of(import, &users.links, &tenant, now)?))
}
