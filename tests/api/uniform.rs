//! What a stranger can tell: neither words nor time say whether an address is known, or why it
//! does not log in (ASVS 6.3.8).

#![expect(
    clippy::print_stdout,
    reason = "the distributions are worth seeing where a run shows output"
)]

use crate::passwords::{PASSWORD, with_password};
use mongodb::bson::doc;
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

/// The leasts and the quartiles as ratios to the smallest of each, and the largest ratio of
/// whichever lie closer together.
fn ratios<const N: usize>(times: &[Vec<Duration>; N]) -> (String, f64) {
    let all = times.clone().map(distribution);
    let of = |pick: fn((f64, f64)) -> f64| {
        let picked = all.map(pick);
        let smallest = picked.iter().copied().fold(f64::MAX, f64::min);
        picked.map(|time| time / smallest)
    };
    let (leasts, quartiles) = (of(|both| both.0), of(|both| both.1));
    let largest = |ratios: &[f64]| ratios.iter().copied().fold(0.0, f64::max);
    let shown = format!("least {leasts:.2?}, lower quartile {quartiles:.2?}");
    (shown, largest(&leasts).min(largest(&quartiles)))
}

/// Times each kind in turn, each round from another one, so that nobody is always first. Beside
/// other tests it takes more rounds until the times are the work's own; where the work differs,
/// no number of rounds is enough.
async fn same<const N: usize>(names: &str, mut time: impl AsyncFnMut(usize) -> Duration) {
    const FEWEST: usize = 12;
    const MOST: usize = 80;
    let mut times = [const { Vec::new() }; N];
    for round in 1..=MOST {
        for n in 0..N {
            let kind = (n + round) % N;
            times[kind].push(time(kind).await);
        }
        let (shown, worst) = ratios(&times);
        // Without the comparison of a password an attempt takes a third.
        if round >= FEWEST && worst < 1.25 {
            println!("{names}: {shown} in {round} rounds");
            return;
        }
        assert!(round < MOST, "{names}: {shown}");
    }
}

#[tokio::test]
async fn unknown_wrong_pending_locked_and_blocked_take_the_same_time() {
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
    let time = async |kind: usize| {
        // An hour passes, after which nobody is locked; the wrong one stays so.
        world.pass(3600);
        if kind == 4 {
            for _ in 0..5 {
                attempt(&locked).await;
            }
        }
        attempt(kinds[kind]).await
    };
    same::<5>("unknown, wrong, pending, blocked, locked", time).await;
}

#[tokio::test]
async fn asking_for_an_otp_takes_the_same_time() {
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
    let time = async |kind: usize| {
        let actor = [&known, &unknown][kind].elsewhere();
        let start = Instant::now();
        let answer = actor.post("/otp-login", actor.key()).await;
        let took = start.elapsed();
        answer.is(202);
        took
    };
    same::<2>("asking for an OTP, known and unknown", time).await;
}

#[tokio::test]
async fn an_attempt_that_is_nobodys_is_counted_all_the_same() {
    let world = World::new().await;
    let unknown = Actor { email: world.a.address("nobody"), ..world.a.patient.clone() };
    let counted = async || -> i64 {
        let nobodies = world.books().find("accounts", doc! { "nobody": true }).await;
        let attempts = nobodies.iter().filter_map(|one| one.get_document("guard").ok());
        attempts.filter_map(|guard| guard.get_i64("attempts").ok()).sum()
    };
    attempt(&unknown).await;
    attempt(&unknown).await;
    assert_eq!(counted().await, 2);
    // An account that has no password yet is not compared with, and costs the same.
    world.a.admin.post("/create/patient", world.a.patient_body("ravi", "MRN-7")).await.is(201);
    attempt(&Actor { email: world.a.address("ravi"), ..world.a.patient.clone() }).await;
    assert_eq!(counted().await, 3);
    for _ in 0..4 {
        attempt(&unknown).await;
    }
    let told = doc! { "nobody": true, "guard.tellAt": { "$exists": true } };
    assert_eq!(world.books().find("accounts", told).await.len(), 0, "nobody is to be told");
}
