//! Every way a request can fail, by meaning, and its one translation into a problem document
//! (RFC 9457).

use super::Code;
use crate::{
    auth::{HashingFailed, SealingFailed, TokenRefused},
    calls::Service,
    entropy::NoEntropy,
    models::{Issue, IssueCode},
    outbound, store,
    tenancy::Forbidden,
};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The most bad fields one answer names: a hostile body may have thousands, and is not to be
/// answered at a multiple of its size.
const MOST_ERRORS: usize = 100;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request came to nothing.
#[derive(Debug)]
pub enum Error {
    /// 400: it cannot be read.
    Malformed {
        /// Stable.
        code: Code,
        /// What is wrong with it.
        detail: String,
    },
    /// 401: no token, or none that is good.
    Unauthenticated,
    /// 401: what was given does not log anybody in.
    BadCredentials {
        /// Stable.
        code: Code,
        /// The same for every reason.
        detail: &'static str,
    },
    /// 403: the role may not.
    Forbidden,
    /// 404: not there, or not in the caller's hospital; nobody can tell which.
    NotFound,
    /// 409: the state of things does not allow it.
    Conflict {
        /// Stable.
        code: Code,
        /// Why.
        detail: String,
        /// Further members of the document.
        extra: Map<String, Value>,
    },
    /// 422: it can be read and breaks rules; every bad field.
    Invalid(Vec<FieldError>),
    /// 422: it breaks a rule that is no single field's.
    Unprocessable {
        /// Stable.
        code: Code,
        /// Which rule.
        detail: String,
    },
    /// 429.
    TooMany {
        /// Seconds to wait.
        retry_after: i64,
    },
    /// 503: something we need does not answer.
    Unavailable {
        /// What, for the log.
        dependency: &'static str,
        /// Why, for the log.
        cause: String,
    },
    /// 500: a fault of ours.
    Internal {
        /// What, for the log.
        cause: String,
    },
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, with a path where it is inside another: `weekly[0].from`.
    pub field: String,
    /// Stable.
    #[schema(value_type = String)]
    pub code: IssueCode,
    /// In a sentence.
    pub message: String,
}

impl FieldError {
    /// An issue with a field.
    pub fn new(field: impl Into<String>, issue: Issue) -> Self {
        Self { field: field.into(), code: issue.code, message: issue.message.into_owned() }
    }
}

/// A problem document (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, `SCREAMING_SNAKE`.
    #[schema(value_type = String)]
    pub code: Code,
    /// What happened, in a sentence.
    pub detail: String,
    /// Under which the request stands in the log; tell it whoever is to look into it.
    pub request_id: String,
    /// Every bad field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// Further members of some problems.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extra: Map<String, Value>,
}

impl Error {
    /// A conflict without further members.
    pub fn conflict(code: Code, detail: impl Into<String>) -> Self {
        Self::Conflict { code, detail: detail.into(), extra: Map::new() }
    }

    /// A conflict that tells more: `nextAvailable` and the like.
    pub fn conflict_with(code: Code, detail: &str, member: &str, value: impl Serialize) -> Self {
        Self::conflict(code, detail).and(member, value)
    }

    /// The same conflict with one member more.
    #[must_use]
    pub fn and(mut self, member: &str, value: impl Serialize) -> Self {
        if let Self::Conflict { extra, .. } = &mut self {
            let value = serde_json::to_value(value).unwrap_or(Value::Null);
            extra.insert(member.to_owned(), value);
        }
        self
    }

    /// One bad field.
    pub fn field(field: impl Into<String>, issue: Issue) -> Self {
        Self::Invalid(vec![FieldError::new(field, issue)])
    }

    /// A fault of ours.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal { cause: cause.to_string() }
    }

    const fn status(&self) -> StatusCode {
        self.code().status()
    }

    /// Seconds after which it is worth trying again.
    pub(super) const fn retry_after(&self) -> Option<i64> {
        match self {
            Self::TooMany { retry_after } => Some(*retry_after),
            Self::Unavailable { .. } => Some(2),
            _ => None,
        }
    }

    /// What is logged of it, once, by whoever ends with it: what failed, and why. It never reaches
    /// the body.
    pub fn cause(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Unavailable { dependency, cause } => Some((*dependency, cause)),
            Self::Internal { cause } => Some(("ourselves", cause)),
            _ => None,
        }
    }

    /// The same for those who work on their own, where nobody is there to be refused: a refusal is
    /// told too, by its code.
    pub fn told(&self) -> (&'static str, &str) {
        self.cause().unwrap_or(("ourselves", self.code().as_str()))
    }

    /// The document, for this request.
    pub(super) fn problem(self, request_id: &str) -> Problem {
        let status = self.status();
        let code = self.code();
        let (detail, errors, extra) = match self {
            Self::Malformed { detail, .. } | Self::Unprocessable { detail, .. } => {
                (detail, Vec::new(), Map::new())
            }
            Self::Conflict { detail, extra, .. } => (detail, Vec::new(), extra),
            Self::BadCredentials { detail, .. } => (detail.to_owned(), Vec::new(), Map::new()),
            Self::Invalid(mut errors) => {
                errors.truncate(MOST_ERRORS);
                ("Some fields are not right.".to_owned(), errors, Map::new())
            }
            other => (other.fixed().1.to_owned(), Vec::new(), Map::new()),
        };
        Problem {
            kind: format!(
                "urn:mediconnect:problem:{}",
                code.as_str().to_ascii_lowercase().replace('_', "-")
            ),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code,
            detail,
            request_id: request_id.to_owned(),
            errors,
            extra,
        }
    }

    /// The code of the document.
    const fn code(&self) -> Code {
        match self {
            Self::Malformed { code, .. }
            | Self::BadCredentials { code, .. }
            | Self::Conflict { code, .. }
            | Self::Unprocessable { code, .. } => *code,
            Self::Invalid(_) => Code::ValidationFailed,
            other => other.fixed().0,
        }
    }

    /// The words of problems that are always the same.
    const fn fixed(&self) -> (Code, &'static str) {
        match self {
            Self::Unauthenticated => (Code::Unauthenticated, "A valid access token is needed."),
            Self::Forbidden => (Code::Forbidden, "Your role may not do this."),
            Self::NotFound => (Code::NotFound, "There is no such thing here."),
            Self::TooMany { .. } => (Code::TooManyRequests, "Too many requests; wait a little."),
            Self::Unavailable { .. } => (
                Code::DependencyUnavailable,
                "Something we need does not answer; nothing was changed by this answer, try again soon.",
            ),
            _ => (Code::InternalError, "Something went wrong on our side; it has been noted."),
        }
    }
}

impl IntoResponse for Error {
    /// Carries the error to the edge, which knows the request's id and writes the document.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response
            .extensions_mut()
            .insert(Carried(std::sync::Arc::new(std::sync::Mutex::new(Some(self)))));
        response
    }
}

/// An error on its way to the edge.
#[derive(Clone)]
pub(super) struct Carried(std::sync::Arc<std::sync::Mutex<Option<Error>>>);

impl Carried {
    pub(super) fn take(&self) -> Option<Error> {
        self.0.lock().ok().and_then(|mut error| error.take())
    }

    /// The code of the document that is to come.
    pub(super) fn code(&self) -> Option<Code> {
        self.0.lock().ok()?.as_ref().map(Error::code)
    }
}

impl From<Forbidden> for Error {
    fn from(_: Forbidden) -> Self {
        Self::Forbidden
    }
}

impl From<TokenRefused> for Error {
    fn from(_: TokenRefused) -> Self {
        Self::Unauthenticated
    }
}

impl From<NoEntropy> for Error {
    fn from(error: NoEntropy) -> Self {
        Self::internal(error)
    }
}

impl From<HashingFailed> for Error {
    fn from(error: HashingFailed) -> Self {
        Self::internal(error)
    }
}

impl From<SealingFailed> for Error {
    fn from(error: SealingFailed) -> Self {
        Self::internal(error)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let cause = error.to_string();
        match error {
            store::Error::Unavailable(_) | store::Error::Conflict => {
                Self::Unavailable { dependency: Service::MongoDb.name(), cause }
            }
            store::Error::Duplicate(_) | store::Error::Corrupt(_) | store::Error::Refused(_) => {
                Self::Internal { cause }
            }
        }
    }
}

impl From<outbound::Error> for Error {
    fn from(error: outbound::Error) -> Self {
        let (outbound::Error::Unavailable { service, .. }
        | outbound::Error::Refused { service, .. }) = &error;
        Self::Unavailable { dependency: service.name(), cause: error.to_string() }
    }
}
