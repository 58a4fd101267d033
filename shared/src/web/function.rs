//! A Lambda function that answers HTTP: its settings, its operations, and how it is served.

use super::{
    Configured, Core, Environment, Missing, Operations, edge, gateway, idempotency, trail,
};
use crate::{clock::Clock, models::Instant};
use axum::{Router, middleware};
use lambda_runtime::LambdaEvent;
use std::{process::ExitCode, sync::Arc};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};
use utoipa_axum::router::OpenApiRouter;

/// A group of operations served by one binary.
pub trait Function: Clone + Send + Sync + Sized + 'static {
    /// The binary's name.
    const NAME: &'static str;

    /// Reads its settings; faults are left in `env`.
    fn configure(env: &mut Environment) -> Self;

    /// What it has in common with the others.
    fn core(&self) -> &Core;

    /// Its operations: each is mounted and described by the one annotation on its handler.
    fn operations<O: Operations<Self>>(to: O) -> O;
}

/// The service that answers a function's requests.
pub fn app<F: Function>(function: F) -> Router {
    let core = function.core().clone();
    F::operations(Router::new())
        .with_state(function)
        .route_layer(middleware::from_fn_with_state(core.clone(), idempotency::once))
        .route_layer(middleware::from_fn_with_state(core.clone(), trail::record))
        .layer(middleware::from_fn_with_state(core, edge::wrap))
}

/// The description of a function's operations.
pub fn document<F: Function>() -> utoipa::openapi::OpenApi {
    F::operations(OpenApiRouter::new()).into_openapi()
}

/// Serves a function under the Lambda runtime, for as long as Lambda lets it.
pub fn serve<F: Function>() -> ExitCode {
    let configure = |mut env: Environment| {
        let function = F::configure(&mut env);
        env.finish(function).map(app)
    };
    run(configure, gateway::answer)
}

/// Serves a function that takes events of another kind than HTTP.
pub fn serve_events<T, E, Fut>(
    configure: impl Fn(&mut Environment) -> T + Send + Sync + 'static,
    handle: impl Fn(Arc<T>, E) -> Fut,
) -> ExitCode
where
    T: Send + Sync,
    E: serde::de::DeserializeOwned,
    Fut: Future<Output = Result<serde_json::Value, lambda_runtime::Error>>,
{
    serve_long_events(configure, |function, event, _| handle(function, event))
}

/// The same for one whose work may be more than Lambda gives it time for: it is told when its
/// time is up.
pub fn serve_long_events<T, E, Fut>(
    configure: impl Fn(&mut Environment) -> T + Send + Sync + 'static,
    handle: impl Fn(Arc<T>, E, Instant) -> Fut,
) -> ExitCode
where
    T: Send + Sync,
    E: serde::de::DeserializeOwned,
    Fut: Future<Output = Result<serde_json::Value, lambda_runtime::Error>>,
{
    let configure = move |mut env: Environment| {
        let configured = configure(&mut env);
        env.finish(configured).map(Arc::new)
    };
    run(configure, |function, event: LambdaEvent<E>| {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        handle(function, event.payload, Instant::from_millis(deadline))
    })
}

/// Configures a function and hands each event to it as it then is.
fn run<T, E, R, X, Fut>(
    configure: impl Fn(Environment) -> Result<T, Missing> + Send + Sync + 'static,
    handle: impl Fn(T, LambdaEvent<E>) -> Fut,
) -> ExitCode
where
    T: Clone,
    E: serde::de::DeserializeOwned,
    R: serde::Serialize,
    X: Into<lambda_runtime::Diagnostic> + std::fmt::Debug,
    Fut: Future<Output = Result<R, X>>,
{
    init_log();
    // One invocation at a time: a second thread would only cost memory and a slower start.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let start = Configured::start(std::env::vars(), Clock::system(), configure);
    let function = match runtime.block_on(start) {
        Ok(function) => function,
        Err(error) => return fail(&error),
    };
    let service = lambda_runtime::service_fn(async |event: LambdaEvent<E>| {
        handle(function.current().await, event).await
    });
    match runtime.block_on(lambda_runtime::run(service)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    tracing::error!(%error, "the function does not start");
    ExitCode::FAILURE
}

/// One JSON object a line, as `CloudWatch` reads it: what we say from `LOG_LEVEL` on, and the
/// warnings of others.
fn init_log() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    let own = ["shared", "patient_import", "scheduled", "migrate", "razorpay_webhook"];
    let heard = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(own.map(|target| (target, level)));
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    // A second initialisation, as in a test, changes nothing.
    let _already: Result<(), _> = tracing_subscriber::registry().with(lines).with(heard).try_init();
}
