//! What the clients of AWS have in common.

use super::{Error, Service};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error as _;

/// The codes with which AWS says that the same request may succeed later.
const LATER: [&str; 5] = [
    "TooManyRequestsException",
    "ThrottlingException",
    "Throttling",
    "LimitExceededException",
    "SendingPausedException",
];

/// The HTTP status of an answer that is an error.
pub(super) fn status_of<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// An error by what can be done about it. AWS's words may name a key or an address, so only its
/// code is kept.
pub(super) fn failure<E>(service: Service, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Some(status) = status_of(error) else {
        return Error::unavailable(service, unanswered(error));
    };
    let code = error.code().unwrap_or("unknown");
    if status >= 500 || status == 429 || LATER.contains(&code) {
        return Error::unavailable(service, format_args!("{status} {code}"));
    }
    Error::Refused {
        service,
        status,
        code: code.to_owned(),
        description: "its words are not kept".to_owned(),
    }
}

/// Why no answer came: the chain of causes, which speaks of the connection only.
fn unanswered<E: std::error::Error + 'static>(error: &SdkError<E>) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words.push_str(": ");
        words.push_str(&next.to_string());
        cause = next.source();
    }
    words
}
