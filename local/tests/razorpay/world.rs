//! A simulator, and a merchant's webhook endpoint that can be made to fail.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use local::razorpay::{self, Config, WEBHOOK_TIMEOUT};
use reqwest::Client;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) const KEY: (&str, &str) = ("rzp_test_local", "api-secret");
pub(crate) const WEBHOOK_SECRET: &str = "webhook-secret";

/// One webhook as it came in: event id, and the body's event name.
pub(crate) type Seen = Arc<Mutex<Vec<(String, String)>>>;
/// The bodies of those.
pub(crate) type Bodies = Arc<Mutex<Vec<Value>>>;
/// How long the next answers take.
pub(crate) type Slow = Arc<Mutex<VecDeque<Duration>>>;
/// Answers of the endpoint, in order; 200 when there is none left.
pub(crate) type Answers = Arc<Mutex<VecDeque<u16>>>;

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) http: Client,
    pub(crate) seen: Seen,
    pub(crate) bodies: Bodies,
    /// The bodies as they came.
    pub(crate) raw: Arc<Mutex<Vec<String>>>,
    pub(crate) slow: Slow,
    pub(crate) answers: Answers,
    config: Config,
    server: Option<Runtime>,
}

pub(crate) fn hmac(secret: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message);
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// What the endpoint notes, and how it answers.
#[derive(Clone, Default)]
struct Hook {
    seen: Seen,
    bodies: Bodies,
    raw: Arc<Mutex<Vec<String>>>,
    slow: Slow,
    answers: Answers,
}

async fn endpoint(State(hook): State<Hook>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-razorpay-signature"), hmac(WEBHOOK_SECRET, &body));
    assert_eq!(header("content-type"), "application/json");
    let event: Value = serde_json::from_slice(&body).unwrap();
    let name = event["event"].as_str().unwrap().to_owned();
    hook.seen.lock().unwrap().push((header("x-razorpay-event-id"), name));
    hook.bodies.lock().unwrap().push(event);
    hook.raw.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
    let status = hook.answers.lock().unwrap().pop_front().unwrap_or(200);
    let slow = hook.slow.lock().unwrap().pop_front();
    tokio::time::sleep(slow.unwrap_or_default()).await;
    StatusCode::from_u16(status).unwrap()
}

/// Each run has a runtime of its own, so that its end is as sudden as a process's.
fn start(config: &Config) -> (String, Option<Runtime>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let config = config.clone();
    let server = Runtime::new().unwrap();
    server.spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        razorpay::serve(listener, config).await.unwrap();
    });
    (url, Some(server))
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
    }
}

impl World {
    pub(crate) async fn new(state_file: Option<PathBuf>) -> Self {
        Self::start(state_file, WEBHOOK_TIMEOUT).await
    }

    /// One that waits only so long for an answer to a webhook.
    pub(crate) async fn with_patience(webhook_timeout: Duration) -> Self {
        Self::start(None, webhook_timeout).await
    }

    async fn start(state_file: Option<PathBuf>, webhook_timeout: Duration) -> Self {
        let hook = Hook::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook_url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(endpoint)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let config = Config {
            key_id: KEY.0.to_owned(),
            key_secret: KEY.1.to_owned(),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            webhook_url: Some(webhook_url),
            webhook_timeout,
            state_file,
        };
        let (url, server) = start(&config);
        let http = Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let Hook { seen, bodies, raw, slow, answers } = hook;
        Self { url, http, seen, bodies, raw, slow, answers, config, server }
    }

    pub(crate) fn restart(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
        (self.url, self.server) = start(&self.config);
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).json(&body);
        let answer = request.basic_auth(KEY.0, Some(KEY.1)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.url));
        request.basic_auth(KEY.0, Some(KEY.1)).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn order(&self, receipt: &str) -> String {
        let body = json!({ "amount": 50_000, "currency": "INR", "receipt": receipt });
        let (status, order) = self.post("/v1/orders", body).await;
        assert_eq!(status, 200, "{order}");
        order["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn paid(&self, receipt: &str) -> String {
        let order = self.order(receipt).await;
        let body = json!({ "order_id": order, "outcome": "captured" });
        let (_, paid) = self.post("/simulate/checkout", body).await;
        paid["razorpay_payment_id"].as_str().unwrap().to_owned()
    }

    /// Waits for this many webhooks; returns their names.
    pub(crate) async fn webhooks(&self, count: usize) -> Vec<String> {
        let patience = Instant::now();
        loop {
            let seen = self.seen.lock().unwrap().clone();
            if seen.len() >= count || patience.elapsed() > Duration::from_secs(8) {
                assert_eq!(seen.len(), count, "{seen:?}");
                return seen.into_iter().map(|event| event.1).collect();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
