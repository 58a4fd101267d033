//! `GET /doctors/{id}/fees`.

use super::FeesView;
use crate::Users;
use axum::extract::State;
use shared::{
    models::kinds,
    tenancy::{Grant, ReadSlots},
    web::{Error, Json, PathId, Refusals, Result},
};

/// What a doctor's visits cost: a consultation, other kinds, and what follows a consultation.
#[utoipa::path(
    get, path = "/doctors/{id}/fees", tag = "people", security(("bearer" = [])),
    params(("id" = String, Path, description = "The doctor")),
    responses((status = 200, description = "The fees", body = FeesView), Refusals),
)]
pub(crate) async fn read(
    State(users): State<Users>,
    grant: Grant<ReadSlots>,
    PathId(id): PathId<kinds::Account>,
) -> Result<Json<FeesView>> {
    let account = users.core.store.of(&grant.own_tenant()?).account(&id).await?;
    account.and_then(FeesView::of).map(Json).ok_or(Error::NotFound)
}
