//! Secrets that change while a function runs.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    models::Instant,
    web::{Configured, Environment},
};
use tests::alarms::Alarms;

/// What Secrets Manager has, and how often it was asked; nothing is a failure of its.
#[derive(Debug, Clone, Default)]
struct Store(Arc<Mutex<(Option<Value>, usize)>>);

impl Store {
    fn has(&self, version: &str, secret: &str) {
        let members = json!({ "JWT_SECRET": secret }).to_string();
        self.0.lock().unwrap().0 =
            Some(json!({ "VersionId": version, "SecretString": members, "Name": "mediconnect" }));
    }

    fn fails(&self) {
        self.0.lock().unwrap().0 = None;
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

async fn answer(State(store): State<Store>) -> (StatusCode, String) {
    let mut store = store.0.lock().unwrap();
    store.1 += 1;
    match &store.0 {
        Some(secret) => (StatusCode::OK, secret.to_string()),
        None => (StatusCode::BAD_REQUEST, json!({ "__type": "ThrottlingException" }).to_string()),
    }
}

/// A function that is made of one secret, and shows it.
async fn function(store: &Store, clock: &Clock) -> Configured<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(answer)).with_state(store.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let values = [
        ("JWT_SECRET", "secret:arn:aws:secretsmanager:ap-south-1:1:secret:mediconnect:JWT_SECRET"),
        ("AWS_REGION", "ap-south-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &url),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let configure = |mut env: Environment| {
        let secret = env.secret("JWT_SECRET");
        env.finish(secret)
    };
    Configured::start(values, clock.clone(), configure).await.unwrap()
}

fn secret(letter: &str) -> String {
    letter.repeat(40)
}

#[tokio::test]
async fn a_new_secret_is_taken_within_five_minutes_and_a_wrong_one_never() {
    let (store, clock) = (Store::default(), Clock::standing_at(Instant::from_seconds(1_000_000)));
    let pass = |seconds| clock.set(clock.now().plus_seconds(seconds));
    let alarms = Alarms::listen();
    store.has("1", &secret("a"));
    let function = function(&store, &clock).await;
    for _ in 0..3 {
        assert_eq!(function.current().await, secret("a"));
    }
    assert_eq!(store.asked(), 1, "not at each event");
    store.has("2", &secret("b"));
    pass(299);
    assert_eq!(function.current().await, secret("a"));
    pass(1);
    assert_eq!(function.current().await, secret("b"));
    assert_eq!(store.asked(), 2);
    assert!(alarms.heard().is_empty());
    store.has("3", "too short");
    pass(300);
    assert_eq!(function.current().await, secret("b"));
    assert_eq!(alarms.heard(), ["secrets-wrong"]);
    store.has("4", &secret("c"));
    pass(300);
    assert_eq!(function.current().await, secret("c"));
}

#[tokio::test]
async fn a_store_that_fails_takes_nothing_away_and_is_asked_again_in_a_minute() {
    let (store, clock) = (Store::default(), Clock::standing_at(Instant::from_seconds(1_000_000)));
    let pass = |seconds| clock.set(clock.now().plus_seconds(seconds));
    store.has("1", &secret("a"));
    let function = function(&store, &clock).await;
    store.fails();
    pass(300);
    assert_eq!(function.current().await, secret("a"));
    assert_eq!(function.current().await, secret("a"));
    assert_eq!(store.asked(), 2);
    store.has("2", &secret("b"));
    pass(60);
    assert_eq!(function.current().await, secret("b"));
}
