//! A Lambda function that answers HTTP: its settings, its operations, and how it is served.

use super::{
    Configured, Core, Environment, METRICS, Missing, Operations, edge, gateway, idempotency, lines,
    metrics::Metrics, trail,
};
use crate::{calls::counted, clock::Clock, models::Instant};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use lambda_runtime::LambdaEvent;
use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tracing::Instrument as _;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::{Layer as _, SubscriberExt as _},
    util::SubscriberInitExt as _,
};
use utoipa_axum::router::OpenApiRouter;

/// Writes the line that sums an invocation up, with what it asked of others.
macro_rules! sums_up {
    ($message:literal; $($fields:tt)*) => {{
        use $crate::calls::Service;
        let calls = $crate::calls::so_far();
        let (count, ms) = (|of| calls.count(of), |of| calls.milliseconds(of));
        tracing::info!(
            $($fields)*
            mongodb_calls = count(Service::MongoDb),
            mongodb_ms = ms(Service::MongoDb),
            upstash_calls = count(Service::Upstash),
            upstash_ms = ms(Service::Upstash),
            razorpay_calls = count(Service::Razorpay),
            razorpay_ms = ms(Service::Razorpay),
            ses_calls = count(Service::Ses),
            ses_ms = ms(Service::Ses),
            s3_calls = count(Service::S3),
            s3_ms = ms(Service::S3),
            lambda_calls = count(Service::Lambda),
            lambda_ms = ms(Service::Lambda),
            secrets_calls = count(Service::Secrets),
            secrets_ms = ms(Service::Secrets),
            cloudformation_calls = count(Service::CloudFormation),
            cloudformation_ms = ms(Service::CloudFormation),
            $message
        );
    }};
}
pub(super) use sums_up;

/// A group of operations served by one binary.
pub trait Function: Clone + Send + Sync + Sized + 'static {
    /// The binary's name.
    const NAME: &'static str;

    /// Whether its POSTs take an `Idempotency-Key`: answers under a key are kept for a day.
    const KEYED: bool = true;

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
        .route_layer(middleware::from_fn_with_state((core.clone(), F::KEYED), around))
        .layer(middleware::from_fn_with_state((core, F::NAME), edge::wrap))
}

/// What is around every operation: the audit trail, and within it the first run under a key. They
/// are one layer, because each is made for each route whenever a function starts.
async fn around(
    State((core, keyed)): State<(Core, bool)>,
    request: Request,
    next: Next,
) -> Response {
    trail::record(&core, request, async |request| {
        if keyed { idempotency::once(&core, request, next).await } else { next.run(request).await }
    })
    .await
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
    let told = |function, event| told(&handle, function, event);
    run(whole(configure), told)
}

/// The same for one whose event somebody waits for, though its settings are wrong: it is configured
/// for each event, so that it is right as soon as they are, and else the event is given to
/// `unconfigured`, with what is wrong.
pub fn serve_awaited_events<T, E, Fut, Unconfigured>(
    configure: impl Fn(&mut Environment) -> T + Send + Sync + 'static,
    handle: impl Fn(Arc<T>, E) -> Fut,
    unconfigured: impl Fn(E, String) -> Unconfigured,
) -> ExitCode
where
    T: Send + Sync,
    E: serde::de::DeserializeOwned,
    Fut: Future<Output = Result<serde_json::Value, lambda_runtime::Error>>,
    Unconfigured: Future<Output = Result<serde_json::Value, lambda_runtime::Error>>,
{
    let handle = |function, event, _| handle(function, event);
    let configure = Arc::new(whole(configure));
    within(async {
        let service = lambda_runtime::service_fn(async |event: LambdaEvent<E>| {
            let configure = configure.clone();
            let start =
                Configured::start(std::env::vars(), Clock::system(), move |env| configure(env));
            counted(Box::pin(async {
                match start.await {
                    Ok(function) => told(&handle, function.current().await, event).await,
                    Err(error) => {
                        let LambdaEvent { payload, context } = event;
                        lines::under(context.request_id, async {
                            tracing::error!(%error, "the function does nothing but say so");
                            unconfigured(payload, error.to_string()).await
                        })
                        .await
                    }
                }
            }))
            .await
        });
        lambda_runtime::run(service).await
    })
}

/// The function, if its settings are whole.
fn whole<T>(
    configure: impl Fn(&mut Environment) -> T + Send + Sync + 'static,
) -> impl Fn(Environment) -> Result<Arc<T>, Missing> + Send + Sync + 'static {
    move |mut env: Environment| {
        let configured = configure(&mut env);
        env.finish(configured).map(Arc::new)
    }
}

/// Handles an event, and tells the log and the metrics what it came to.
async fn told<T, E, Fut>(
    handle: &impl Fn(Arc<T>, E, Instant) -> Fut,
    function: Arc<T>,
    event: LambdaEvent<E>,
) -> Result<serde_json::Value, lambda_runtime::Error>
where
    Fut: Future<Output = Result<serde_json::Value, lambda_runtime::Error>>,
{
    let LambdaEvent { payload, context } = event;
    let span = tracing::debug_span!("event", request_id = %context.request_id);
    let (cold, started) = (is_cold(), Clock::system().now());
    let deadline = i64::try_from(context.deadline).unwrap_or(i64::MAX);
    let work = handle(function, payload, Instant::from_millis(deadline)).instrument(span);
    let done = lines::under(context.request_id.clone(), work).await;
    let milliseconds = Clock::system().now().millis().saturating_sub(started.millis());
    sums_up!(
        "an event is done";
        request_id = %context.request_id,
        function = %context.env_config.function_name,
        cold_start = cold,
        trace_id = context.xray_trace_id,
        milliseconds,
        failed = done.is_err(),
    );
    crate::count!(events = 1_u8, failures = done.is_err(), cold_starts = cold);
    done
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
    within(async {
        let function = Configured::start(std::env::vars(), Clock::system(), configure).await?;
        let service = lambda_runtime::service_fn(async |event: LambdaEvent<E>| {
            counted(Box::pin(async { handle(function.current().await, event).await })).await
        });
        lambda_runtime::run(service).await
    })
}

/// Runs a function to its end, which Lambda decides, with its log.
fn within(function: impl Future<Output = Result<(), lambda_runtime::Error>>) -> ExitCode {
    init_log();
    // One invocation at a time: a second thread would only cost memory and a slower start.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(function) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    tracing::error!(%error, "the function does not start");
    ExitCode::FAILURE
}

/// Whether this is the process's first event: the one that waited for it to start.
pub(super) fn is_cold() -> bool {
    static WARM: AtomicBool = AtomicBool::new(false);
    !WARM.swap(true, Ordering::Relaxed)
}

/// One JSON object a line, as `CloudWatch` reads it: what we say from `LOG_LEVEL` on, the warnings
/// of others, and what is counted. At `debug` each call outside is a span, told when it ends.
fn init_log() {
    let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let level = of("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let own = ["shared", "patient_import", "scheduled", "migrate", "razorpay_webhook"];
    let heard = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target(METRICS, LevelFilter::OFF)
        .with_targets(own.map(|target| (target, level)));
    let lines = lines::written(std::io::stdout, heard);
    let metrics = of("METRICS_NAMESPACE").map(|namespace| {
        let counted = Targets::new().with_target(METRICS, LevelFilter::INFO);
        let function = of("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
        Metrics::new(namespace, function).with_filter(counted)
    });
    // A second initialisation, as in a test, changes nothing.
    let _already: Result<(), _> =
        tracing_subscriber::registry().with(lines).with(metrics).try_init();
}
