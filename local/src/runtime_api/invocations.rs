//! Lambda's `Invoke`, as the SDKs and `cargo lambda invoke` call it.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Outcome, PATIENCE, RuntimeApi};
use crate::template::{ACCOUNT, REGION};

/// `POST /2015-03-31/functions/{name}/invocations`.
pub(super) async fn invoke(
    State(api): State<Arc<RuntimeApi>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(pool) = api.pool(&name) else {
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
        let message = format!("Function not found: {arn}");
        return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    };
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        let message = "Could not parse request body into json";
        return refusal(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
    };
    match header(&headers, "x-amz-invocation-type") {
        "DryRun" => StatusCode::NO_CONTENT.into_response(),
        "Event" => {
            api.invoke_later(&name, &event);
            StatusCode::ACCEPTED.into_response()
        }
        _ => {
            let trace = header(&headers, "x-amzn-trace-id");
            let (id, outcome) = pool.invoke(body, trace, PATIENCE).await;
            answer(id, outcome)
        }
    }
}

fn answer(id: String, outcome: Outcome) -> Response {
    let common = [
        ("content-type", "application/json".to_owned()),
        ("x-amzn-requestid", id),
        ("x-amz-executed-version", "$LATEST".to_owned()),
    ];
    match outcome {
        Outcome::Success(body) => (common, body).into_response(),
        Outcome::Error(body) => {
            (common, [("x-amz-function-error", "Unhandled")], body).into_response()
        }
        Outcome::Throttled => {
            refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
        }
    }
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = Json(json!({"Type": "User", "Message": message, "message": message}));
    (status, [("x-amzn-errortype", kind.to_owned())], body).into_response()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
