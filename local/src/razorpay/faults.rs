//! Faults on request: the next answers of a path fail, are late, or are lost on their way.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::listen::Lost;
use super::problem::Problem;

/// A web server's page instead of the API's JSON: what a proxy in front of it answers.
const PAGE: &str = "<html>\r\n<head><title>Bad Gateway</title></head>\r\n\
                    <body><center><h1>Bad Gateway</h1></center></body>\r\n</html>\r\n";

/// The form of a faulty answer's body: Razorpay's JSON, a proxy's page, or JSON of one's own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Form {
    Named(Named),
    Own(serde_json::Map<String, Value>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Json,
    Html,
}

impl Default for Form {
    fn default() -> Self {
        Self::Named(Named::Json)
    }
}

/// What shall go wrong, as `POST /simulate/faults` takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fault {
    /// Start of the path, with or without `/v1`; a method may stand before it.
    path: String,
    /// Answer with this status instead of processing the request.
    status: Option<u16>,
    /// Answer so much later. The request is processed first: a client that gives up waiting
    /// has nevertheless made its order.
    #[serde(default)]
    delay_ms: u64,
    /// Close the connection without an answer, after processing.
    #[serde(default)]
    drop_response: bool,
    /// How many answers.
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    body: Form,
}

fn once() -> u32 {
    1
}

impl Fault {
    fn covers(&self, method: &str, path: &str) -> bool {
        let (verb, prefix) = match self.path.trim().split_once(' ') {
            Some((verb, prefix)) => (Some(verb), prefix.trim()),
            None => (None, self.path.trim()),
        };
        let short = |path: &str| {
            let rest = path.strip_prefix("/v1").unwrap_or(path);
            format!("/{}", rest.trim_start_matches('/'))
        };
        verb.is_none_or(|verb| verb.eq_ignore_ascii_case(method))
            && short(path).starts_with(&short(prefix))
    }

    /// The answer that takes the real one's place, if any.
    fn answer(&self) -> Option<Response> {
        if self.status.is_none() && self.body == Form::default() {
            return None;
        }
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        Some(match &self.body {
            Form::Named(Named::Json) => Problem::bare(status).into_response(),
            Form::Named(Named::Html) => (status, Html(PAGE)).into_response(),
            Form::Own(body) => (status, Json(Value::Object(body.clone()))).into_response(),
        })
    }
}

/// `POST /simulate/faults`. A status outside 200–599 or no times at all is a slip of the caller.
pub(super) async fn add(State(app): State<Arc<App>>, Json(fault): Json<Fault>) -> Response {
    if fault.times == 0 || fault.status.is_some_and(|status| !(200..600).contains(&status)) {
        return Problem::invalid("status must be 200 to 599, times at least 1").into_response();
    }
    app.faults().push(fault);
    list(State(app)).await.into_response()
}

/// `GET /simulate/faults`: how many are left.
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let faults = app.faults();
    let items: Vec<Value> =
        faults.iter().map(|it| json!({ "path": it.path, "times": it.times })).collect();
    Json(json!({ "items": items }))
}

/// `DELETE /simulate/faults`.
pub(super) async fn clear(State(app): State<Arc<App>>) -> StatusCode {
    app.faults().clear();
    StatusCode::NO_CONTENT
}

/// Takes one answer off the first fault that covers this request.
fn next_fault(app: &App, method: &str, path: &str) -> Option<Fault> {
    let mut faults = app.faults();
    let place = faults.iter().position(|fault| fault.covers(method, path))?;
    let fault = faults.get_mut(place)?;
    fault.times = fault.times.saturating_sub(1);
    let taken = fault.clone();
    if taken.times == 0 {
        faults.remove(place);
    }
    Some(taken)
}

/// Around the whole API, the authentication included.
pub(super) async fn inject(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(fault) = next_fault(&app, request.method().as_str(), request.uri().path()) else {
        return next.run(request).await;
    };
    let mut answer = match fault.answer() {
        Some(answer) if !fault.drop_response => answer,
        _ => next.run(request).await,
    };
    if fault.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
    if fault.drop_response {
        answer.extensions_mut().insert(Lost);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(path: &str) -> Fault {
        serde_json::from_value(json!({ "path": path, "status": 500 })).unwrap()
    }

    #[test]
    fn paths_match_with_or_without_the_version_and_a_method() {
        for path in ["/orders", "/v1/orders", "orders", "POST /orders", "post /v1/orders"] {
            assert!(fault(path).covers("POST", "/orders/order_x"), "{path}");
            assert!(fault(path).covers("POST", "/v1/orders"), "{path}");
        }
        assert!(!fault("POST /orders").covers("GET", "/orders"));
        assert!(!fault("/payments").covers("GET", "/orders"));
    }
}
