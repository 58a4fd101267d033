//! A function as Lambda runs it: instances that each answer one request at a time, started when
//! none is idle, up to a limit.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use axum::Router;
use lambda_http::Request;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// The instances of one function.
pub struct Fleet {
    start: Box<dyn Fn() -> Router + Send + Sync>,
    idle: Mutex<Vec<Router>>,
    free: Semaphore,
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fleet")
    }
}

impl Fleet {
    /// At most `limit` instances, each made by `start`.
    pub fn new(limit: usize, start: impl Fn() -> Router + Send + Sync + 'static) -> Self {
        Self { start: Box::new(start), idle: Mutex::default(), free: Semaphore::new(limit) }
    }

    /// Lets one instance answer.
    pub async fn answer(&self, request: Request) -> axum::response::Response {
        let _turn = self.free.acquire().await.expect("a fleet is never closed");
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let instance = idle.unwrap_or_else(&self.start);
        let answer = instance.clone().oneshot(request).await;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
        answer.expect("a router does not fail")
    }
}
