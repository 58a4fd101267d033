//! Refresh tokens: replaced at every use, and a used one gives a thief away.

use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{
    actor::{Actor, text},
    answer::Answer,
    world::World,
};

async fn refreshes(actor: &Actor) -> Answer {
    // Without the access token: it may have expired.
    actor.with_token("").post("/token/refresh", json!({ "refreshToken": actor.refresh })).await
}

fn token(answer: &Value) -> String {
    text(answer, "/refreshToken")
}

#[tokio::test]
async fn each_use_gives_the_next() {
    let world = World::new().await;
    let mut patient = world.a.patient.clone();
    let mut seen = BTreeSet::from([patient.refresh.clone()]);
    for _ in 0..3 {
        world.pass(900);
        assert!(!patient.is_in().await, "the access token has run out");
        patient = patient.becomes(&refreshes(&patient).await.is(200));
        assert!(patient.is_in().await);
        assert!(seen.insert(patient.refresh.clone()));
    }
}

#[tokio::test]
async fn a_lost_answer_is_given_again_for_ten_seconds() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let first = refreshes(patient).await.is(200);
    world.pass(9);
    let again = refreshes(patient).await.is(200);
    assert_eq!(token(&first), token(&again));
    for answer in [first, again] {
        assert!(patient.becomes(&answer).is_in().await);
    }
}

#[tokio::test]
async fn a_replay_ends_the_whole_family() {
    let world = World::new().await;
    let stolen = &world.a.patient;
    let owner = stolen.becomes(&refreshes(stolen).await.is(200));
    assert!(owner.is_in().await);
    world.pass(10);
    refreshes(stolen).await.refused(401, "UNAUTHENTICATED");
    assert!(!owner.is_in().await);
    assert!(!stolen.is_in().await);
    refreshes(&owner).await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_token_two_generations_old_ends_the_family_at_once() {
    let world = World::new().await;
    let oldest = &world.a.patient;
    let old = oldest.becomes(&refreshes(oldest).await.is(200));
    let latest = old.becomes(&refreshes(&old).await.is(200));
    refreshes(oldest).await.refused(401, "UNAUTHENTICATED");
    assert!(!latest.is_in().await);
}

#[tokio::test]
async fn a_replay_leaves_other_sessions_alone() {
    let world = World::new().await;
    let one = &world.a.patient;
    one.post("/otp-login", one.key()).await.is(202);
    let other = one.activated(&one.email, &one.code).await;
    refreshes(one).await.is(200);
    world.pass(10);
    refreshes(one).await.refused(401, "UNAUTHENTICATED");
    assert!(other.is_in().await);
    refreshes(&other).await.is(200);
}

#[tokio::test]
async fn twenty_at_once_get_the_same_next_one() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let answers = join_all((0..20).map(|_| refreshes(patient))).await;
    let tokens: BTreeSet<String> =
        answers.into_iter().map(|answer| token(&answer.is(200))).collect();
    assert_eq!(tokens.len(), 1);
    let next = Actor { refresh: tokens.into_iter().next().unwrap(), ..patient.clone() };
    let next = next.becomes(&refreshes(&next).await.is(200));
    assert!(next.is_in().await);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_without_use() {
    let world = World::new().await;
    let day = 24 * 3600;
    world.pass(29 * day);
    let patient = world.a.patient.becomes(&refreshes(&world.a.patient).await.is(200));
    world.pass(30 * day - 1);
    let patient = patient.becomes(&refreshes(&patient).await.is(200));
    world.pass(30 * day);
    refreshes(&patient).await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn what_we_did_not_seal_is_refused() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let (body, tag) = patient.refresh.split_once('.').unwrap();
    let (other, _) = world.b.patient.refresh.split_once('.').unwrap();
    let elsewhere = World::new().await;
    let mut flipped = patient.refresh.clone();
    let last = if flipped.ends_with('A') { "E" } else { "A" };
    flipped.replace_range(flipped.len() - 1.., last);
    for forged in [
        String::new(),
        ".".to_owned(),
        body.to_owned(),
        format!("{other}.{tag}"),
        format!("{body}."),
        flipped,
        elsewhere.a.patient.refresh.clone(),
        patient.access.chars().take(500).collect(),
    ] {
        let forger = Actor { refresh: forged.clone(), ..patient.clone() };
        refreshes(&forger).await.refused(401, "UNAUTHENTICATED");
    }
    assert!(patient.is_in().await, "a forgery ends nobody's session");
    let long = json!({ "refreshToken": "x".repeat(600) });
    let fields = patient.post("/token/refresh", long).await.bad_fields();
    assert_eq!(fields, [("refreshToken".to_owned(), "LENGTH".to_owned())]);
}
