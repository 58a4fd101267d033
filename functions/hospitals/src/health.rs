//! `GET /health`: whether the API is up.

use serde::Serialize;
use shared::web::Json;
use utoipa::ToSchema;

/// The API is up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
    version: &'static str,
}

/// Answers as long as functions run; it asks nothing of any dependency.
#[utoipa::path(
    get, path = "/health", tag = "about",
    responses((status = 200, description = "Up", body = Health)),
)]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
