//! A deployment stands still until its migration has answered: the real binary, under AWS's own
//! emulator, asked as `CloudFormation` asks it.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{post, put},
};
use serde_json::{Value, json};

use crate::{
    emulator::Emulated,
    events::{feed, invoke, migrated, read},
    stack::shared,
};

/// What `CloudFormation` sends.
const SAMPLE: &str = "migrate/custom-resource.json";

/// Answers as they came: whether they had a content type, and the body.
type Answers = Arc<Mutex<Vec<(bool, Value)>>>;

/// `CloudFormation`, which waits at an address of its own, and beside it a Secrets Manager that
/// refuses.
struct Deployment {
    address: String,
    answers: Answers,
}

async fn take(State(answers): State<Answers>, headers: HeaderMap, body: String) {
    let answer = (headers.contains_key("content-type"), serde_json::from_str(&body).unwrap());
    answers.lock().unwrap().push(answer);
}

async fn refuse() -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, json!({ "__type": "AccessDeniedException" }).to_string())
}

impl Deployment {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers = Answers::default();
        let router = Router::new()
            .route("/answer", put(take))
            .route("/", post(refuse))
            .with_state(answers.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, answers }
    }

    /// Asks the migration; the one answer.
    async fn asks(&self, migration: &Emulated, kind: &str) -> Value {
        let mut request = read(SAMPLE);
        request["RequestType"] = json!(kind);
        request["ResponseURL"] = json!(format!("{}/answer?signature=x", self.address));
        if kind == "Create" {
            // What is not there yet has no name.
            request.as_object_mut().unwrap().remove("PhysicalResourceId").unwrap();
        }
        let done = feed(&migration.url, SAMPLE, &request).await;
        // What ends in an error Lambda does again, while all is taken back.
        assert_eq!(done.get("errorType"), None, "{kind}: {done}");
        let mut answers = std::mem::take(&mut *self.answers.lock().unwrap());
        assert_eq!(answers.len(), 1, "{kind}: one answer");
        let (typed, answer) = answers.pop().unwrap();
        assert!(!typed, "the address was signed without a content type");
        for member in ["StackId", "RequestId", "LogicalResourceId"] {
            assert_eq!(answer[member], request[member], "{kind}: {member}");
        }
        assert_eq!(answer["PhysicalResourceId"], "mediconnect-migration", "{kind}");
        answer
    }
}

#[tokio::test]
async fn a_deployment_is_told_that_its_database_is_ready() {
    let (stack, deployment) = (shared(), Deployment::new().await);
    invoke(stack, "migrate/by-hand.json", None).await;
    let migration = Emulated::start(stack, "migrate", &[]);
    for (kind, data) in [("Create", migrated()), ("Update", migrated()), ("Delete", json!({}))] {
        let answer = deployment.asks(&migration, kind).await;
        assert_eq!(answer["Status"], "SUCCESS", "{kind}: {answer}");
        assert_eq!(answer["Data"], data, "{kind}");
    }
}

/// Without an answer it would wait for as long as it may, and again while it is taken back.
#[tokio::test]
async fn a_first_deployment_that_goes_wrong_is_told_why_and_can_be_taken_back() {
    let (stack, deployment) = (shared(), Deployment::new().await);
    invoke(stack, "migrate/by-hand.json", None).await;
    let (settings, secrets, database) = (
        [("ADMIN_PASSWORD", "hunter2"), ("KEYS_SECRET", "far-too-short")],
        [
            ("ADMIN_PASSWORD", "secret:mediconnect:ADMIN_PASSWORD"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", deployment.address.as_str()),
        ],
        [("MONGODB_URI", "mongodb://127.0.0.1:9")],
    );
    let cases = [
        (&settings[..], "ADMIN_PASSWORD must have, KEYS_SECRET has 13 bytes"),
        (&secrets[..], "Secrets is unavailable, mediconnect, AccessDeniedException"),
        (&database[..], "the migration failed; the log says why"),
    ];
    for (changes, parts) in cases {
        let migration = Emulated::start(stack, "migrate", changes);
        let answer = deployment.asks(&migration, "Create").await;
        assert_eq!(answer["Status"], "FAILED", "{answer}");
        let reason = answer["Reason"].as_str().unwrap();
        for part in parts.split(", ") {
            assert!(reason.contains(part), "{reason}");
        }
        for (_, value) in changes {
            assert!(!reason.contains(value), "{reason}");
        }
        let answer = deployment.asks(&migration, "Delete").await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    }
}
