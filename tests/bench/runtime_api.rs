//! Lambda's Runtime API for one instance of a function: it hands out events one after another,
//! and tells when it was asked and what it was answered.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    routing::{get, post},
};
use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};
use tokio::{
    runtime::Runtime,
    sync::{Mutex as AsyncMutex, mpsc as tokio_mpsc},
};

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(300);

/// What came from the function.
#[derive(Debug)]
pub(crate) struct Answered {
    /// When.
    pub(crate) at: Instant,
    /// The answer; of an error, what the function said of it.
    pub(crate) body: String,
    /// Whether it is an answer and no error.
    pub(crate) ok: bool,
}

#[derive(Debug, Clone)]
struct Ears {
    events: Arc<AsyncMutex<tokio_mpsc::UnboundedReceiver<String>>>,
    polls: mpsc::Sender<Instant>,
    answers: mpsc::Sender<Answered>,
}

/// The API. It ends with the bench.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    address: String,
    events: tokio_mpsc::UnboundedSender<String>,
    polls: Mutex<mpsc::Receiver<Instant>>,
    answers: Mutex<mpsc::Receiver<Answered>>,
}

impl RuntimeApi {
    pub(crate) fn start(runtime: &Runtime) -> Self {
        let (events, receiver) = tokio_mpsc::unbounded_channel();
        let (to_polls, polls) = mpsc::channel();
        let (to_answers, answers) = mpsc::channel();
        let events_for_function = Arc::new(AsyncMutex::new(receiver));
        let ears = Ears { events: events_for_function, polls: to_polls, answers: to_answers };
        let of = |what: &str| format!("/2018-06-01/runtime/invocation/{{id}}/{what}");
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(&of("response"), post(response))
            .route(&of("error"), post(error))
            .with_state(ears);
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("there is a port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, events, polls: Mutex::new(polls), answers: Mutex::new(answers) }
    }

    /// What the function's environment says of it.
    pub(crate) fn environment(&self, function: &str) -> Vec<(String, String)> {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("LOG_LEVEL", "error"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Has an event in store.
    pub(crate) fn give(&self, event: &str) {
        self.events.send(event.to_owned()).expect("it is served as long as the bench runs");
    }

    /// Waits until the function asks for an event.
    pub(crate) fn polled(&self) -> Instant {
        let polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        polls.recv_timeout(PATIENCE).expect("the function starts")
    }

    /// Waits for the next answer.
    pub(crate) fn answered(&self) -> Answered {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.recv_timeout(PATIENCE).expect("the function answers")
    }

    /// Gives an event and waits for its answer.
    pub(crate) fn ask(&self, event: &str) -> Answered {
        self.give(event);
        self.answered()
    }
}

async fn next(State(ears): State<Ears>) -> (HeaderMap, String) {
    // The bench may have heard enough.
    let _heard = ears.polls.send(Instant::now());
    let event = ears.events.lock().await.recv().await;
    let Some(event) = event else { std::future::pending().await };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4000000000000"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:ap-south-1:123456789012:function:bench",
        ),
        ("content-type", "application/json"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (headers, event)
}

fn told(ears: &Ears, body: &Bytes, ok: bool) -> StatusCode {
    let body = String::from_utf8_lossy(body).into_owned();
    let _heard = ears.answers.send(Answered { at: Instant::now(), body, ok });
    StatusCode::ACCEPTED
}

async fn response(State(ears): State<Ears>, body: Bytes) -> StatusCode {
    told(&ears, &body, true)
}

async fn error(State(ears): State<Ears>, body: Bytes) -> StatusCode {
    told(&ears, &body, false)
}
