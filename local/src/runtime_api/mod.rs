//! Lambda, as far as a function can tell: the runtime API for its processes, and the invocations
//! API for those who call it.
//!
//! One server serves all functions of a stack. A process is told apart by its base path
//! (`/.rt/{function}/{process}`), so that two copies of one binary are two execution environments.

mod invocations;
mod pool;
mod processes;
mod state;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub use pool::{Launcher, Pool};

use crate::{logs::Logs, template::Function};

/// Lambda's limit on a synchronous request or response.
pub const PAYLOAD_LIMIT: usize = 6_291_556;
/// How long a synchronous caller waits for a free process: less than API Gateway's 30 s.
pub const PATIENCE: Duration = Duration::from_secs(29);
/// How long Lambda keeps an asynchronous event that finds no process.
const ASYNC_PATIENCE: Duration = Duration::from_hours(6);
/// Lambda waits one and two minutes; here the same two retries come soon enough to be watched.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function's answer.
    Success(Bytes),
    /// The function's, or Lambda's own, error document.
    Error(Bytes),
    /// No process was free in time.
    Throttled,
}

impl Outcome {
    /// Lambda's error shape.
    pub fn error(kind: &str, message: &str) -> Self {
        let document = json!({"errorType": kind, "errorMessage": message});
        Self::Error(Bytes::from(document.to_string()))
    }
}

/// All functions of one stack.
#[derive(Debug)]
pub struct RuntimeApi {
    pools: RwLock<BTreeMap<String, Arc<Pool>>>,
    launcher: Arc<Launcher>,
    logs: Logs,
}

impl RuntimeApi {
    /// No functions yet; [`RuntimeApi::load`] brings them.
    pub fn new(launcher: Launcher, logs: Logs) -> Self {
        Self { pools: RwLock::default(), launcher: Arc::new(launcher), logs }
    }

    /// Takes the functions of a template: new ones are added, the others get their new settings at
    /// the next start of a process.
    pub fn load(&self, functions: &[Function]) {
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        for function in functions {
            if let Some(pool) = pools.get(&function.name) {
                pool.configure(function.clone());
            } else {
                let pool = Pool::new(function.clone(), Arc::clone(&self.launcher));
                pools.insert(function.name.clone(), pool);
            }
        }
    }

    /// The pool of a function, by its short name or its logical id.
    pub fn pool(&self, name: &str) -> Option<Arc<Pool>> {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        let by_id = || pools.values().find(|pool| pool.function().logical_id == name);
        pools.get(name).or_else(by_id).cloned()
    }

    /// Starts one process of every function that answers HTTP.
    pub fn warm(&self) {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        for pool in pools.values().filter(|pool| pool.function().is_http()) {
            pool.warm();
        }
    }

    /// Replaces the processes of one function by new ones, running invocations first ending.
    pub fn restart(&self, name: &str) {
        if let Some(pool) = self.pool(name) {
            pool.restart();
            if pool.function().is_http() {
                pool.warm();
            }
        }
    }

    /// Invokes a function and waits; `None` when there is none of that name.
    pub async fn invoke(&self, name: &str, payload: Bytes, trace: &str) -> Option<Outcome> {
        let pool = self.pool(name)?;
        Some(pool.invoke(payload, trace, PATIENCE).await.1)
    }

    /// Invokes a function as Lambda does for events: nobody waits, a failure is tried twice again,
    /// and what still fails is kept as a dead letter in the logs.
    pub fn invoke_later(self: &Arc<Self>, name: &str, payload: &Value) {
        let (this, name) = (Arc::clone(self), name.to_owned());
        let payload = Bytes::from(payload.to_string());
        tokio::spawn(async move {
            let Some(pool) = this.pool(&name) else {
                eprintln!("local: an event for {name}, which is not in the template, is dropped");
                return;
            };
            let mut delays = RETRY_DELAYS.iter();
            loop {
                let (_, outcome) = pool.invoke(payload.clone(), "", ASYNC_PATIENCE).await;
                let reason = match outcome {
                    Outcome::Success(_) => return,
                    Outcome::Error(document) => String::from_utf8_lossy(&document).into_owned(),
                    Outcome::Throttled => "throttled".to_owned(),
                };
                let Some(delay) = delays.next() else {
                    this.bury(&name, &payload, &reason);
                    return;
                };
                tokio::time::sleep(*delay).await;
            }
        });
    }

    fn bury(&self, name: &str, payload: &[u8], reason: &str) {
        if self.launcher.processes.closing() {
            return;
        }
        let event: Value = serde_json::from_slice(payload).unwrap_or_default();
        let letter = json!({"function": name, "reason": reason, "event": event});
        self.logs.note("dead-letters", &letter.to_string());
        let file: PathBuf = self.logs.file("dead-letters");
        eprintln!("local: {name} failed three times, the event is in {}: {reason}", file.display());
    }

    /// Every route of the two APIs.
    pub fn router(self: Arc<Self>) -> Router {
        let process = Router::new()
            .route("/invocation/next", get(processes::next))
            .route("/invocation/{id}/response", post(processes::response))
            .route("/invocation/{id}/error", post(processes::error))
            .route("/init/error", post(processes::init_error));
        Router::new()
            .nest("/.rt/{function}/{process}/2018-06-01/runtime", process)
            .route("/2015-03-31/functions/{name}/invocations", post(invocations::invoke))
            .layer(axum::extract::DefaultBodyLimit::max(2 * PAYLOAD_LIMIT))
            .with_state(self)
    }

    /// Serves both APIs until the task is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    /// The base a process is given as `AWS_LAMBDA_RUNTIME_API`.
    fn base(address: SocketAddr, function: &str, process: u64) -> String {
        // The Rust runtime takes a base path, but only behind a scheme.
        format!("http://{address}/.rt/{function}/{process}")
    }
}

#[cfg(test)]
mod tests;
