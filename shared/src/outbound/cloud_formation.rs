//! What `CloudFormation` is told of a custom resource of ours: one PUT to the address it gave.

use super::{Error, Result, Service, http::Http};
use serde_json::Value;
use std::time::Duration;

/// How often an answer is sent. Without one a deployment stands still until it times out.
const TRIES: usize = 3;

/// Answers `CloudFormation`.
#[derive(Debug, Clone)]
pub struct CloudFormation {
    http: Http,
}

impl Default for CloudFormation {
    fn default() -> Self {
        Self { http: Http::new(Service::CloudFormation, Duration::from_secs(10)) }
    }
}

impl CloudFormation {
    /// Sends the answer. The address carries its own permission, so it is in no error; it was
    /// signed without a content type, so none is sent.
    pub async fn answer(&self, url: &str, answer: &Value) -> Result<()> {
        let mut outcome = Ok(());
        for _ in 0..TRIES {
            outcome = self.put(url, answer).await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    async fn put(&self, url: &str, answer: &Value) -> Result<()> {
        let request = self.http.client()?.put(url).body(answer.to_string());
        let status = self.http.send(request).await?.status;
        if status.is_success() {
            return Ok(());
        }
        Err(Error::unavailable(Service::CloudFormation, format_args!("status {status}")))
    }
}
