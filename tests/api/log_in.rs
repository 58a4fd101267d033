//! Logging in with a password, and all the ways in which that fails alike.

use crate::passwords::{PASSWORD, chooses, logs_in, with_password};
use serde_json::json;
use tests::{
    actor::{Actor, text},
    world::World,
};

#[tokio::test]
async fn a_log_in_says_who_one_is() {
    let world = World::new().await;
    let patient = with_password(&world).await;
    let answer = logs_in(&patient, PASSWORD).await.is(200);
    assert_eq!(text(&answer, "/tokenType"), "Bearer");
    assert_eq!(answer["expiresIn"], 900);
    assert_eq!(text(&answer, "/user/role"), "patient");
    assert_eq!(text(&answer, "/user/name"), "Asha Rao");
    assert_eq!(text(&answer, "/user/email"), patient.email);
    assert_eq!(text(&answer, "/user/hospitalId"), world.a.id);
    let me = patient.becomes(&answer).get("/me").await.is(200);
    assert_eq!(me, answer["user"]);
    let admin = world.admin.get("/me").await.is(200);
    assert_eq!((text(&admin, "/role"), &admin["hospitalId"]), ("admin".to_owned(), &json!(null)));
}

#[tokio::test]
async fn nobody_learns_why_a_log_in_fails() {
    let world = World::new().await;
    let admin = &world.a.admin;
    let patient = with_password(&world).await;
    let wrong = logs_in(&patient, "a wrong password").await;
    let expected = wrong.face();
    wrong.refused(401, "INVALID_CREDENTIALS");

    let of = |local: &str| Actor { email: world.a.address(local), ..world.visitor() };
    let mut pending = world.a.doctor_body("pending");
    pending["password"] = json!(PASSWORD);
    admin.post("/create/doctor", pending).await.is(201);

    let locked = chooses(&world.a.new_patient("locked").await, PASSWORD).await;
    for _ in 0..5 {
        logs_in(&locked, "a wrong password").await.refused(401, "INVALID_CREDENTIALS");
    }
    let blocked = chooses(&world.a.new_patient("blocked").await, PASSWORD).await;
    admin.act(format!("/users/{}/block", blocked.account)).await.is(200);
    let left = chooses(&world.a.new_patient("left").await, PASSWORD).await;
    admin.delete(format!("/users/{}", left.account)).await.is(204);

    for (why, who) in [
        ("unknown", of("nobody")),
        ("pending", of("pending")),
        ("without a password", world.a.doctor.clone()),
        ("locked", locked),
        ("blocked", blocked),
        ("gone", left),
        ("of the other hospital", Actor { code: world.b.code.clone(), ..patient.clone() }),
        ("of no hospital", Actor { code: "no-such-hospital".to_owned(), ..patient.clone() }),
    ] {
        let who = Actor {
            code: if who.code.is_empty() { world.a.code.clone() } else { who.code.clone() },
            ..who
        };
        assert_eq!(logs_in(&who, PASSWORD).await.face(), expected, "{why}");
    }
}

#[tokio::test]
async fn the_same_address_in_two_hospitals_is_two_accounts() {
    let world = World::new().await;
    let in_a = with_password(&world).await;
    let mut body = world.b.patient_body("x", "MRN-7");
    body["email"] = json!(in_a.email);
    world.b.admin.post("/create/patient", body).await.is(201);
    let in_b = Actor { code: world.b.code.clone(), ..world.visitor() };
    let in_b = in_b.activated(&in_a.email, &world.b.code).await;
    world.pass(60);
    let in_b = chooses(&in_b, "the other password").await;

    let hospital = |answer| text(&answer, "/user/hospitalId");
    assert_eq!(hospital(logs_in(&in_a, PASSWORD).await.is(200)), world.a.id);
    assert_eq!(hospital(logs_in(&in_b, "the other password").await.is(200)), world.b.id);
    logs_in(&in_a, "the other password").await.refused(401, "INVALID_CREDENTIALS");
    logs_in(&in_b, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_password_is_taken_in_any_spelling_of_unicode() {
    let world = World::new().await;
    let patient = chooses(&world.a.patient, "Ren\u{e9} s password").await;
    logs_in(&patient, "Rene\u{301} s password").await.is(200);
}
