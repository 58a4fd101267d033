//! An answer, checked in every way that holds for all of them before a test sees it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a wrong answer ends its test"
)]

use crate::{document, routes::Route, schema};
use http::{HeaderMap, response::Parts};
use serde_json::Value;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as text, as far as it is some.
    pub text: String,
    /// The body, if it is JSON.
    pub body: Value,
    /// The request, for messages.
    what: String,
}

impl Answer {
    /// Takes an answer and checks what is true of every answer of the API.
    pub(crate) fn checked(parts: &Parts, bytes: &[u8], route: &Route, request_id: &str) -> Self {
        let kind = parts.headers.get("content-type").map(http::HeaderValue::as_bytes);
        let text = if kind == Some(b"application/pdf") {
            String::from_utf8_lossy(bytes).into_owned()
        } else {
            String::from_utf8(bytes.to_vec()).expect("a body is UTF-8")
        };
        let body = serde_json::from_str(&text).unwrap_or_default();
        let what = format!("{} {}", route.method, route.path);
        let answer = Self {
            status: parts.status.as_u16(),
            headers: parts.headers.clone(),
            bytes: bytes.to_vec(),
            text,
            body,
            what,
        };
        answer.check(route, request_id);
        answer
    }

    fn check(&self, route: &Route, request_id: &str) {
        let of = &self.what;
        assert_eq!(
            self.header("x-request-id"),
            Some(request_id),
            "{of} answers with the request's id"
        );
        if self.status >= 400 {
            self.check_problem(route, request_id);
        } else {
            self.check_success(route);
        }
        self.check_headers(route);
    }

    /// No header that says something of its own is sent without being described, and whether caches
    /// may keep an answer is told rightly.
    fn check_headers(&self, route: &Route) {
        let (of, status) = (&self.what, self.status);
        for name in document::header_names().filter(|name| self.header(name).is_some()) {
            assert!(
                schema::has_header(route, status, name),
                "{of} {status} is said to have no {name}"
            );
        }
        let described = schema::has_header(route, status, "Cache-Control");
        assert_eq!(
            self.header("cache-control").is_some(),
            described,
            "{of} {status}: {}",
            self.text
        );
    }

    fn check_problem(&self, route: &Route, request_id: &str) {
        let (of, text) = (&self.what, &self.text);
        assert_ne!(self.status, 500, "{of} is never at a loss: {text}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{of}: {text}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{of}: {text}");
        let faults = schema::faults(route, self.status, "application/problem+json", &self.body);
        assert!(faults.is_empty(), "{of} {}: {faults:#?}\n{text}", self.status);
        let code = self.body.get("code").and_then(Value::as_str).unwrap_or_default();
        let screaming = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        assert!(!code.is_empty() && code.bytes().all(screaming), "{of}: {text}");
        assert_eq!(self.body.get("status"), Some(&Value::from(self.status)), "{of}: {text}");
        // What is replayed is the first answer, which had the first request's id.
        if self.header("idempotent-replayed").is_none() {
            assert_eq!(self.body.get("requestId"), Some(&Value::from(request_id)), "{of}: {text}");
        }
        let waits = matches!(self.status, 429 | 503);
        assert_eq!(self.header("retry-after").is_some(), waits, "{of}: {text}");
        if waits {
            let seconds: u32 =
                self.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or_default();
            assert!((1..=3600).contains(&seconds), "{of} says when to come back");
        }
        let challenge = (self.status == 401).then_some("Bearer");
        assert_eq!(self.header("www-authenticate"), challenge, "{of}: {text}");
        for slip in ["mongodb", "MongoDB", "panicked", "E11000", "redis", "src/", ".rs", "$match"] {
            assert!(!text.contains(slip), "{of} gives away {slip}: {text}");
        }
    }

    fn check_success(&self, route: &Route) {
        let (of, text) = (&self.what, &self.text);
        if !schema::has_body(route, self.status) {
            assert_eq!((self.status, text.as_str()), (204, ""), "{of}");
            return;
        }
        let kind = self.header("content-type").unwrap_or_default();
        if kind == "application/json" {
            let faults = schema::faults(route, self.status, kind, &self.body);
            assert!(faults.is_empty(), "{of} {}: {faults:#?}\n{text}", self.status);
        }
        let personal = route.secured || self.body.get("accessToken").is_some();
        if personal {
            assert_eq!(self.header("cache-control"), Some("no-store"), "{of}: {text}");
        }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, where the status is this one.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        self.body
    }

    /// One of several things may have been first: any of these statuses.
    #[track_caller]
    pub fn is_one_of(self, statuses: &[u16]) -> Value {
        assert!(statuses.contains(&self.status), "{}: {} {}", self.what, self.status, self.text);
        self.body
    }

    /// The problem document, where it is this refusal.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code()), (status, code), "{}: {}", self.what, self.text);
        self.body
    }

    /// The problem's code; empty where it is none.
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// The fields a 422 names with their codes, sorted.
    #[track_caller]
    pub fn bad_fields(self) -> Vec<(String, String)> {
        let problem = self.refused(422, "VALIDATION_FAILED");
        let text = |error: &Value, member: &str| match error.get(member) {
            Some(Value::String(text)) => text.clone(),
            other => panic!("an error has a {member}: {other:?}"),
        };
        let errors = problem.get("errors").and_then(Value::as_array).expect("a 422 lists errors");
        let mut fields: Vec<_> =
            errors.iter().map(|error| (text(error, "field"), text(error, "code"))).collect();
        fields.sort();
        fields
    }

    /// Everything a client sees but the request's id and how many requests he has left: two answers
    /// that must not be told apart have the same.
    pub fn face(&self) -> (u16, Vec<(String, String)>, String) {
        let id = self.header("x-request-id").unwrap_or_default();
        let shown =
            |value: &http::HeaderValue| value.to_str().unwrap_or_default().replace(id, "ID");
        let told = self.headers.iter().filter(|(name, _)| *name != "ratelimit");
        let mut headers: Vec<_> =
            told.map(|(name, value)| (name.to_string(), shown(value))).collect();
        headers.sort();
        (self.status, headers, self.text.replace(id, "ID"))
    }
}
