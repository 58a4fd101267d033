//! Where a request comes from.

use super::{Error, Result};
use axum::extract::FromRequestParts;
use http::{Extensions, request::Parts};
use lambda_http::{RequestExt as _, request::RequestContext};

/// The client's address as API Gateway saw the connection; never a header's word (ASVS 15.3.4).
#[derive(Debug, Clone)]
pub struct Client {
    /// The address.
    pub address: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self::of(&parts.extensions))
    }
}

impl Client {
    pub(super) fn of(extensions: &Extensions) -> Self {
        let address = match extensions.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
            _ => None,
        };
        Self { address: address.unwrap_or_else(|| "unknown".to_owned()) }
    }
}

/// API Gateway's id of the request.
pub(super) fn request_id(extensions: &Extensions) -> Option<String> {
    match extensions.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.request_id.clone(),
        #[allow(unreachable_patterns, reason = "other kinds of events are features of lambda_http")]
        _ => None,
    }
}
