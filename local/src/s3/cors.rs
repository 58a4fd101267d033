//! Cross-origin requests: a browser asks before it uploads, and reads the `ETag` after.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// As a bucket's CORS rule with `*` for origins would answer. Which origins may upload is the
/// deployed bucket's matter; on one machine every port is a friend.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    if request.method() == Method::OPTIONS {
        return preflight(request.headers(), &origin);
    }
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    allow(headers, &origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Location, x-amz-request-id"),
    );
    answer
}

fn preflight(asked: &HeaderMap, origin: &HeaderValue) -> Response {
    if !asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut answer = StatusCode::OK.into_response();
    let headers = answer.headers_mut();
    allow(headers, origin);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE"),
    );
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3000"));
    answer
}

fn allow(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        header::VARY,
        HeaderValue::from_static(
            "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        ),
    );
}
