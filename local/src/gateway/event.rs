//! The payload 2.0 event of one request. Absent members are absent, not null.

use std::{collections::BTreeMap, net::IpAddr};

use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::route::{Found, decode};
use crate::template::ACCOUNT;

const API_ID: &str = "localapi00";
/// Headers that end at the gateway.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What an event says beside the request itself.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) source_ip: IpAddr,
    pub(super) request_id: &'a str,
    pub(super) now: Timestamp,
    pub(super) trace: &'a str,
}

/// Builds the event.
pub(super) fn build(parts: &Parts, body: &[u8], found: &Found, context: &Context<'_>) -> Value {
    let headers = headers(parts, body.len(), context);
    // API Gateway hands on the decoded path, and loses what follows a decoded question mark.
    let path = decode(parts.uri.path());
    let path = path.split('?').next().unwrap_or_default().to_owned();
    let query = parts.uri.query().unwrap_or_default();
    let domain = headers.get("host").cloned().unwrap_or_default();
    let prefix = domain.split(['.', ':']).next().unwrap_or_default();
    let time = context.now.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
    let mut http = json!({
        "method": parts.method.as_str(),
        "path": path,
        "protocol": format!("{:?}", parts.version),
        "sourceIp": context.source_ip.to_string(),
    });
    let agent = headers.get("user-agent").cloned().unwrap_or_default();
    set(&mut http, "userAgent", json!(agent));
    let mut event = json!({
        "version": "2.0",
        "routeKey": found.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": prefix,
            "http": http,
            "requestId": context.request_id,
            "routeKey": found.key,
            "stage": "$default",
            "time": time,
            "timeEpoch": context.now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        set(&mut event, "cookies", json!(cookies));
    }
    if !query.is_empty() {
        set(&mut event, "queryStringParameters", json!(parameters(query)));
    }
    if !found.parameters.is_empty() {
        set(&mut event, "pathParameters", json!(found.parameters));
    }
    if !body.is_empty() {
        let (encoded, text) = encode(&parts.headers, body);
        set(&mut event, "body", json!(text));
        set(&mut event, "isBase64Encoded", json!(encoded));
    }
    event
}

fn set(value: &mut Value, member: &str, to: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(member.to_owned(), to);
    }
}

/// Lower-case names, repeated ones joined by a comma, cookies taken out, the gateway's own put in.
fn headers(parts: &Parts, length: usize, context: &Context<'_>) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &parts.headers {
        if *name == header::COOKIE || HOP_BY_HOP.contains(&name.as_str()) {
            continue;
        }
        let value = text(value);
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert(value);
    }
    let host = joined.get("host").cloned().unwrap_or_default();
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned();
    let source = context.source_ip.to_string();
    joined
        .entry("x-forwarded-for".to_owned())
        .and_modify(|all| {
            all.push_str(", ");
            all.push_str(&source);
        })
        .or_insert(source);
    for (name, value) in [
        ("content-length", length.to_string()),
        ("x-amzn-trace-id", context.trace.to_owned()),
        ("x-forwarded-port", port),
        ("x-forwarded-proto", "http".to_owned()),
    ] {
        joined.insert(name.to_owned(), value);
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(header::COOKIE).iter().map(text).collect::<Vec<_>>();
    let one_by_one = all.iter().flat_map(|line| line.split(';')).map(str::trim);
    one_by_one.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

/// Decoded, repeated ones joined by a comma.
fn parameters(query: &str) -> Map<String, Value> {
    let mut joined: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let form = |text: &str| decode(&text.replace('+', " "));
        let value = form(value);
        let entry = joined.entry(form(name)).or_insert(Value::Null);
        *entry = match entry.as_str() {
            Some(before) => json!(format!("{before},{value}")),
            None => json!(value),
        };
    }
    joined
}

/// Text types go as text, everything else (and what is no UTF-8) as base64.
fn encode(headers: &HeaderMap, body: &[u8]) -> (bool, String) {
    let kind = headers.get(header::CONTENT_TYPE).map(text).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let textual = kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || ["application/json", "application/xml", "application/javascript"].contains(&&*kind);
    let plain = textual && !headers.contains_key(header::CONTENT_ENCODING);
    match std::str::from_utf8(body) {
        Ok(text) if plain => (false, text.to_owned()),
        _ => (true, STANDARD.encode(body)),
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn event(request: http::request::Builder, body: &[u8], parameters: &[(&str, &str)]) -> Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let found = Found {
            key: "POST /slots/{id}".into(),
            function: "slots".into(),
            parameters: parameters.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        };
        let context = Context {
            source_ip: [203, 0, 113, 9].into(),
            request_id: "JKJaXmPLvHcESHA=",
            now: "2026-03-12T19:03:58.390Z".parse().unwrap(),
            trace: "Root=1-0-0",
        };
        build(&parts, body, &found, &context)
    }

    #[test]
    fn an_event_is_as_api_gateway_makes_it() {
        let request = Request::post("/slots/a%20b?x=1&x=2%2B+3&y")
            .header("Host", "127.0.0.1:3000")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("User-Agent", "curl/8")
            .header("Cookie", "a=1; b=2")
            .header("Cookie", "c=3")
            .header("Connection", "keep-alive")
            .header("X-Twice", "one")
            .header("X-Twice", "two");
        let event = event(request, b"{}", &[("id", "a b")]);
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /slots/{id}",
            "rawPath": "/slots/a b",
            "rawQueryString": "x=1&x=2%2B+3&y",
            "cookies": ["a=1", "b=2", "c=3"],
            "headers": {
                "content-length": "2",
                "content-type": "application/json; charset=utf-8",
                "host": "127.0.0.1:3000",
                "user-agent": "curl/8",
                "x-amzn-trace-id": "Root=1-0-0",
                "x-forwarded-for": "203.0.113.9",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
                "x-twice": "one,two",
            },
            "queryStringParameters": {"x": "1,2+ 3", "y": ""},
            "pathParameters": {"id": "a b"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "localapi00",
                "domainName": "127.0.0.1:3000",
                "domainPrefix": "127",
                "http": {
                    "method": "POST",
                    "path": "/slots/a b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.9",
                    "userAgent": "curl/8",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "POST /slots/{id}",
                "stage": "$default",
                "time": "12/Mar/2026:19:03:58 +0000",
                "timeEpoch": 1_773_342_238_390_i64,
            },
            "body": "{}",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn what_is_absent_is_absent() {
        let event = event(Request::get("/slots/1").header("Host", "h"), b"", &[]);
        for member in ["cookies", "queryStringParameters", "pathParameters", "body"] {
            assert!(event.get(member).is_none(), "{member}");
        }
        assert_eq!(event["rawQueryString"], "");
    }

    #[test]
    fn binary_and_broken_text_travel_as_base64() {
        let post = |kind: &str| Request::post("/slots/1").header("Content-Type", kind);
        for (kind, body, encoded) in [
            ("text/csv", b"a,b".as_slice(), false),
            ("application/problem+json", b"{}", false),
            ("application/x-www-form-urlencoded", b"a=b", true),
            ("application/json", b"\xff", true),
        ] {
            let event = event(post(kind), body, &[]);
            assert_eq!(event["isBase64Encoded"], encoded, "{kind}");
        }
    }
}
