//! API Gateway's HTTP API before the functions: real HTTP in, payload 2.0 events out.

mod cors;
mod event;
mod reply;
mod route;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Request, Response, StatusCode, header},
};
use jiff::Timestamp;
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, time::timeout};

pub use route::Routes;

use crate::{
    chance,
    runtime_api::{Outcome, RuntimeApi},
    template::{Cors, Template},
};

/// API Gateway's limits: a body, and the request line with all headers.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
const HEADER_LIMIT: usize = 10_240;
/// How long it waits for an integration.
const INTEGRATION_LIMIT: Duration = Duration::from_secs(30);
/// Lets one machine play many clients; taken off before the function sees the request.
const SOURCE_IP: &str = "x-local-source-ip";

/// What the gateway knows of the template; replaced as a whole when that changes.
#[derive(Debug, Default)]
pub struct Api {
    /// The routes.
    pub routes: Routes,
    /// The CORS rules.
    pub cors: Option<Cors>,
}

impl Api {
    /// The HTTP API of a template.
    pub fn new(template: &Template) -> Self {
        Self { routes: Routes::new(template), cors: template.cors.clone() }
    }
}

/// The front.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Its functions.
    pub runtime: Arc<RuntimeApi>,
    /// The template's routes as they are now.
    pub api: watch::Receiver<Arc<Api>>,
}

impl Gateway {
    /// Serves until the task is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let app = Router::new().fallback(handle).with_state(self);
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
    }
}

async fn handle(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let request_id = chance::gateway_id();
    let api = Arc::clone(&gateway.api.borrow());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match &api.cors {
        Some(rules) if cors::is_preflight(&request) => cors::preflight(rules, request.headers()),
        _ => answer(&gateway, &api, peer, request, &request_id).await,
    };
    if let Some(rules) = &api.cors {
        cors::decorate(rules, origin.as_ref(), response.headers_mut());
    }
    if let Ok(id) = request_id.parse() {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

async fn answer(
    gateway: &Gateway,
    api: &Api,
    peer: SocketAddr,
    request: Request<Body>,
    request_id: &str,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let source_ip = source_ip(peer, &mut parts.headers);
    if header_size(&parts) > HEADER_LIMIT {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return message(status, "Request Header Fields Too Large");
    }
    let Some(found) = api.routes.find(parts.method.as_str(), parts.uri.path()) else {
        return message(StatusCode::NOT_FOUND, "Not Found");
    };
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let now = Timestamp::now();
    let trace = trace(&parts.headers, now);
    let context = event::Context { source_ip, request_id, now, trace: &trace };
    let payload = Bytes::from(event::build(&parts, &body, &found, &context).to_string());
    let call = gateway.runtime.invoke(&found.function, payload, &trace);
    match timeout(INTEGRATION_LIMIT, call).await {
        Ok(Some(Outcome::Success(document))) => reply::convert(&document)
            .unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
        Ok(Some(Outcome::Throttled)) | Err(_) => {
            message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
        Ok(Some(Outcome::Error(_)) | None) => {
            message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}

/// The gateway's own answers.
fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({"message": text}).to_string()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn source_ip(peer: SocketAddr, headers: &mut HeaderMap) -> IpAddr {
    let played = headers.remove(SOURCE_IP);
    let played = played.as_ref().and_then(|value| value.to_str().ok());
    played.and_then(|ip| ip.trim().parse().ok()).unwrap_or_else(|| peer.ip())
}

fn header_size(parts: &http::request::Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.to_string().len() + 11;
    parts
        .headers
        .iter()
        .fold(line, |sum, (name, value)| sum + name.as_str().len() + value.len() + 4)
}

fn trace(headers: &HeaderMap, now: Timestamp) -> String {
    let given = headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
    given.map_or_else(|| chance::trace(now.as_second()), str::to_owned)
}
