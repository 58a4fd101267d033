//! Where a request comes from.

use super::{Error, Result};
use crate::outbound::{Counted, Standing};
use axum::extract::FromRequestParts;
use http::{Extensions, request::Parts};
use lambda_http::{RequestExt as _, request::RequestContext};
use std::sync::{Arc, Mutex, PoisonError};

/// The client's address as API Gateway saw the connection; never a header's word (ASVS 15.3.4).
#[derive(Debug, Clone)]
pub struct Client {
    /// The address.
    pub address: String,
    /// What the client calls itself, as far as it can be shown: at most 200 characters.
    pub agent: Option<String>,
    quota: Quota,
}

/// How much of its limit the request has used, for the edge to tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Quota(Arc<Mutex<Option<Standing>>>);

impl Quota {
    /// What was counted.
    pub(super) fn standing(&self) -> Option<Standing> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self::of(&parts.extensions))
    }
}

impl Client {
    /// Notes how much of a limit is used, and refuses what is too much (429).
    pub fn admit<T>(&self, counted: Counted<T>) -> Result<T> {
        *self.quota.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(counted.standing);
        counted.outcome.ok_or(Error::TooMany { retry_after: counted.standing.reset })
    }

    pub(super) fn of(extensions: &Extensions) -> Self {
        let (address, agent) = match extensions.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                (context.http.source_ip.clone(), context.http.user_agent.clone())
            }
            _ => (None, None),
        };
        let shown = |agent: String| agent.chars().filter(|c| !c.is_control()).take(200).collect();
        Self {
            address: address.unwrap_or_else(|| "unknown".to_owned()),
            agent: agent.map(shown),
            quota: extensions.get::<Quota>().cloned().unwrap_or_default(),
        }
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
