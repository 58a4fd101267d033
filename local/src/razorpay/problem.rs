//! Razorpay's error bodies: `{"error": {code, description, source, step, reason, metadata, …}}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// A refusal in Razorpay's words. Every member but code and description may be absent: a 500
/// has none of them, and a client that counts on them breaks on the worst day.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: Map<String, Value>,
}

impl Problem {
    /// A request that fails validation: step `payment_initiation`, reason
    /// `input_validation_failed`.
    pub(super) fn invalid(description: impl Into<String>) -> Self {
        Self::refused(description, "payment_initiation", "input_validation_failed")
    }

    /// As [`Problem::invalid`], naming the field at fault.
    pub(super) fn field(field: &str, description: impl Into<String>) -> Self {
        Self::invalid(description).with("field", field)
    }

    /// A refusal by a business rule, with its step and reason.
    pub(super) fn refused(description: impl Into<String>, step: &str, reason: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST_ERROR", description)
            .with("source", "business")
            .with("step", step)
            .with("reason", reason)
            .with("metadata", json!({}))
    }

    /// A refusal that is about no payment: source, step and reason are all `NA`.
    pub(super) fn not_applicable(status: StatusCode, description: impl Into<String>) -> Self {
        Self::new(status, "BAD_REQUEST_ERROR", description)
            .with("source", "NA")
            .with("step", "NA")
            .with("reason", "NA")
            .with("metadata", json!({}))
    }

    /// The bare form of a server fault or of the rate limiter: code and description alone.
    pub(super) fn bare(status: StatusCode) -> Self {
        let (code, description) = if status == StatusCode::TOO_MANY_REQUESTS {
            ("BAD_REQUEST_ERROR", "Request failed because of too many requests.")
        } else if status.is_client_error() {
            ("BAD_REQUEST_ERROR", "The request could not be completed.")
        } else if matches!(status.as_u16(), 502 | 504) {
            ("GATEWAY_ERROR", "The gateway request timed out.")
        } else {
            (
                "SERVER_ERROR",
                "We are facing some trouble completing your request at the moment. \
                 Please try again shortly.",
            )
        };
        Self::new(status, code, description)
    }

    /// An id that is well formed but names nothing.
    pub(super) fn no_such_id() -> Self {
        Self::invalid("The id provided does not exist")
    }

    /// Its words.
    pub(super) fn description(&self) -> String {
        self.error.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Its status.
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The body alone, as Checkout hands it to the page.
    pub(super) fn into_body(self) -> Value {
        json!({ "error": self.error })
    }

    fn new(status: StatusCode, code: &str, description: impl Into<String>) -> Self {
        let mut error = Map::new();
        error.insert("code".to_owned(), code.into());
        error.insert("description".to_owned(), Value::String(description.into()));
        Self { status, error }
    }

    pub(super) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.error.insert(member.to_owned(), value.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}
