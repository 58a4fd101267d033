//! The edge: every answer gets its request id, every refusal its problem document, and every
//! request one line in the log.

use super::{
    Code, Core, Error,
    client::{Quota, request_id},
    error::Carried,
    function, lines,
};
use crate::{calls::counted, clock::Clock, models::HospitalId, outbound::Standing};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lambda_http::RequestExt as _;
use std::time::Duration;
use tracing::Instrument as _;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long before Lambda ends the function a request is given up, so that its answer still comes
/// and the log has its line.
const TO_ANSWER: u64 = 500;

/// The hospital in whose name a request was answered: its id, which tells nobody anything.
#[derive(Debug, Clone)]
pub(super) struct InHospital(pub(super) HospitalId);

/// Wraps a request.
pub(super) async fn wrap(
    State((core, function)): State<(Core, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    counted(answered(core, function, request, next)).await
}

async fn answered(
    core: Core,
    function: &'static str,
    mut request: Request,
    next: Next,
) -> Response {
    let quota = Quota::default();
    request.extensions_mut().insert(quota.clone());
    let id = request_id(request.extensions()).unwrap_or_else(|| "none".to_owned());
    let route = route(request.method().as_str(), request.extensions());
    let trace_id = trace_id(request.extensions());
    let started = core.clock.now();
    let left = time_left(request.extensions());
    let answer = async {
        let response = in_time(left, next.run(request)).await;
        let hospital = response.extensions().get::<InHospital>().cloned();
        (rendered(response), hospital)
    };
    let span = tracing::debug_span!("request", request_id = %id);
    let (mut response, hospital) = lines::under(id.clone(), answer.instrument(span)).await;
    name(&mut response, &id);
    if let Some(standing) = quota.standing() {
        tell_limit(response.headers_mut(), standing);
    }
    let milliseconds = core.clock.now().millis().saturating_sub(started.millis());
    let (status, cold) = (response.status(), function::is_cold());
    function::sums_up!(
        "answered";
        request_id = %id,
        function,
        cold_start = cold,
        trace_id,
        hospital = hospital.as_ref().map(|InHospital(id)| id.as_str()),
        %route,
        status = status.as_u16(),
        milliseconds,
    );
    crate::count!(requests = 1_u8, failures = status.is_server_error(), cold_starts = cold);
    response
}

/// How long the request may take; without end where no Lambda ends it.
fn time_left(extensions: &Extensions) -> Option<Duration> {
    let deadline = extensions.lambda_context_ref()?.deadline;
    let now = u64::try_from(Clock::system().now().millis()).unwrap_or(0);
    (deadline > 0).then(|| Duration::from_millis(deadline.saturating_sub(now + TO_ANSWER)))
}

/// The answer, or, where it takes too long, one that says so. What was begun is left as a kill
/// leaves it: whole, or for the next request to heal.
async fn in_time(left: Option<Duration>, answer: impl Future<Output = Response>) -> Response {
    let Some(left) = left else { return answer.await };
    tokio::time::timeout(left, answer).await.unwrap_or_else(|_| {
        let cause = "the answers of others took all the time there was".to_owned();
        Error::Unavailable { dependency: "all together", cause }.into_response()
    })
}

/// Gives an answer the id of its request.
pub(super) fn name(response: &mut Response, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}

/// X-Ray's id of the invocation.
fn trace_id(extensions: &Extensions) -> Option<String> {
    extensions.lambda_context_ref()?.xray_trace_id.clone()
}

/// The limit and what is left of it (IETF draft-ietf-httpapi-ratelimit-headers).
fn tell_limit(headers: &mut HeaderMap, standing: Standing) {
    let Standing { policy, limit, remaining, reset } = standing;
    let told = [
        (HeaderName::from_static("ratelimit-policy"), format!("\"{policy}\";q={limit};w=60")),
        (HeaderName::from_static("ratelimit"), format!("\"{policy}\";r={remaining};t={reset}")),
    ];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// The route as it is written, never the path with its ids.
fn route(method: &str, extensions: &Extensions) -> String {
    let path = extensions.get::<MatchedPath>().map_or("(none)", MatchedPath::as_str);
    format!("{method} {path}")
}

/// An answer with its body written. One that carries an error becomes its problem document; so do
/// the router's own refusals.
pub(super) fn rendered(response: Response) -> Response {
    let carried = response.extensions().get::<Carried>().and_then(Carried::take);
    let error = carried.or_else(|| own_refusal(&response));
    let Some(error) = error else { return response };
    let id = lines::current().unwrap_or_default();
    if let Some((dependency, cause)) = error.cause() {
        tracing::error!(request_id = %id, dependency, cause, "a request failed");
    }
    refused(error, &id)
}

/// The answer that is an error's problem document (RFC 9457).
pub(super) fn refused(error: Error, request_id: &str) -> Response {
    let retry_after = error.retry_after();
    let problem = error.problem(request_id);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // RFC 9110, section 15.5.2: every 401 has one.
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// What the router and its extractors refuse by themselves, in plain text or without a word.
fn own_refusal(response: &Response) -> Option<Error> {
    let kind =
        response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !kind.is_empty() && !kind.starts_with(b"text/plain") {
        return None;
    }
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(Error::NotFound),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Error::Malformed {
            code: Code::BodyTooLarge,
            detail: "The body is too large.".to_owned(),
        }),
        status if status.is_client_error() => Some(Error::Malformed {
            code: Code::MalformedRequest,
            detail: "The request cannot be read.".to_owned(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn what_takes_too_long_is_answered_before_lambda_ends_it() {
        let late = in_time(Some(Duration::from_millis(5)), pending()).await;
        let code = late.extensions().get::<Carried>().and_then(Carried::code);
        assert_eq!(code, Some(Code::DependencyUnavailable));
        let early =
            in_time(Some(Duration::from_secs(28)), ready(StatusCode::OK.into_response())).await;
        assert_eq!(early.status(), StatusCode::OK);
    }

    #[test]
    fn the_time_left_is_lambdas_less_what_an_answer_takes() {
        let left = |deadline: Option<u64>| {
            let mut context = lambda_http::Context::default();
            context.deadline = deadline.unwrap_or_default();
            let request = Request::new(axum::body::Body::empty()).with_lambda_context(context);
            time_left(request.extensions())
        };
        let now = u64::try_from(Clock::system().now().millis()).unwrap();
        let (least, most) = (Duration::from_secs(9), Duration::from_millis(9500));
        assert!(left(Some(now + 10_000)).is_some_and(|left| least < left && left <= most));
        assert_eq!(left(Some(now - 1)), Some(Duration::ZERO));
        assert_eq!(left(None), None);
        assert_eq!(time_left(&Extensions::new()), None);
    }
}
