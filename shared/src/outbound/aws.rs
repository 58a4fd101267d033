//! What the clients of AWS have in common.

use super::{Error, Service, http::Http};
use aws_config::retry::RetryConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, retry::ReconnectMode};
use std::error::Error as _;

/// The codes with which AWS says that the same request may succeed later.
const LATER: [&str; 5] = [
    "TooManyRequestsException",
    "ThrottlingException",
    "Throttling",
    "LimitExceededException",
    "SendingPausedException",
];

/// By what a client of AWS connects: the client everything else is called by. Of the SDK's time-outs
/// those of an operation and of an attempt hold; those of connecting and reading are this client's.
pub(super) fn http_client(service: Service) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(Http::streaming(service)));
    http_client_fn(move |_, _| connector.clone())
}

/// How often a request is made in all. Which connection one went over the SDK is not told, so it can
/// close none; one that timed out is closed by the client.
pub(super) fn attempts(most: u32) -> RetryConfig {
    let retries = RetryConfig::standard().with_max_attempts(most);
    retries.with_reconnect_mode(ReconnectMode::ReuseAllConnections)
}

#[derive(Debug)]
struct Connector(Http);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let client =
                http.client().map_err(|error| ConnectorError::other(error.into(), None))?;
            let request = request.try_into_http1x();
            let request = request.map_err(|error| ConnectorError::user(error.into()))?;
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap));
            let request = request.map_err(|error| ConnectorError::user(error.into()))?;
            let answer = client.execute(request).await.map_err(unreached)?;
            let answer = http::Response::from(answer).map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// An error of the connection, which the SDK tries again; without the address, as it may be logged.
fn unreached(error: reqwest::Error) -> ConnectorError {
    let timed_out = error.is_timeout();
    let error = error.without_url().into();
    if timed_out { ConnectorError::timeout(error) } else { ConnectorError::io(error) }
}

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
