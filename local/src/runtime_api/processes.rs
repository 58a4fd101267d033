//! The runtime API: what a function's process asks and answers.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Outcome, PAYLOAD_LIMIT, RuntimeApi};

/// `GET invocation/next`: waits until there is work.
pub(super) async fn next(
    State(api): State<Arc<RuntimeApi>>,
    Path((function, process)): Path<(String, u64)>,
) -> Response {
    let Some(parked) = api.pool(&function).and_then(|pool| pool.park(process)) else {
        return refusal(StatusCode::FORBIDDEN, "State.TransitionForbidden");
    };
    let Ok(delivery) = parked.await else {
        return refusal(StatusCode::GONE, "State.TransitionForbidden");
    };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", delivery.id),
        ("lambda-runtime-deadline-ms", delivery.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", delivery.arn),
        ("lambda-runtime-trace-id", delivery.trace),
    ];
    (headers, delivery.payload).into_response()
}

/// `POST invocation/{id}/response`.
pub(super) async fn response(
    State(api): State<Arc<RuntimeApi>>,
    Path((function, process, id)): Path<(String, u64, String)>,
    body: Bytes,
) -> Response {
    if body.len() > PAYLOAD_LIMIT {
        let message = format!(
            "Response payload size ({} bytes) exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes).",
            body.len()
        );
        let outcome = Outcome::error("Function.ResponseSizeTooLarge", &message);
        finish(&api, &function, process, &id, outcome);
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    }
    finish(&api, &function, process, &id, Outcome::Success(body))
}

/// `POST invocation/{id}/error`.
pub(super) async fn error(
    State(api): State<Arc<RuntimeApi>>,
    Path((function, process, id)): Path<(String, u64, String)>,
    body: Bytes,
) -> Response {
    finish(&api, &function, process, &id, Outcome::Error(body))
}

/// `POST init/error`: the process is about to exit.
pub(super) async fn init_error(
    State(api): State<Arc<RuntimeApi>>,
    Path((function, process)): Path<(String, u64)>,
    body: Bytes,
) -> Response {
    if let Some(pool) = api.pool(&function) {
        pool.init_failed(process, body);
    }
    accepted()
}

fn finish(api: &RuntimeApi, function: &str, process: u64, id: &str, outcome: Outcome) -> Response {
    if api.pool(function).is_some_and(|pool| pool.finish(process, id, outcome)) {
        accepted()
    } else {
        refusal(StatusCode::BAD_REQUEST, "InvalidRequestID")
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn refusal(status: StatusCode, kind: &str) -> Response {
    (status, Json(json!({"errorType": kind, "errorMessage": kind}))).into_response()
}
