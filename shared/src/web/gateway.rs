//! API Gateway's events at the door of a function.
//!
//! `lambda_http` panics over an event whose base64, host or query is broken. API Gateway makes no
//! such event, but whoever may invoke the function can; it gets a clear refusal like everybody
//! else.

use super::{Code, Error, edge};
use axum::response::Response;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, header};
use lambda_http::{
    Request, RequestExt as _, aws_lambda_events::apigw::ApiGatewayV2httpRequest,
    request::LambdaRequest,
};
use lambda_runtime::LambdaEvent;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::convert::Infallible;
use tower::ServiceExt as _;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What stands in no path and no query as it is (RFC 3986 §3.3, §3.4); `%` does, for what is
/// encoded already.
const NOT_IN_URLS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'%')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// What the function gives Lambda: a response of API Gateway's payload format 2.0.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    status_code: u16,
    #[serde(serialize_with = "one_of_each")]
    headers: HeaderMap,
    body: String,
    is_base64_encoded: bool,
}

/// Answers an event.
pub(super) async fn answer(
    app: axum::Router,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<Answer, Infallible> {
    let LambdaEvent { payload, context } = event;
    let response = match read(payload.get()) {
        Ok(request) => {
            let request = Request::from(request).with_lambda_context(context);
            app.oneshot(request).await.unwrap_or_else(|never| match never {})
        }
        Err((detail, request_id)) => refusal(detail, &request_id),
    };
    Ok(written(response).await)
}

/// A response as Lambda takes it: a body of UTF-8 as text, anything else in base64.
async fn written(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    // No body of ours comes from elsewhere while it is sent: it is there already.
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let (body, is_base64_encoded) = match String::from_utf8(bytes.into()) {
        Ok(text) => (text, false),
        Err(other) => (BASE64.encode(other.as_bytes()), true),
    };
    Answer { status_code: parts.status.as_u16(), headers: parts.headers, body, is_base64_encoded }
}

/// Headers as the payload format has them. None of ours stands twice.
fn one_of_each<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let texts =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    serializer.collect_map(texts)
}

/// Reads an event, or says what is wrong with it and under which id it came.
fn read(text: &str) -> Result<LambdaRequest, (&'static str, String)> {
    let none = || "none".to_owned();
    let mut event: ApiGatewayV2httpRequest =
        serde_json::from_str(text).map_err(|_| ("The event is not API Gateway's.", none()))?;
    let id = event.request_context.request_id.clone().unwrap_or_else(none);
    if let (true, Some(body)) = (event.is_base64_encoded, &event.body)
        && BASE64.decode(body.as_bytes()).is_err()
    {
        return Err(("The body is not valid base64.", id));
    }
    let path = event.raw_path.take().unwrap_or_default();
    if !path.starts_with('/') || path.contains("//") || has_tricks(&path) {
        return Err(("The path is not a URL's.", id));
    }
    // API Gateway hands the path over decoded; it is made a URL's again.
    event.raw_path = Some(utf8_percent_encode(&path, NOT_IN_URLS).to_string());
    let query = event.raw_query_string.take().unwrap_or_default();
    event.raw_query_string = Some(utf8_percent_encode(&query, NOT_IN_URLS).to_string());
    // No link is built from these two and nothing is routed by them (ASVS 4.1.3).
    event.headers.remove(header::HOST);
    event.headers.remove(FORWARDED_PROTO);
    Ok(LambdaRequest::ApiGatewayV2(event))
}

/// Whether a path means another one to somebody who reads it differently: dots that climb, a slash
/// or a dot in disguise, a backslash, a control character. Routing and permits go by one reading.
fn has_tricks(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let disguised = decoded.matches('/').count() != path.matches('/').count();
    disguised
        || decoded.split('/').any(|segment| matches!(segment, "." | ".."))
        || decoded.contains(|c: char| c == '\\' || c.is_control())
}

fn refusal(detail: &str, request_id: &str) -> Response {
    let error = Error::Malformed { code: Code::MalformedRequest, detail: detail.to_owned() };
    let mut response = edge::refused(error, request_id);
    edge::name(&mut response, request_id);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn event(change: impl FnOnce(&mut Value)) -> String {
        let mut event = json!({
            "version": "2.0", "routeKey": "POST /login", "rawPath": "/login", "rawQueryString": "",
            "headers": { "content-type": "application/json", "host": "api.example.com", "x-forwarded-proto": "https" },
            "requestContext": {
                "accountId": "1", "apiId": "a", "requestId": "req-1", "routeKey": "POST /login",
                "stage": "$default", "timeEpoch": 1, "time": "01/Dec/2026:10:00:00 +0000",
                "http": { "method": "POST", "path": "/login", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1" },
            },
            "body": "{}", "isBase64Encoded": false,
        });
        change(&mut event);
        event.to_string()
    }

    #[tokio::test]
    async fn broken_events_are_refused_and_right_ones_are_answered() {
        let app =
            axum::Router::new().route("/login", axum::routing::post(async |body: String| body));
        let answered = async |text: String| {
            let payload = RawValue::from_string(text).unwrap();
            let event = LambdaEvent { payload, context: lambda_runtime::Context::default() };
            let answer = answer(app.clone(), event).await.unwrap();
            serde_json::to_value(answer).unwrap()
        };
        let right = answered(event(|_| ())).await;
        assert_eq!((&right["statusCode"], &right["body"]), (&json!(200), &json!("{}")));
        assert_eq!(right["isBase64Encoded"], json!(false));
        let strange = answered(event(|event| {
            event["headers"]["host"] = json!("a b");
            event["headers"]["x-forwarded-proto"] = json!("ht tp");
        }))
        .await;
        assert_eq!(strange["statusCode"], json!(200));
        let broken: [fn(&mut Value); 10] = [
            |event| event["rawPath"] = json!("/x/../login"),
            |event| event["rawPath"] = json!("/x/%2e%2E/login"),
            |event| event["rawPath"] = json!("/./login"),
            |event| event["rawPath"] = json!("/x%2f..%2flogin"),
            |event| event["rawPath"] = json!("/x//login"),
            |event| event["rawPath"] = json!("/x\\..\\login"),
            |event| event["rawPath"] = json!("/login\u{0}"),
            |event| {
                event["isBase64Encoded"] = json!(true);
                event["body"] = json!("***");
            },
            |event| event["rawPath"] = json!("//login"),
            |event| event["requestContext"] = json!("nonsense"),
        ];
        for change in broken {
            let refused = answered(event(change)).await;
            assert_eq!(refused["statusCode"], json!(400));
            assert!(refused["body"].as_str().unwrap().contains("MALFORMED_REQUEST"));
        }
    }

    #[tokio::test]
    async fn a_body_that_is_no_text_goes_in_base64() {
        let answer = written(vec![0xff, 0x00].into_response()).await;
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
        assert_eq!(answer["headers"]["content-type"], json!("application/octet-stream"));
    }

    proptest! {
        #[test]
        fn no_event_panics(path in "\\PC{0,20}", query in "\\PC{0,20}", host in "[ -~]{0,20}", body in "\\PC{0,20}", encoded: bool) {
            let text = event(|event| {
                event["rawPath"] = json!(path);
                event["rawQueryString"] = json!(query);
                event["headers"]["host"] = json!(host);
                event["body"] = json!(body);
                event["isBase64Encoded"] = json!(encoded);
            });
            if let Ok(request) = read(&text) {
                let _: Request = request.into();
            }
        }
    }
}
