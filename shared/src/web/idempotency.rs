//! `Idempotency-Key`: a request sent again gets the first answer (IETF
//! draft-ietf-httpapi-idempotency-key-header).
//!
//! It is for every POST of somebody who is logged in, in functions that make something or are paid
//! ([`Function::KEYED`](super::Function::KEYED)). The key is scoped to him and the route.

use super::{Code, Core, Error, Result, Trail, caller::authenticate, error::Carried};
use crate::{
    entropy::Entropy,
    models::{Id, Instant, Kind},
    store::{Begun, FirstRun, Remembered},
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderName, HeaderValue, Method, StatusCode, header, request::Parts, uri::PathAndQuery,
};
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// More than any body we take or give.
const LARGEST: usize = 6 * 1024 * 1024;

/// Runs a request once per key.
pub(super) async fn once(core: &Core, request: Request, next: Next) -> Response {
    match key_of(&request) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => keyed(core, key, request, next).await.unwrap_or_else(Error::into_response),
        Err(error) => error.into_response(),
    }
}

/// The request's key, if it has one and it counts here.
fn key_of(request: &Request) -> Result<Option<String>> {
    if request.method() != Method::POST || !request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let mut values = request.headers().get_all(KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let shaped = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if !shaped || values.next().is_some() {
        let detail =
            "Idempotency-Key must be one value of 1 to 255 visible ASCII characters.".to_owned();
        return Err(Error::Malformed { code: Code::InvalidIdempotencyKey, detail });
    }
    Ok(Some(text.to_owned()))
}

async fn keyed(core: &Core, key: String, request: Request, next: Next) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    let principal = match authenticate(&parts, core).await {
        // Nobody's key counts. Where one must be somebody the operation says so itself.
        Err(Error::Unauthenticated) => return Ok(next.run(Request::from_parts(parts, body)).await),
        known => known?,
    };
    let unreadable = || Error::Malformed {
        code: Code::BodyTooLarge,
        detail: "The body is too large.".to_owned(),
    };
    let body = to_bytes(body, LARGEST).await.map_err(|_| unreadable())?;
    let route = parts
        .extensions
        .get::<MatchedPath>()
        .map_or_else(String::new, |path| path.as_str().to_owned());
    let place = core.seal.hex(&["idempotency", principal.account().as_str(), &route, &key]);
    // Whom or what a request is about stands in its path.
    let target = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let fingerprint = Sha256::new().chain_update(target).chain_update([0]).chain_update(&body);
    let fingerprint = fingerprint.finalize();
    let run = data_encoding::HEXLOWER.encode(&core.entropy.bytes::<16>()?);
    match core.store.begin_idempotent(&place, &fingerprint, &run, core.clock.now()).await? {
        Begun::Answered(answer) => {
            if let Some(trail) = parts.extensions.get::<Trail>() {
                trail.replays(&principal);
            }
            Ok(replay(answer))
        }
        Begun::Running => Err(Error::conflict(
            Code::IdempotencyInProgress,
            "The first request with this key is still running.",
        )),
        Begun::OtherBody => Err(Error::Unprocessable {
            code: Code::IdempotencyKeyReused,
            detail: "This key was used for another request.".to_owned(),
        }),
        Begun::First(first) => {
            parts.extensions.insert(principal);
            parts.extensions.insert(first);
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            remember(core, &place, &run, response).await
        }
    }
}

/// Keeps what was answered, unless trying again may bring another answer.
async fn remember(core: &Core, place: &str, run: &str, response: Response) -> Result<Response> {
    let code = response.extensions().get::<Carried>().and_then(Carried::code);
    let response = super::edge::rendered(response);
    if may_change(response.status(), code) {
        // The answer stands all the same; the key is free again in half a minute.
        if let Err(error) = core.store.drop_idempotent(place, run).await {
            tracing::error!(%error, dependency = "MongoDB", "an idempotency key was not given back");
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, LARGEST).await.map_err(Error::internal)?;
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let answer = Remembered {
        status: parts.status.as_u16(),
        content_type: content_type.unwrap_or("application/json").to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    // What was done is done: if the answer cannot be kept, it is still the answer.
    if let Err(error) = core.store.end_idempotent(place, run, &answer).await {
        tracing::error!(%error, dependency = "MongoDB", "an idempotent answer was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Whether the same request may soon be answered otherwise, without anybody's doing more.
fn may_change(status: StatusCode, code: Option<Code>) -> bool {
    let of_caller = matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    );
    let of_moment = matches!(code, Some(Code::Conflict | Code::PaymentUnfinished));
    status.is_server_error() || of_caller || of_moment
}

/// A run of a request that makes something. Where the request has a key, the ids are those of the
/// first run under it: what that has made, though nobody was told, is found and not made again.
#[derive(Debug)]
pub struct Run(Option<FirstRun>);

impl Run {
    /// The id of what is made; one of a kind.
    pub fn id<K: Kind>(&self, entropy: Entropy, now: Instant) -> Result<Id<K>> {
        let first = self.0.as_ref().map(|first| (first.at, u128::from_str_radix(&first.name, 16)));
        match first {
            Some((at, Ok(random))) => Ok(Id::from_parts(at, random)),
            _ => Ok(entropy.id(now)?),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Run {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<FirstRun>().cloned()))
    }
}

fn replay(answer: Remembered) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&answer.content_type);
    headers
        .insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/json")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
