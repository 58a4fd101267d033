//! What the function answered, as HTTP.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Converts a function's answer. `None`: it is no answer API Gateway could send.
///
/// Without a `statusCode` the whole document becomes the body of a 200.
pub(super) fn convert(document: &[u8]) -> Option<Response<Body>> {
    let value: Value = serde_json::from_slice(document).ok()?;
    let Some(status) = value.get("statusCode") else {
        let mut response = Response::new(Body::from(document.to_vec()));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        return Some(response);
    };
    let number = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    let status = StatusCode::from_u16(u16::try_from(number).ok()?).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in members(&value, "headers") {
        add(&mut headers, name, value)?;
    }
    for (name, values) in members(&value, "multiValueHeaders") {
        if !headers.contains_key(name) {
            for value in values.as_array()? {
                add(&mut headers, name, value)?;
            }
        }
    }
    for cookie in value.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        add(&mut headers, "set-cookie", cookie)?;
    }
    let text = value.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if value.get("isBase64Encoded") == Some(&Value::Bool(true)) {
        STANDARD.decode(text).ok()?
    } else {
        text.as_bytes().to_vec()
    };
    // The front counts the body itself; a function's own count could only be wrong.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    if !body.is_empty() {
        let plain = HeaderValue::from_static("text/plain;charset=UTF-8");
        headers.entry(header::CONTENT_TYPE).or_insert(plain);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn add(headers: &mut HeaderMap, name: &str, value: &Value) -> Option<()> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let name: HeaderName = name.parse().ok()?;
    headers.append(name, HeaderValue::from_str(&text).ok()?);
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn parts(answer: Value) -> (u16, HeaderMap, Vec<u8>) {
        let response = convert(answer.to_string().as_bytes()).unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status.as_u16(), parts.headers, body.to_vec())
    }

    #[tokio::test]
    async fn status_headers_cookies_and_encoding_are_carried_over() {
        let (status, headers, body) = parts(json!({
            "statusCode": 201,
            "headers": {"content-type": "application/json", "content-length": "99"},
            "multiValueHeaders": {"x-many": ["a", "b"], "content-type": ["ignored"]},
            "cookies": ["a=1", "b=2"],
            "body": STANDARD.encode("hi"),
            "isBase64Encoded": true,
        }))
        .await;
        assert_eq!((status, body.as_slice()), (201, b"hi".as_slice()));
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(headers.get_all("x-many").iter().count(), 2);
        assert!(!headers.contains_key("content-length"));
    }

    #[tokio::test]
    async fn without_a_status_the_document_is_the_body() {
        let (status, headers, body) = parts(json!({"hello": 1})).await;
        assert_eq!((status, body.as_slice()), (200, br#"{"hello":1}"#.as_slice()));
        assert_eq!(headers["content-type"], "application/json");
    }

    #[test]
    fn nonsense_is_no_answer() {
        for answer in [
            json!({"statusCode": "abc"}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "body": "%%", "isBase64Encoded": true}),
        ] {
            assert!(convert(answer.to_string().as_bytes()).is_none(), "{answer}");
        }
        assert!(convert(b"not json").is_none());
    }
}
