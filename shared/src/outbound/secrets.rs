//! Secrets from AWS Secrets Manager: one signed request, nothing to link.

use super::{
    AwsIdentity, Error, Result, Service,
    http::{self, Http},
};
use crate::models::Instant;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Where secrets are kept.
#[derive(Debug, Clone)]
pub struct SecretStore {
    http: Http,
    identity: AwsIdentity,
    url: String,
}

/// A secret: an object of JSON whose members are texts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret {
    /// Changes with each new value.
    pub version: String,
    /// The texts by their names.
    pub members: BTreeMap<String, String>,
}

/// What `GetSecretValue` answers (Secrets Manager's API reference), as far as it is used.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    version_id: String,
    secret_string: String,
}

impl SecretStore {
    /// The store of this identity's account and region, or one elsewhere:
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`. It may take two seconds to answer.
    pub fn new(identity: AwsIdentity, endpoint: Option<String>) -> Self {
        let http = Http::new(Service::Secrets, Duration::from_secs(2));
        let own = || format!("https://secretsmanager.{}.amazonaws.com", identity.region);
        let base = endpoint.unwrap_or_else(own);
        let url = format!("{}/", base.trim_end_matches('/'));
        Self { http, identity, url }
    }

    /// Reads the present version of a secret.
    pub async fn read(&self, id: &str, now: Instant) -> Result<Secret> {
        let body = json!({ "SecretId": id }).to_string();
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "secretsmanager.GetSecretValue"),
        ];
        let signed =
            self.identity.sign("secretsmanager", (&self.url, body.as_bytes()), &headers, now);
        let signed = signed.map_err(|error| Error::unavailable(Service::Secrets, error))?;
        let mut request = self.http.client()?.post(&self.url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in &signed {
            request = request.header(name, value);
        }
        let http::Answer { status, body: bytes, .. } = self.http.send(request).await?;
        if !status.is_success() {
            let cause = format_args!("{id}: status {status}, {}", kind(&bytes));
            return Err(Error::unavailable(Service::Secrets, cause));
        }
        opened(&bytes).ok_or_else(|| {
            let cause = format_args!("{id} is no object of JSON with texts");
            Error::unavailable(Service::Secrets, cause)
        })
    }
}

/// The name of an error of AWS's; its words may repeat what was asked.
fn kind(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("__type").and_then(Value::as_str).unwrap_or("unknown").to_owned()
}

fn opened(body: &[u8]) -> Option<Secret> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let members = serde_json::from_str(&answer.secret_string).ok()?;
    Some(Secret { version: answer.version_id, members })
}

/// Shows no secret.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.version)
    }
}
