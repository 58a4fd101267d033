//! One request, and the event API Gateway makes of it (HTTP API, payload 2.0).

use crate::seeded;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

/// A request on its way.
#[derive(Debug, Clone)]
pub struct Call {
    /// In capitals.
    pub method: &'static str,
    /// The path, decoded, and the query as it is sent.
    pub target: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Option<Vec<u8>>,
    /// Whether the event carries the body in base64 even if it is text.
    pub base64: bool,
    /// The client's address.
    pub source_ip: String,
    /// How many milliseconds Lambda gives the function; without end unless told.
    pub milliseconds: Option<u64>,
}

impl Call {
    /// A request without a body.
    pub fn new(method: &'static str, target: impl Into<String>) -> Self {
        let (headers, source_ip) = (Vec::new(), "203.0.113.1".to_owned());
        let (body, base64, milliseconds, target) = (None, false, None, target.into());
        Self { method, target, headers, body, base64, source_ip, milliseconds }
    }

    /// A read.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A POST with JSON.
    pub fn post(target: impl Into<String>, body: &Value) -> Self {
        Self::new("POST", target).json(body)
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    /// With these bytes as the body.
    #[must_use]
    pub fn raw(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// From this address.
    #[must_use]
    pub fn from(mut self, source_ip: &str) -> Self {
        source_ip.clone_into(&mut self.source_ip);
        self
    }

    /// Answered by a function to which Lambda gives so many milliseconds.
    #[must_use]
    pub const fn within(mut self, milliseconds: u64) -> Self {
        self.milliseconds = Some(milliseconds);
        self
    }

    /// Notes what it holds that must be in no log.
    pub(crate) fn note(&self) {
        let body = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        seeded::note_body(&body.unwrap_or_default());
        let tokens = self.headers.iter().filter(|(name, _)| name == "authorization");
        tokens.for_each(|(_, token)| seeded::note_token(token));
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let links = query.split('&').filter_map(|part| part.strip_prefix("link="));
        links.for_each(seeded::note_token);
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The event. Members that are absent there are absent here.
    pub fn event(
        &self,
        route_key: &str,
        parameters: &Map<String, Value>,
        request_id: &str,
    ) -> Value {
        let host = "api.mediconnect.example";
        let now = Timestamp::now();
        let time = now.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": self.path(),
            "rawQueryString": self.query(),
            "headers": self.event_headers(host),
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "apiid00000",
                "domainName": host,
                "domainPrefix": "api",
                "http": {
                    "method": self.method,
                    "path": self.path(),
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.source_ip,
                    "userAgent": "tests",
                },
                "requestId": request_id,
                "routeKey": route_key,
                "stage": "$default",
                "time": time,
                "timeEpoch": now.as_millisecond(),
            },
            "isBase64Encoded": false,
        });
        let Some(members) = event.as_object_mut() else { return event };
        if !parameters.is_empty() {
            members.insert("pathParameters".to_owned(), json!(parameters));
        }
        if let Some(body) = &self.body {
            let text = std::str::from_utf8(body).ok().filter(|_| !self.base64);
            let encoded = text.map_or_else(|| STANDARD.encode(body), str::to_owned);
            members.insert("body".to_owned(), json!(encoded));
            members.insert("isBase64Encoded".to_owned(), json!(text.is_none()));
        }
        event
    }

    /// API Gateway joins repeated headers by a comma and adds its own.
    fn event_headers(&self, host: &str) -> Map<String, Value> {
        let length = self.body.as_ref().map_or(0, Vec::len).to_string();
        let own = [
            ("content-length", length.as_str()),
            ("host", host),
            ("user-agent", "tests"),
            ("x-amzn-trace-id", "Root=1-00000000-000000000000000000000000"),
            ("x-forwarded-for", &self.source_ip),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ];
        let mut joined: Map<String, Value> =
            own.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
        for (name, value) in &self.headers {
            let before =
                joined.get(name).and_then(Value::as_str).map(|before| format!("{before},{value}"));
            joined.insert(name.clone(), json!(before.as_ref().unwrap_or(value)));
        }
        joined
    }
}
