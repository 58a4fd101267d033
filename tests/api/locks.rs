//! The lock after wrong passwords.

use crate::passwords::{PASSWORD, chooses, logs_in, with_password};
use futures_util::future::join_all;
use scheduled::Job;
use serde_json::json;
use tests::{actor::Actor, world::World};

/// From another address each time, so that the limit of one client plays no part.
async fn guesses_wrong(actor: &Actor, times: usize) {
    for _ in 0..times {
        let answer = logs_in(&actor.elsewhere(), "a wrong password").await;
        answer.refused(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn five_wrong_passwords_lock_for_a_minute() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    guesses_wrong(&patient, 5).await;
    logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    world.pass(59);
    logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    world.pass(1);
    logs_in(&patient, PASSWORD).await.is(200);
}

#[tokio::test]
async fn the_fifth_may_be_the_right_one() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    for _ in 0..3 {
        guesses_wrong(&patient, 4).await;
        logs_in(&patient, PASSWORD).await.is(200);
    }
}

#[tokio::test]
async fn fifty_wrong_passwords_at_once_are_one_lock() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    let clients: Vec<Actor> = (0..50).map(|_| patient.elsewhere()).collect();
    for answer in join_all(clients.iter().map(|client| logs_in(client, "a wrong password"))).await {
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    // Had more than five been counted, the lock would be longer.
    world.pass(60);
    logs_in(&patient, PASSWORD).await.is(200);
}

#[tokio::test]
async fn of_fifty_at_once_no_more_than_five_are_compared() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    let clients: Vec<Actor> = (0..50).map(|_| patient.elsewhere()).collect();
    // Every one of them is right: whatever is compared gets in, and a success starts the count
    // anew, so only a count after the comparison would let all in with wrong ones between.
    guesses_wrong(&patient, 5).await;
    for answer in join_all(clients.iter().map(|client| logs_in(client, PASSWORD))).await {
        answer.refused(401, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn locks_grow_and_a_success_forgets_them() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    for seconds in [60, 120, 240] {
        guesses_wrong(&patient, 5).await;
        world.pass(seconds - 1);
        logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
        world.pass(1);
    }
    logs_in(&patient, PASSWORD).await.is(200);
    guesses_wrong(&patient, 5).await;
    world.pass(60);
    logs_in(&patient, PASSWORD).await.is(200);
}

#[tokio::test]
async fn an_otp_gets_in_while_locked_and_lifts_the_lock() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    guesses_wrong(&patient, 5).await;
    logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    patient.post("/otp-login", patient.key()).await.is(202);
    let otp = world.mail().code(&patient.email).await;
    patient.post("/otp-login/verify", patient.key_and(&json!({ "otp": otp }))).await.is(200);
    logs_in(&patient, PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_new_password_lifts_the_lock() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    guesses_wrong(&patient, 5).await;
    world.pass(60);
    guesses_wrong(&patient, 5).await;
    world.pass(60);
    logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    chooses(&patient, "another fine password").await;
    logs_in(&patient, "another fine password").await.is(200);
}

#[tokio::test]
async fn a_lock_in_one_hospital_is_none_in_another() {
    let world = World::new().await;
    let in_a = with_password(&world).await;
    let mut body = world.b.patient_body("x", "MRN-7");
    body["email"] = json!(in_a.email);
    world.b.admin.post("/create/patient", body).await.is(201);
    let in_b = Actor { code: world.b.code.clone(), ..world.visitor() };
    let in_b = in_b.activated(&in_a.email, &world.b.code).await;
    world.pass(60);
    let in_b = chooses(&in_b, "the other password").await;
    guesses_wrong(&in_a, 5).await;
    logs_in(&in_a, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    logs_in(&in_b, "the other password").await.is(200);
}

#[tokio::test]
async fn the_owner_is_told_once_and_how_to_get_in() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    let told = async || world.mail().count(&patient.email, "locked").await;
    guesses_wrong(&patient, 4).await;
    world.pass(5);
    world.run(Job::Mails { mails: Vec::new() }).await;
    assert_eq!(told().await, 0);
    guesses_wrong(&patient, 3).await;
    world.pass(5);
    world.run(Job::Mails { mails: Vec::new() }).await;
    world.pass(10);
    for _ in 0..2 {
        world.run(Job::Mails { mails: Vec::new() }).await;
    }
    assert_eq!(told().await, 1);
    let mail = world.mail().to(&patient.email).await.pop().unwrap();
    for words in ["Locked until: Monday, 2 December 2030, 09:01 (IST)", "code", "new password"] {
        assert!(mail.text.contains(words), "{words} in {}", mail.text);
    }
}

#[tokio::test]
async fn the_owner_is_told_though_somebody_guesses_on() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    guesses_wrong(&patient, 5).await;
    world.pass(60);
    guesses_wrong(&patient, 1).await;
    world.run(Job::Mails { mails: Vec::new() }).await;
    world.pass(10);
    world.run(Job::Mails { mails: Vec::new() }).await;
    assert_eq!(world.mail().count(&patient.email, "locked").await, 1);
    let mail = world.mail().to(&patient.email).await.pop().unwrap();
    assert!(mail.text.contains("09:01 (IST)"), "{}", mail.text);
}

#[tokio::test]
async fn a_right_password_after_four_wrong_ones_is_no_lock_to_tell_of() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    guesses_wrong(&patient, 4).await;
    logs_in(&patient, PASSWORD).await.is(200);
    world.pass(60);
    world.run(Job::Mails { mails: Vec::new() }).await;
    assert_eq!(world.mail().count(&patient.email, "locked").await, 0);
}
