//! Mails to people: written with what asks for them, sent at once or by their schedule, once.

use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::json;
use tests::{actor::text, world::World};

const SUBJECT: &str = "log-in code";

fn due() -> Job {
    Job::Mails { mails: Vec::new() }
}

#[tokio::test]
async fn a_mail_nobody_could_be_asked_to_send_is_sent_by_its_schedule() {
    let world = World::new().await;
    let away = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let admin = world.a.admin.at(&away);
    admin.post("/create/patient", world.a.patient_body("ravi", "MRN-7")).await.is(201);
    let address = world.a.address("ravi");
    assert!(world.mail().to(&address).await.is_empty());
    assert_eq!(world.run(due()).await, 0, "whoever wrote it has ten seconds to have it sent");
    world.pass(10);
    assert_eq!(world.run(due()).await, 1);
    let ravi = world.visitor().activated(&address, &world.a.code).await;
    assert!(ravi.is_in().await);
    assert_eq!(world.books().count("notifications").await, 0);
}

#[tokio::test]
async fn of_many_who_send_at_once_one_sends() {
    let world = World::new().await;
    let away = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let patient = world.a.patient.at(&away);
    patient.post("/otp-login", patient.key()).await.is(202);
    world.pass(10);
    let before = world.mail().count(&patient.email, SUBJECT).await;
    let sent: usize = join_all((0..8).map(|_| world.run(due()))).await.into_iter().sum();
    assert_eq!(sent, 1);
    assert_eq!(world.mail().count(&patient.email, SUBJECT).await, before + 1);
}

#[tokio::test]
async fn a_sender_that_was_killed_is_followed_by_another_after_a_minute() {
    let world = World::new().await;
    let away = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let patient = world.a.patient.at(&away);
    patient.post("/otp-login", patient.key()).await.is(202);
    world.pass(10);
    // What a sender that got no further than taking it leaves behind.
    let taken = world.clock().now().plus_seconds(60).millis();
    let lease = doc! { "$set": { "dueAt": taken, "attempts": 1 } };
    world.books().change("notifications", doc! {}, lease).await;
    assert_eq!(world.run(due()).await, 0);
    world.pass(60);
    assert_eq!(world.run(due()).await, 1);
    let otp = world.mail().code(&patient.email).await;
    patient.post("/otp-login/verify", patient.key_and(&json!({ "otp": otp }))).await.is(200);
}

#[tokio::test]
async fn a_code_that_has_run_out_is_not_mailed() {
    let world = World::new().await;
    let away = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let patient = world.a.patient.at(&away);
    let before = world.mail().count(&patient.email, SUBJECT).await;
    patient.post("/otp-login", patient.key()).await.is(202);
    world.pass(600);
    assert_eq!(world.run(due()).await, 0);
    assert_eq!(world.mail().count(&patient.email, SUBJECT).await, before);
    assert_eq!(world.books().count("notifications").await, 0);
}

#[tokio::test]
async fn what_waits_holds_neither_address_nor_code() {
    let world = World::new().await;
    let away = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let patient = world.a.patient.at(&away);
    patient.post("/otp-login", patient.key()).await.is(202);
    let stranger = json!({ "email": world.a.address("nobody"), "hospital": world.a.code });
    patient.post("/otp-login", stranger).await.is(202);
    let waiting = world.books().find("notifications", doc! {}).await;
    assert_eq!(waiting.len(), 2, "a stranger's costs the same");
    let shape = |n: usize| waiting[n].keys().cloned().collect::<Vec<_>>();
    assert_eq!(shape(0), shape(1));
    world.pass(10);
    assert_eq!(world.run(due()).await, 1);
    let code = world.mail().code(&patient.email).await;
    for document in &waiting {
        let text = document.to_string();
        assert!(!text.contains(&code) && !text.contains('@'), "{text}");
    }
}

#[tokio::test]
async fn who_was_told_that_it_is_off_is_not_told_after_that_it_stands() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let patient = &world.a.patient;
    let paid = patient.books_and_pays(&slot).await;
    // What a mail that could not go leaves behind.
    let later = world.clock().now().plus_seconds(3600).millis();
    let put_off = doc! { "$set": { "effects.0.dueAt": later } };
    world.books().change("appointments", doc! {}, put_off).await;
    patient.cancels(&paid).await.is(200);
    for cancelled in [1, 1] {
        world.run(Job::Effects).await;
        assert_eq!(world.mail().count(&patient.email, "was cancelled").await, cancelled);
        assert_eq!(world.mail().count(&patient.email, "is confirmed").await, 0);
        world.pass(3600);
    }
    let left = world.books().appointment(&text(&paid, "/id")).await;
    assert_eq!(left.get_array("effects").unwrap().len(), 0, "{left}");
}
