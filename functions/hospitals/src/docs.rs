//! `GET /docs`: the description of the API for people.

use axum::response::Html;

/// A page that reads `/openapi.json` and needs nothing from outside.
const PAGE: &str = include_str!("docs.html");

/// The description for people.
#[utoipa::path(
    get, path = "/docs", tag = "about",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub(crate) async fn docs() -> Html<&'static str> {
    Html(PAGE)
}
