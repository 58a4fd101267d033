//! `GET /openapi.json`: the description of the API.

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

/// The generated document, as committed; a test compares it with the code.
const DOCUMENT: &str = include_str!("../../../openapi.json");

/// The description of every operation.
#[utoipa::path(
    get, path = "/openapi.json", tag = "about",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
)]
pub(crate) async fn openapi_json() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}
