//! Requests to AWS without its SDK: signed by AWS's own code, sent like any other.

use super::presign::system_time;
use crate::models::Instant;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};

/// Who asks. On Lambda all of it is in the environment.
#[derive(Clone)]
pub struct AwsIdentity {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`; a role's credentials have one.
    pub session_token: Option<String>,
}

/// A request is signed or, for a fault of ours, not.
type Signed = Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>>;

impl AwsIdentity {
    /// The headers to add to a POST to this service.
    pub(super) fn sign(
        &self,
        service: &str,
        (url, body): (&str, &[u8]),
        headers: &[(&'static str, &'static str)],
        now: Instant,
    ) -> Signed {
        let (id, secret, token) =
            (&self.access_key_id, &self.secret_access_key, &self.session_token);
        let identity = Credentials::new(id, secret, token.clone(), None, "environment").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(system_time(now))
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(body);
        let request = SignableRequest::new("POST", url, headers.iter().copied(), body)?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        let headers = instructions.headers();
        Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// Shows where it asks and nothing to sign with.
impl std::fmt::Debug for AwsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AwsIdentity({})", self.region)
    }
}
