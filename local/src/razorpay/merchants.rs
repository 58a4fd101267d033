//! More merchants than one: each has keys, books and webhooks of its own. Whose request it is, the
//! API key says; the customer's side, under `/simulate`, may name one by the same header.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Json, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::problem::Problem;
use super::{Config, account_of, api, play};

struct Merchants {
    platform: Router,
    config: Config,
    url: String,
    /// By their key ids. They are gone when the simulator ends.
    others: Mutex<HashMap<String, Router>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Joining {
    key_id: String,
    key_secret: String,
    webhook_secret: String,
    #[serde(default)]
    webhook_url: Option<String>,
}

/// The platform's merchant, and whoever joins by `POST /simulate/merchants`.
pub(super) fn router(platform: Router, config: Config, url: String) -> Router {
    let others = Mutex::default();
    let merchants = Arc::new(Merchants { platform, config, url, others });
    Router::new().route("/simulate/merchants", post(join)).fallback(pass_on).with_state(merchants)
}

/// A merchant joins. One that is there already stays as it is.
async fn join(
    State(merchants): State<Arc<Merchants>>,
    Json(joining): Json<Joining>,
) -> Result<Json<Value>, Problem> {
    let id = joining.key_id.clone();
    let mut config = merchants.config.clone();
    config.key_id = joining.key_id;
    config.key_secret = joining.key_secret;
    config.webhook_secret = joining.webhook_secret;
    config.webhook_url = joining.webhook_url;
    config.state_file = None;
    let router = play(config, &merchants.url).map_err(|why| Problem::invalid(why.to_string()))?;
    let mut others = merchants.others.lock().unwrap_or_else(PoisonError::into_inner);
    others.entry(id.clone()).or_insert(router);
    Ok(Json(json!({ "key_id": id, "account_id": account_of(&id) })))
}

async fn pass_on(State(merchants): State<Arc<Merchants>>, request: Request<Body>) -> Response {
    let named = api::credentials(request.headers()).map(|(id, _)| id);
    let other = named.and_then(|id| {
        let others = merchants.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.get(&id).cloned()
    });
    let router = other.unwrap_or_else(|| merchants.platform.clone());
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
    .into_response()
}
