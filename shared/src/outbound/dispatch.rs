//! Asks another function to run at once, through Lambda's `Invoke`, without AWS's SDK: one signed
//! request, nothing to link.

use super::{AwsIdentity, Error, Result, Service, http::Http};
use crate::models::Instant;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Which function, and who asks. On Lambda all but the name is in the environment.
#[derive(Clone)]
pub struct DispatchSettings {
    /// The function's name or ARN.
    pub function: String,
    /// Who asks.
    pub identity: AwsIdentity,
    /// `AWS_ENDPOINT_URL_LAMBDA`: a Lambda elsewhere.
    pub endpoint: Option<String>,
}

/// Whether the caller waits until the function is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invocation {
    /// It waits, three seconds at most; the function goes on all the same.
    Synchronous,
    /// Lambda takes the event and runs the function by itself.
    Asynchronous,
}

/// Invokes one function.
#[derive(Clone)]
pub struct Dispatcher {
    http: Http,
    settings: Arc<DispatchSettings>,
}

impl Dispatcher {
    /// A dispatcher with these settings.
    pub fn new(settings: DispatchSettings) -> Self {
        let http = Http::new(Service::Lambda, Duration::from_secs(3));
        Self { http, settings: Arc::new(settings) }
    }

    /// Invokes the function with this event. That it was not invoked is never the end of anything:
    /// what it would have done is due, and its schedule finds it.
    pub async fn invoke(&self, event: &Value, how: Invocation, now: Instant) -> Result<()> {
        let url = self.url();
        let body = event.to_string();
        let kind = match how {
            Invocation::Synchronous => "RequestResponse",
            Invocation::Asynchronous => "Event",
        };
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", kind)];
        let signed = self
            .settings
            .identity
            .sign("lambda", (&url, body.as_bytes()), &headers, now)
            .map_err(|error| Error::unavailable(Service::Lambda, error))?;
        let mut request = self.http.client()?.post(&url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in &signed {
            request = request.header(name, value);
        }
        let answer = self.http.send(request).await?;
        // With 200 and this header the function itself has failed.
        if answer.status.is_success() && !answer.headers.contains_key("x-amz-function-error") {
            return Ok(());
        }
        Err(Error::unavailable(Service::Lambda, format_args!("status {}", answer.status)))
    }

    fn url(&self) -> String {
        let of = &self.settings;
        let base = of.endpoint.clone();
        let region = &of.identity.region;
        let base = base.unwrap_or_else(|| format!("https://lambda.{region}.amazonaws.com"));
        let base = base.trim_end_matches('/');
        format!("{base}/2015-03-31/functions/{}/invocations", of.function)
    }
}

/// Shows where it leads and nothing to sign with.
impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dispatcher({})", self.settings.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_is_addressed_and_signed() {
        let dispatcher = Dispatcher::new(DispatchSettings {
            function: "mediconnect-scheduled".to_owned(),
            identity: AwsIdentity {
                region: "ap-south-1".to_owned(),
                access_key_id: "AKIDEXAMPLE".to_owned(),
                secret_access_key: "secret".to_owned(),
                session_token: Some("token".to_owned()),
            },
            endpoint: None,
        });
        let url = dispatcher.url();
        let expected = "https://lambda.ap-south-1.amazonaws.com/2015-03-31/functions/mediconnect-scheduled/invocations";
        assert_eq!(url, expected);
        let now = Instant::from_seconds(1_369_353_600);
        let headers = [("x-amz-invocation-type", "Event")];
        let signed = dispatcher.settings.identity.sign("lambda", (&url, b"{}"), &headers, now);
        let signed = signed.unwrap();
        let header = |name: &str| {
            signed.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap()
        };
        assert_eq!(header("x-amz-date"), "20130524T000000Z");
        assert_eq!(header("x-amz-security-token"), "token");
        let authorization = header("authorization");
        let scope = "Credential=AKIDEXAMPLE/20130524/ap-south-1/lambda/aws4_request";
        assert!(authorization.contains(scope), "{authorization}");
        assert!(authorization.contains("x-amz-invocation-type"), "{authorization}");
    }
}
