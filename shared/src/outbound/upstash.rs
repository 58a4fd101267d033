//! Redis over Upstash's REST API: one command, one request.

use super::{
    Error, Result, Service,
    http::{self, Http},
};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// A Redis database behind Upstash's REST API.
#[derive(Clone)]
pub struct Upstash {
    http: Http,
    url: String,
    token: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Value,
    #[serde(default)]
    error: Option<String>,
}

impl Upstash {
    /// The database at this URL with this token.
    pub fn new(url: String, token: String) -> Self {
        let http = Http::new(Service::Upstash, Duration::from_secs(2));
        Self { http, url, token }
    }

    /// Sends one command. It is not tried again: what was counted once must not be counted twice.
    pub async fn command(&self, command: &[&str]) -> Result<Value> {
        let request = self.http.client()?.post(&self.url).bearer_auth(&self.token).json(command);
        let http::Answer { status, body, .. } = self.http.send(request).await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| {
            Error::unavailable(Service::Upstash, format_args!("status {status}, no answer of its"))
        })?;
        match answer.error {
            None if status.is_success() => Ok(answer.result),
            // Only the first word is stable; the rest may repeat our arguments.
            error => {
                let code = error.unwrap_or_default();
                let first = code.split_whitespace().next().unwrap_or("none").to_owned();
                Err(Error::unavailable(Service::Upstash, format!("status {status}, error {first}")))
            }
        }
    }

    /// Runs a script on these keys: several steps, one request, nothing in between.
    pub async fn eval(&self, script: &str, keys: &[&str], args: &[&str]) -> Result<Value> {
        let count = keys.len().to_string();
        let mut command = vec!["EVAL", script, &count];
        command.extend_from_slice(keys);
        command.extend_from_slice(args);
        self.command(&command).await
    }
}

impl std::fmt::Debug for Upstash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upstash(…)")
    }
}
