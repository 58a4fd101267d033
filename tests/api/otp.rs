//! One-time passwords by mail.

use futures_util::future::join_all;
use serde_json::json;
use tests::{actor::Actor, answer::Answer, world::World};

const SUBJECT: &str = "log-in code";

async fn asks(actor: &Actor) -> Answer {
    actor.post("/otp-login", actor.key()).await
}

async fn verifies(actor: &Actor, otp: &str) -> Answer {
    actor.post("/otp-login/verify", actor.key_and(&json!({ "otp": otp }))).await
}

/// Six digits that are not these.
fn other_than(otp: &str) -> String {
    let number: u32 = otp.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

/// Somebody who has just been mailed an OTP, and the OTP.
async fn with_otp(world: &World) -> (Actor, String) {
    let patient = world.a.patient.clone();
    let sent = asks(&patient).await.is(202);
    assert_eq!(sent, json!({ "expiresIn": 600, "resendAfter": 60 }));
    let otp = world.mail().code(&patient.email).await;
    (patient, otp)
}

#[tokio::test]
async fn an_otp_logs_in_once() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    let logged_in = verifies(&patient, &otp).await.is(200);
    assert!(patient.becomes(&logged_in).is_in().await);
    verifies(&patient, &otp).await.refused(401, "INVALID_OTP");
}

#[tokio::test]
async fn after_five_wrong_guesses_the_right_one_is_refused() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    for _ in 0..5 {
        verifies(&patient, &other_than(&otp)).await.refused(401, "INVALID_OTP");
    }
    verifies(&patient, &otp).await.refused(401, "INVALID_OTP");
}

#[tokio::test]
async fn after_four_wrong_guesses_the_right_one_gets_in() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    for _ in 0..4 {
        verifies(&patient, &other_than(&otp)).await.refused(401, "INVALID_OTP");
    }
    verifies(&patient, &otp).await.is(200);
}

#[tokio::test]
async fn of_eight_right_guesses_at_once_one_gets_in() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    let answers = join_all((0..8).map(|_| verifies(&patient, &otp))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.refused(401, "INVALID_OTP");
    }
}

#[tokio::test]
async fn fifty_wrong_guesses_at_once_from_everywhere_use_the_otp_up() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    let clients: Vec<Actor> = (0..50).map(|_| patient.elsewhere()).collect();
    let wrong = other_than(&otp);
    for answer in join_all(clients.iter().map(|client| verifies(client, &wrong))).await {
        answer.refused(401, "INVALID_OTP");
    }
    verifies(&patient, &otp).await.refused(401, "INVALID_OTP");
    // Asking anew helps the owner.
    world.pass(60);
    asks(&patient).await.is(202);
    let otp = world.mail().code(&patient.email).await;
    verifies(&patient, &otp).await.is(200);
}

#[tokio::test]
async fn an_otp_is_good_for_ten_minutes() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    world.pass(599);
    verifies(&patient, &otp).await.is(200);
    asks(&patient).await.is(202);
    let otp = world.mail().code(&patient.email).await;
    world.pass(600);
    verifies(&patient, &otp).await.refused(401, "INVALID_OTP");
}

#[tokio::test]
async fn a_new_otp_voids_the_old_one() {
    let world = World::new().await;
    let (patient, old) = with_otp(&world).await;
    world.pass(60);
    asks(&patient).await.is(202);
    let new = world.mail().code(&patient.email).await;
    verifies(&patient, &old).await.refused(401, "INVALID_OTP");
    verifies(&patient, &new).await.is(200);
}

#[tokio::test]
async fn within_a_minute_nothing_more_is_mailed_and_the_otp_stays_good() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    let before = world.mail().count(&patient.email, SUBJECT).await;
    world.pass(59);
    let first = asks(&patient).await;
    assert_eq!(first.body, json!({ "expiresIn": 600, "resendAfter": 60 }));
    assert_eq!(first.status, 202);
    assert_eq!(world.mail().count(&patient.email, SUBJECT).await, before);
    verifies(&patient, &otp).await.is(200);
}

#[tokio::test]
async fn an_address_gets_five_an_hour() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let before = world.mail().count(&patient.email, SUBJECT).await;
    for _ in 0..7 {
        asks(patient).await.is(202);
        world.pass(60);
    }
    assert_eq!(world.mail().count(&patient.email, SUBJECT).await, before + 5);
    world.pass(3600 - 7 * 60);
    asks(patient).await.is(202);
    assert_eq!(world.mail().count(&patient.email, SUBJECT).await, before + 6);
}

#[tokio::test]
async fn many_wishes_at_once_mail_one_otp() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let before = world.mail().count(&patient.email, SUBJECT).await;
    for answer in join_all((0..20).map(|_| asks(patient))).await {
        answer.is(202);
    }
    assert_eq!(world.mail().count(&patient.email, SUBJECT).await, before + 1);
}

#[tokio::test]
async fn an_unknown_address_looks_like_a_known_one() {
    let world = World::new().await;
    let known = world.a.patient.clone();
    let stranger = Actor { email: world.a.address("nobody"), ..known.clone() };
    let (to_known, to_stranger) = (asks(&known).await, asks(&stranger).await);
    assert_eq!(to_known.face(), to_stranger.face());
    assert!(world.mail().to(&stranger.email).await.is_empty());
    let otp = world.mail().code(&known.email).await;
    let wrong = other_than(&otp);
    let (known, stranger) = (verifies(&known, &wrong).await, verifies(&stranger, &wrong).await);
    assert_eq!(known.face(), stranger.face());
}

#[tokio::test]
async fn an_otp_serves_one_purpose() {
    let world = World::new().await;
    let (patient, log_in) = with_otp(&world).await;
    patient.post("/password/forgot", patient.key()).await.is(202);
    let reset = world.mail().code(&patient.email).await;
    let wish = patient.key_and(&json!({ "otp": log_in, "newPassword": "a fine new password" }));
    patient.post("/password/reset", wish).await.refused(401, "INVALID_OTP");
    verifies(&patient, &reset).await.refused(401, "INVALID_OTP");
    verifies(&patient, &log_in).await.is(200);
}

#[tokio::test]
async fn an_otp_of_one_hospital_is_worth_nothing_in_another() {
    let world = World::new().await;
    let (patient, _) = with_otp(&world).await;
    // The same person, with the same address, is a patient of the other hospital too.
    let mut body = world.b.patient_body("x", "MRN-7");
    body["email"] = json!(patient.email);
    world.b.admin.post("/create/patient", body).await.is(201);
    let in_b = Actor { code: world.b.code.clone(), ..patient.clone() };
    let otp_b = world.mail().code(&patient.email).await;
    verifies(&patient, &otp_b).await.refused(401, "INVALID_OTP");
    verifies(&in_b, &otp_b).await.is(200);
    verifies(&in_b, &otp_b).await.refused(401, "INVALID_OTP");
}

#[tokio::test]
async fn where_the_address_is_of_one_hospital_it_need_not_be_named() {
    let world = World::new().await;
    let (patient, otp) = with_otp(&world).await;
    let body = json!({ "email": patient.email.to_uppercase(), "otp": format!(" {otp} ") });
    let logged_in = patient.post("/otp-login/verify", body).await.is(200);
    assert_eq!(logged_in["user"]["hospitalId"], json!(world.a.id));
}

#[tokio::test]
async fn one_client_has_thirty_tries_a_minute() {
    let world = World::new().await;
    world.set("2030-12-02T09:00:00+05:30");
    let flood = world.visitor();
    let body = |n: usize| json!({ "email": world.a.address(&format!("x{n}")), "otp": "123456" });
    for n in 0..30 {
        flood.post("/otp-login/verify", body(n)).await.refused(401, "INVALID_OTP");
    }
    for path in ["/otp-login/verify", "/otp-login", "/password/forgot", "/login"] {
        let mut body = body(31);
        if path != "/otp-login/verify" {
            body.as_object_mut().unwrap().remove("otp");
        }
        if path == "/login" {
            body["password"] = json!("whatever it is");
        }
        flood.post(path, body).await.refused(429, "TOO_MANY_REQUESTS");
    }
    world.visitor().post("/otp-login/verify", body(31)).await.refused(401, "INVALID_OTP");
    // The window slides: a minute later the first ones still count in part.
    world.pass(62);
    flood.post("/otp-login/verify", body(32)).await.refused(401, "INVALID_OTP");
}
