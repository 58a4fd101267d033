//! A server we need crashes.

use serde_json::{Value, json};

use crate::{
    client::{Client, Hospital, Reply, SOON},
    process::wait_until,
    stack::{Stack, folder},
};

/// 503, when to come back, and not a word of what is down.
fn unavailable(reply: Reply) -> String {
    let wait: u32 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let problem = reply.refused(503, "DEPENDENCY_UNAVAILABLE");
    let text = problem.to_string().to_ascii_lowercase();
    for word in ["mongo", "redis", "upstash", "127.0.0.1"] {
        assert!(!text.contains(word), "{problem}");
    }
    problem["requestId"].as_str().unwrap().to_owned()
}

/// What the log of a function says is missing, for a request; the line may come after the answer.
fn named(stack: &Stack, function: &str, request: &str) -> String {
    let mut found = None;
    wait_until("the log names what is down", SOON, || {
        let log = stack.log(function);
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut failures =
            lines.filter(|line| line["request_id"] == request && line["level"] == "ERROR");
        found = failures.find_map(|line| Some(line["dependency"].as_str()?.to_owned()));
        found.is_some()
    });
    found.unwrap()
}

#[tokio::test]
async fn what_is_down_is_answered_503_and_named_in_the_log() {
    let folder = folder();
    let stack = Stack::start(folder.path(), &[("SEED", "0")]);
    let house = Hospital::open(&stack).await;
    let log_in =
        json!({ "email": stack.at("/admin/email"), "password": stack.at("/admin/password") });

    stack.crash(&["redis-server"]);
    // Nobody gets in unlimited; who is in reads on.
    let request = unavailable(Client::new(&stack).post("/login", &log_in).await);
    assert_eq!(named(&stack, "auth", &request), "Upstash");
    house.admin.get("/hospital").await.expect(200);

    stack.crash(&["secantusd", "mongod"]);
    let request = unavailable(house.admin.get("/doctors").await);
    assert_eq!(named(&stack, "slots", &request), "MongoDB");
    // What needs neither is still there.
    Client::new(&stack).get("/health").await.expect(200);
}
