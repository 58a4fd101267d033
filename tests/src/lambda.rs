//! Lambda, as far as one function asks it to run another: `scheduled`, and `patient-import` itself,
//! in this process.

#![expect(clippy::expect_used, reason = "a test world that breaks ends its test")]

use crate::api::{Patience, Settings};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::IntoResponse,
    routing::post,
};
use http::{HeaderMap, StatusCode};
use scheduled::{Job, Scheduled};
use shared::{clock::Clock, web::Environment};
use std::{net::Ipv4Addr, sync::Arc};
use tokio::net::TcpListener;

/// How many rows an import that goes on writes together.
pub const STRETCH_ROWS: usize = 3;

#[derive(Debug)]
struct Lambda {
    settings: Settings,
    clock: Clock,
    patience: Patience,
}

/// Serves `Invoke` for a world with these settings; the address. What is invoked runs before the
/// answer, asynchronous or not, so that a test finds its mails without waiting for them.
pub(crate) async fn serve(settings: &Settings, clock: &Clock, patience: &Patience) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a port");
    let url = format!("http://{}", listener.local_addr().expect("a listener has an address"));
    let mut settings = settings.clone();
    settings.insert("AWS_ENDPOINT_URL_LAMBDA".to_owned(), url.clone());
    let lambda = Lambda { settings, clock: clock.clone(), patience: patience.clone() };
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .with_state(Arc::new(lambda));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn invoke(
    State(lambda): State<Arc<Lambda>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: Bytes,
) -> axum::response::Response {
    if name == "patient-import" {
        tokio::spawn(go_on(lambda, event));
        return StatusCode::ACCEPTED.into_response();
    }
    let job: Job = serde_json::from_slice(&event).expect("the event names a job");
    let mut env = Environment::of(lambda.settings.clone()).with_clock(lambda.clock.clone());
    let scheduled = Scheduled::configure(&mut env);
    let scheduled = env.finish(scheduled).expect("the settings are right");
    let ran = lambda.patience.with(scheduled.run(&job)).await;
    if headers.get("x-amz-invocation-type").is_some_and(|kind| kind == "Event") {
        return StatusCode::ACCEPTED.into_response();
    }
    match ran {
        Ok(_) => StatusCode::OK.into_response(),
        Err(_) => (StatusCode::OK, [("x-amz-function-error", "Unhandled")]).into_response(),
    }
}

/// Runs the rest of an import. Its time is up at once, so it does as little as it may and asks for
/// another invocation, until the file is done.
async fn go_on(lambda: Arc<Lambda>, event: Bytes) {
    let event = serde_json::from_slice(&event).expect("the event is S3's");
    let mut env = Environment::of(lambda.settings.clone()).with_clock(lambda.clock.clone());
    let function = patient_import::configure(&mut env);
    let mut function = env.finish(function).expect("the settings are right");
    function.stretch_rows = STRETCH_ROWS;
    let deadline = lambda.clock.now();
    let done =
        lambda.patience.with(patient_import::handle(Arc::new(function), event, deadline)).await;
    done.expect("the import goes on");
}
