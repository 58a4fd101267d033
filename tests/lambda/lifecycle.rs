//! A stack comes up, stays to itself, goes down whole, and keeps its data.

use std::{
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    client::{Client, Hospital},
    process::{command as command_line, descendants, lives, signal, wait_until},
    stack::{Stack, command, folder, shared},
};

/// How long what is to end may take, whatever else the machine does.
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn two_stacks_run_at_once_and_one_that_ends_leaves_nothing_but_its_data() {
    let folder = folder();
    let mut stack = Stack::start(folder.path(), &[]);
    let house = Hospital::open(&stack).await;

    // Beside the shared one: other ports, other people, other keys.
    assert_ne!(stack.at("/api"), shared().at("/api"));
    assert_ne!(stack.at("/razorpay/keySecret"), shared().at("/razorpay/keySecret"));
    let stranger = Client::new(shared()).with_token(house.admin.token().to_owned());
    stranger.get("/hospital").await.refused(401, "UNAUTHENTICATED");
    house.admin.get("/hospital").await.expect(200);

    // Every kind of process runs: database, Redis, mail, functions.
    let all = descendants(stack.pid());
    let lines: Vec<String> = all.iter().map(|pid| command_line(*pid)).collect();
    for name in ["redis-server", "node", "auth", "slots", "users"] {
        assert!(lines.iter().any(|line| line.contains(name)), "{name}: {lines:#?}");
    }
    assert!(stack.end().success());
    wait_until("all processes are gone", LIMIT, || !all.iter().any(|pid| lives(*pid)));
    assert!(!folder.path().join("stack.json").exists());

    let before =
        (stack.at("/admin/password").to_owned(), stack.at("/razorpay/keySecret").to_owned());
    let stack = Stack::start(folder.path(), &[]);
    let after =
        (stack.at("/admin/password").to_owned(), stack.at("/razorpay/keySecret").to_owned());
    assert_eq!(before, after);
    let platform = Client::new(&stack).log_in(stack.at("/admin/email"), &after.0, None).await;
    let hospitals = platform.get("/hospitals").await.expect(200);
    let codes: Vec<_> =
        hospitals["items"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, [json!("sunrise"), json!(house.code)]);
    // The session goes on too: the secrets are the same, and so is Redis.
    let address = Client::new(&stack).with_token(house.admin.token().to_owned());
    address.get("/hospital").await.expect(200);

    // Nor does one that is killed, without a chance to tidy up.
    let all = descendants(stack.pid());
    assert!(!all.is_empty());
    signal(stack.pid(), Signal::KILL);
    wait_until("all processes are gone", LIMIT, || !all.iter().any(|pid| lives(*pid)));
}

/// Runs a stack that cannot come up; answers what it said, within seconds.
fn refused(stack_dir: &std::path::Path, settings: &[(&str, &str)]) -> String {
    let start = Instant::now();
    let output = command(stack_dir, settings)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(start.elapsed() < LIMIT);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn a_taken_port_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refused(folder().path(), &[("PORT", &port)]);
    assert!(said.contains(&format!("port {port} is taken")) && said.contains("PORT="), "{said}");
}

#[test]
fn a_folder_with_a_stack_in_it_is_one_clear_line() {
    let said = refused(shared().folder(), &[]);
    assert!(said.contains("a stack runs in") && said.contains("STACK_DIR"), "{said}");
    // The one that runs is not disturbed.
    assert!(shared().folder().join("stack.json").is_file());
}

#[test]
fn wrong_settings_are_one_clear_line() {
    for (name, value) in [("PORT", "many"), ("CONCURRENCY", "0")] {
        let said = refused(folder().path(), &[(name, value)]);
        assert!(said.contains(name), "{said}");
    }
    let said = refused(folder().path(), &[("RAZORPAY_KEY_ID", "rzp_live_x")]);
    assert!(said.contains("RAZORPAY_KEY_SECRET is not"), "{said}");
}
