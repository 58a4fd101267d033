//! Every sample in `events/`, fed to the real binary.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    client::{Client, SOON},
    process::wait_until,
    stack::{Stack, root, shared},
};

/// Invokes a function with a sample; with a token, in the place of the sample's expired one.
pub(crate) async fn invoke(stack: &Stack, sample: &str, token: Option<&str>) -> Value {
    let (function, _) = sample.split_once('/').unwrap();
    let url =
        format!("http://{}/2015-03-31/functions/{function}/invocations", stack.at("/runtime"));
    invoke_at(&url, sample, token).await
}

/// The same, where a function answers at this address.
pub(crate) async fn invoke_at(url: &str, sample: &str, token: Option<&str>) -> Value {
    let mut event = read(sample);
    if let Some(token) = token {
        event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    }
    feed(url, sample, &event).await
}

/// A sample as it is.
pub(crate) fn read(sample: &str) -> Value {
    let text = std::fs::read_to_string(root().join("events").join(sample)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Feeds a function with an event that was made of a sample.
pub(crate) async fn feed(url: &str, sample: &str, event: &Value) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(url).json(event).send().await.unwrap();
    assert!(answer.status().is_success(), "{sample}");
    let failed = answer.headers().contains_key("x-amz-function-error");
    let answer: Value = answer.json().await.unwrap();
    assert!(!failed, "{sample}: {answer}");
    answer
}

/// What an HTTP function answered: status and body.
pub(crate) fn opened(sample: &str, answer: &Value) -> (u64, Value) {
    let event = read(sample);
    assert_eq!(answer["headers"]["x-request-id"], event["requestContext"]["requestId"], "{sample}");
    assert_eq!(answer["isBase64Encoded"], false, "{sample}");
    let body = answer["body"].as_str().unwrap_or_default();
    let body = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
    (answer["statusCode"].as_u64().unwrap(), body)
}

/// A sample, whose token it is fed with, and what it answers: the status, and a member of the body.
pub(crate) type Case = (&'static str, Option<&'static str>, u64, &'static str, Value);

pub(crate) fn cases() -> Vec<Case> {
    let not_found = |sample, role| (sample, Some(role), 404, "/code", json!("NOT_FOUND"));
    vec![
        ("auth/log-in.json", None, 200, "/user/role", json!("admin")),
        ("auth/me.json", Some("patient"), 200, "/role", json!("patient")),
        ("users/create-patient.json", Some("hospital"), 201, "/status", json!("pending")),
        ("users/patient-list.json", Some("doctor"), 200, "/items/0/identifier", json!("SUN-0003")),
        not_found("users/user-read.json", "hospital"),
        ("hospitals/create.json", Some("admin"), 201, "/hospital/code", json!("lotus")),
        ("hospitals/health.json", None, 200, "/status", json!("ok")),
        not_found("slots/book.json", "patient"),
        ("slots/list.json", Some("patient"), 200, "/items", json!([])),
        not_found("slots/delete.json", "doctor"),
        ("slots/leave.json", Some("doctor"), 200, "/openSlots", json!(0)),
        not_found("slots/waitlist.json", "patient"),
        ("slots/waitlist-accept.json", None, 404, "/code", json!("NOT_FOUND")),
        ("slots/leave-accept.json", None, 404, "/code", json!("NOT_FOUND")),
        ("appointments/upcoming.json", Some("doctor"), 200, "/nextCursor", Value::Null),
        ("appointments/queue.json", Some("doctor"), 200, "/entries", json!([])),
        not_found("appointments/cancel-quote.json", "patient"),
        not_found("appointments/check-in.json", "doctor"),
        not_found("appointments/reschedule.json", "patient"),
        not_found("payments/create-order.json", "patient"),
        not_found("payments/verify.json", "patient"),
        not_found("payments/receipt.json", "patient"),
        not_found("payments/counter.json", "hospital"),
        ("payments/ledger.json", Some("hospital"), 200, "/nextCursor", Value::Null),
        ("razorpay-webhook/payment-captured.json", None, 200, "/received", json!(true)),
        ("razorpay-webhook/order-paid-base64.json", None, 200, "/received", json!(true)),
    ]
}

/// A token of somebody of the demonstration.
pub(crate) async fn token(stack: &Stack, role: &str) -> String {
    let (email, password, hospital) = match role {
        "admin" => (stack.at("/admin/email"), stack.at("/admin/password"), None),
        _ => {
            let index =
                (0..5).find(|n| stack.at(&format!("/demo/people/{n}/role")) == role).unwrap();
            let of = |member: &str| stack.at(&format!("/demo/people/{index}/{member}"));
            (of("email"), of("password"), Some("sunrise"))
        }
    };
    Client::new(stack).log_in(email, password, hospital).await.token().to_owned()
}

#[tokio::test]
async fn http_samples_are_answered() {
    let stack = shared();
    for (sample, role, status, pointer, expected) in cases() {
        let token = match role {
            Some(role) => {
                // As it is committed, with a token that is over.
                let refused = invoke(stack, sample, None).await;
                let (status, problem) = opened(sample, &refused);
                assert_eq!(
                    (status, &problem["code"]),
                    (401, &json!("UNAUTHENTICATED")),
                    "{sample}"
                );
                Some(token(stack, role).await)
            }
            None => None,
        };
        let answer = invoke(stack, sample, token.as_deref()).await;
        let (got, body) = opened(sample, &answer);
        assert_eq!(got, status, "{sample}: {body}");
        assert_eq!(body.pointer(pointer), Some(&expected), "{sample}: {body}");
    }
}

/// A key makes the second the same as the first.
#[tokio::test]
async fn a_webhook_may_come_again() {
    let stack = shared();
    for sample in
        ["razorpay-webhook/payment-captured.json", "razorpay-webhook/order-paid-base64.json"]
    {
        for _ in 0..2 {
            let (status, body) = opened(sample, &invoke(stack, sample, None).await);
            assert_eq!((status, body), (200, json!({ "received": true })), "{sample}");
        }
    }
    wait_until("the operator is told", SOON, || {
        let log = stack.log("razorpay-webhook");
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        // Where the template's metric filters look for it: at the top of the line.
        lines.into_iter().any(|line| line["alarm"] == "payment-unknown")
    });
}

/// The samples for `scheduled`.
pub(crate) const JOBS: [&str; 11] = [
    "effects",
    "holds",
    "reconcile",
    "mails",
    "seal",
    "close",
    "leave",
    "waitlist",
    "undelivered-bounce",
    "undelivered-complaint",
    "deliverable",
];

/// What a migration answers that found everything done.
pub(crate) fn migrated() -> Value {
    let indexes = shared::store::INDEXES.len();
    json!({
        "indexes": indexes,
        "migrations": 0,
        "unknownIndexes": 0,
        "adminCreated": false,
        "accountsResealed": 0,
    })
}

#[tokio::test]
async fn jobs_and_the_migration_run_and_run_again() {
    let stack = shared();
    for _ in 0..2 {
        for job in JOBS {
            let answer = invoke(stack, &format!("scheduled/{job}.json"), None).await;
            assert!(answer["settled"].is_u64(), "{job}: {answer}");
        }
        // Nobody waits at the address in the other sample; deployments.rs has somebody.
        assert_eq!(invoke(stack, "migrate/by-hand.json", None).await, migrated());
    }
}

#[test]
fn no_sample_is_left_out() {
    let mut fed: BTreeSet<String> = cases().iter().map(|case| case.0.to_owned()).collect();
    let others = [
        "migrate/by-hand",
        "migrate/custom-resource",
        "patient-import/object-created",
        "patient-import/test-event",
    ];
    fed.extend(others.map(|name| format!("{name}.json")));
    fed.extend(JOBS.map(|name| format!("scheduled/{name}.json")));
    let mut there = BTreeSet::new();
    for folder in
        std::fs::read_dir(root().join("events")).unwrap().map(|entry| entry.unwrap().path())
    {
        let files = folder.read_dir().into_iter().flatten().map(|entry| entry.unwrap().path());
        for file in files.filter(|file| file.extension().is_some_and(|end| end == "json")) {
            let name =
                file.strip_prefix(root().join("events")).unwrap().to_str().unwrap().to_owned();
            there.insert(name);
        }
    }
    assert_eq!(fed, there);
}
