//! What a stranger can tell: neither words nor time say whether an address is known, or why it
//! does not log in (ASVS 6.3.8).

#![expect(
    clippy::print_stdout,
    reason = "the distributions are worth seeing where a run shows output"
)]

use crate::passwords::{PASSWORD, with_password};
use serde_json::json;
use std::time::{Duration, Instant};
use tests::{actor::Actor, world::World};

/// How long an attempt took, from another address each time.
async fn attempt(who: &Actor) -> Duration {
    let client = who.elsewhere().with_token("");
    let body = who.key_and(&json!({ "password": "a wrong password" }));
    let start = Instant::now();
    let answer = client.post("/login", body).await;
    let took = start.elapsed();
    answer.refused(401, "INVALID_CREDENTIALS");
    took
}

/// The least and the lower quartile, in seconds. What else the machine does only adds to a time, so
/// the least of many is what the work itself takes.
fn distribution(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    (times[0].as_secs_f64(), times[times.len() / 4].as_secs_f64())
}

/// The leasts and the quartiles as ratios to the smallest of each, and the largest ratio of the
/// leasts.
fn ratios<const N: usize>(times: [Vec<Duration>; N]) -> (String, f64) {
    let all = times.map(distribution);
    let of = |pick: fn((f64, f64)) -> f64| {
        let picked = all.map(pick);
        let smallest = picked.iter().copied().fold(f64::MAX, f64::min);
        picked.map(|time| time / smallest)
    };
    let (leasts, quartiles) = (of(|both| both.0), of(|both| both.1));
    let worst = leasts.iter().copied().fold(0.0, f64::max);
    (format!("least {leasts:.2?}, lower quartile {quartiles:.2?}"), worst)
}

#[tokio::test]
async fn unknown_wrong_pending_locked_and_blocked_take_the_same_time() {
    const ROUNDS: usize = 16;
    let world = World::with_instances(1).await;
    let wrong = with_password(&world).await;
    let unknown = Actor { email: world.a.address("nobody"), ..wrong.clone() };
    let entered = async |name: &str, identifier: &str| {
        let mut body = world.a.patient_body(name, identifier);
        body["password"] = json!(PASSWORD);
        let made = world.a.admin.post("/create/patient", body).await.is(201);
        let account = tests::actor::text(&made, "/accountId");
        Actor { email: world.a.address(name), account, ..wrong.clone() }
    };
    let pending = entered("pending", "MRN-1").await;
    let blocked = entered("blocked", "MRN-2").await;
    world.visitor().activated(&blocked.email, &world.a.code).await;
    world.a.admin.act(format!("/users/{}/block", blocked.account)).await.is(200);
    let locked = entered("locked", "MRN-3").await;
    world.visitor().activated(&locked.email, &world.a.code).await;
    let kinds = [&unknown, &wrong, &pending, &blocked, &locked];
    let mut times = [const { Vec::new() }; 5];
    for round in 0..ROUNDS {
        // In turn, and each round from another one, so that nobody is always first. The wrong one
        // is never locked: an hour passes, which the locked one is locked again for.
        world.pass(3600);
        for _ in 0..5 {
            attempt(&locked).await;
        }
        for n in 0..kinds.len() {
            let kind = (n + round) % kinds.len();
            times[kind].push(attempt(kinds[kind]).await);
        }
    }
    let (shown, worst) = ratios(times);
    println!("unknown, wrong, pending, blocked, locked: {shown}");
    // Without the comparison of a password an attempt takes a third.
    assert!(worst < 1.25, "unknown, wrong, pending, blocked, locked: {shown}");
}

#[tokio::test]
async fn asking_for_an_otp_takes_the_same_time() {
    const ROUNDS: usize = 24;
    let world = World::with_instances(1).await;
    // The mail itself goes elsewhere: here it is left to its schedule, as in production it is left
    // to another function.
    let api = world.with(&[
        ("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9"),
        ("OTP_RESEND_SECONDS", "0"),
        ("OTP_PER_HOUR", "1000"),
    ]);
    let known = world.a.patient.at(&api).with_token("");
    let unknown = Actor { email: world.a.address("nobody"), ..known.clone() };
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for n in 0..2 {
            let kind = (n + round) % 2;
            let actor = [&known, &unknown][kind].elsewhere();
            let start = Instant::now();
            let answer = actor.post("/otp-login", actor.key()).await;
            times[kind].push(start.elapsed());
            answer.is(202);
        }
    }
    let (shown, worst) = ratios(times);
    println!("asking for an OTP, known and unknown: {shown}");
    assert!(worst < 1.25, "known and unknown: {shown}");
}
