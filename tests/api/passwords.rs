//! Passwords: chosen with an OTP, and what that does to everything else.

use mongodb::bson::doc;
use serde_json::json;
use tests::{actor::Actor, answer::Answer, world::World};

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) async fn logs_in(actor: &Actor, password: &str) -> Answer {
    actor.post("/login", actor.key_and(&json!({ "password": password }))).await
}

/// Chooses a password by an OTP; logged in anew.
pub(crate) async fn chooses(actor: &Actor, password: &str) -> Actor {
    actor.post("/password/forgot", actor.key()).await.is(202);
    let otp = actor.api.mail().code(&actor.email).await;
    let wish = actor.key_and(&json!({ "otp": otp, "newPassword": password }));
    actor.becomes(&actor.post("/password/reset", wish).await.is(200))
}

/// A patient with [`PASSWORD`].
pub(crate) async fn with_password(world: &World) -> Actor {
    chooses(&world.a.patient, PASSWORD).await
}

#[tokio::test]
async fn a_new_password_logs_in_and_the_old_one_does_not() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    logs_in(&patient, PASSWORD).await.is(200);
    world.pass(60);
    chooses(&patient, "another fine password").await;
    logs_in(&patient, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    logs_in(&patient, "another fine password").await.is(200);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let world = World::new().await;
    let first = with_password(&world).await;
    let second = first.becomes(&logs_in(&first, PASSWORD).await.is(200));
    let third = first.becomes(&logs_in(&first, PASSWORD).await.is(200));
    assert!(first.is_in().await && second.is_in().await);
    world.pass(60);
    let fresh = chooses(&first, "another fine password").await;
    for ended in [&first, &second, &third] {
        assert!(!ended.is_in().await);
        let body = json!({ "refreshToken": ended.refresh });
        ended.post("/token/refresh", body).await.refused(401, "UNAUTHENTICATED");
    }
    assert!(fresh.is_in().await);
}

#[tokio::test]
async fn a_new_password_makes_a_pending_account_active() {
    let world = World::new().await;
    world.a.admin.post("/create/doctor", world.a.doctor_body("new")).await.is(201);
    let doctor = Actor { email: world.a.address("new"), ..world.a.doctor.clone() };
    let doctor = chooses(&doctor, PASSWORD).await;
    assert!(doctor.is_in().await);
    logs_in(&doctor, PASSWORD).await.is(200);
}

#[tokio::test]
async fn weak_passwords_are_refused() {
    let world = World::new().await;
    let patient = &world.a.patient;
    patient.post("/password/forgot", patient.key()).await.is(202);
    let otp = world.mail().code(&patient.email).await;
    for weak in ["", "short", "password123", "Password123", &"x".repeat(129), &"x".repeat(5000)] {
        let wish = patient.key_and(&json!({ "otp": otp, "newPassword": weak }));
        let fields = patient.post("/password/reset", wish).await.bad_fields();
        assert_eq!(fields.len(), 1, "{weak}: {fields:?}");
        assert_eq!(fields[0].0, "newPassword");
    }
    // The OTP was not used up by any of them.
    let wish = patient.key_and(&json!({ "otp": otp, "newPassword": PASSWORD }));
    patient.post("/password/reset", wish).await.is(200);
}

#[tokio::test]
async fn ones_own_name_or_address_is_no_password() {
    let world = World::new().await;
    let patient = &world.a.patient;
    for weak in ["asha rao", "Asha Rao", &*patient.email] {
        patient.post("/password/forgot", patient.key()).await.is(202);
        let otp = world.mail().code(&patient.email).await;
        let wish = patient.key_and(&json!({ "otp": otp, "newPassword": weak }));
        let fields = patient.post("/password/reset", wish).await.bad_fields();
        assert_eq!(fields, [("newPassword".to_owned(), "WEAK_PASSWORD".to_owned())]);
        world.pass(60);
    }
}

#[tokio::test]
async fn a_password_reset_is_mailed_to_nobody_unknown() {
    let world = World::new().await;
    let stranger = Actor { email: world.a.address("nobody"), ..world.a.patient.clone() };
    let known = world.a.patient.post("/password/forgot", world.a.patient.key()).await;
    let unknown = stranger.post("/password/forgot", stranger.key()).await;
    assert_eq!(known.face(), unknown.face());
    assert!(world.mail().to(&stranger.email).await.is_empty());
}

#[tokio::test]
async fn a_hash_with_older_parameters_is_made_anew_by_a_log_in() {
    /// `correct horse`, with 8 KiB and one pass.
    const OLD: &str = "$argon2id$v=19$m=8,t=1,p=1$VfWc3gEBTIll9LajC1Nn+Q$/nv4q7fgPeoaiacRqIxC4aIFwozchaoqVFquALmjEX0";
    let world = World::new().await;
    let patient = with_password(&world).await;
    let own = doc! { "_id": &patient.account };
    let old = doc! { "$set": { "passwordHash": OLD } };
    world.books().change("accounts", own.clone(), old).await;
    let kept = async || {
        let account = world.books().find("accounts", own.clone()).await.remove(0);
        account.get_str("passwordHash").unwrap().to_owned()
    };
    logs_in(&patient, "wrong horse").await.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kept().await, OLD);
    logs_in(&patient, "correct horse").await.is(200);
    let renewed = kept().await;
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
    logs_in(&patient, "correct horse").await.is(200);
    assert_eq!(kept().await, renewed, "once is enough");
    assert!(patient.is_in().await, "other sessions go on");
}

#[tokio::test]
async fn an_otp_whose_password_was_refused_is_good_for_another_try() {
    let world = World::new().await;
    let patient = &world.a.patient;
    patient.post("/password/forgot", patient.key()).await.is(202);
    let otp = world.mail().code(&patient.email).await;
    let wish = |password: &str| patient.key_and(&json!({ "otp": otp, "newPassword": password }));
    let refused = patient.post("/password/reset", wish("Asha Rao")).await.bad_fields();
    assert_eq!(refused, [("newPassword".to_owned(), "WEAK_PASSWORD".to_owned())]);
    patient.post("/password/reset", wish("a fine new password")).await.is(200);
    patient.post("/password/reset", wish("a fine new password")).await.refused(401, "INVALID_OTP");
}
