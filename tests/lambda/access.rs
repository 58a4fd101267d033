//! What the front and the limits do with addresses.

use serde_json::json;

use crate::{
    client::{Client, SOON},
    process::wait_until,
    stack::shared,
};

/// The minute's limit, as `template.yaml` has it.
const LIMIT: usize = 30;

#[tokio::test]
async fn one_address_is_stopped_after_thirty_requests_a_minute_and_no_other() {
    let (busy, other) = (Client::new(shared()), Client::new(shared()));
    let guess = json!({ "email": "nobody@mail.example", "hospital": "sunrise", "otp": "000000" });
    // The count begins anew each minute, so the limit may fall one minute later; not two.
    let mut stopped = None;
    for n in 0..=2 * LIMIT {
        let reply = busy.post("/otp-login/verify", &guess).await;
        if reply.status == 429 {
            stopped = Some((n, reply));
            break;
        }
        reply.refused(401, "INVALID_OTP");
    }
    let (before, reply) = stopped.expect("the limit was never reached");
    assert!(before >= LIMIT, "stopped after {before}");
    let wait: u32 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    reply.refused(429, "TOO_MANY_REQUESTS");
    other.post("/otp-login/verify", &guess).await.refused(401, "INVALID_OTP");
}

#[tokio::test]
async fn a_path_no_function_has_is_the_gateways_own_not_found() {
    let reply = Client::new(shared()).get("/nowhere").await;
    assert_eq!((reply.status, reply.body), (404, json!({ "message": "Not Found" })));
}

#[tokio::test]
async fn a_request_has_one_id_everywhere() {
    let reply = Client::new(shared()).get("/me").await;
    let id = reply.headers["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(reply.headers["apigw-requestid"], *id);
    assert_eq!(reply.refused(401, "UNAUTHENTICATED")["requestId"], id);
    wait_until("the log has the request", SOON, || shared().log("auth").contains(&id));
}

/// What the functions count and say of a request, in the form in which `CloudWatch` takes it.
#[tokio::test]
async fn a_request_is_counted_and_told_in_the_log() {
    Client::new(shared()).get("/me").await.refused(401, "UNAUTHENTICATED");
    wait_until("the log counts the request", SOON, || {
        let log = shared().log("auth");
        let lines: Vec<serde_json::Value> =
            log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let counted = lines.iter().any(|line| {
            let namespace = line.pointer("/_aws/CloudWatchMetrics/0/Namespace");
            namespace == Some(&json!("local"))
                && line["function"] == "auth"
                && line["requests"] == 1
                && line["cold_starts"].is_u64()
        });
        let told = |line: &serde_json::Value| {
            line["route"] == "GET /me"
                && line["function"] == "auth"
                && line["trace_id"].is_string()
                && line["cold_start"].is_boolean()
                && line["mongodb_ms"].is_null()
        };
        counted && lines.iter().any(told)
    });
}
