//! `Idempotency-Key`: a request sent again is the same request.

use futures_util::future::join_all;
use mongodb::bson::doc;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, text},
    answer::Answer,
    call::Call,
    world::World,
};

async fn enters(who: &Actor, key: &str, body: &Value) -> Answer {
    who.post_once(key, "/create/patient", body).await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_happens_once() {
    let world = World::new().await;
    let body = world.a.patient_body("new", "MRN-1");
    let first = enters(&world.a.admin, "key-1", &body).await;
    assert!(!replayed(&first));
    assert_eq!(first.status, 201);
    world.pass(3600 - 900);
    let admin = world.a.admin.refreshed().await;
    let before = world.books().everything().await;
    let mails = world.mail().to(&world.a.address("new")).await.len();
    for _ in 0..3 {
        let again = enters(&admin, "key-1", &body).await;
        assert!(replayed(&again));
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(world.books().everything().await, before);
    assert_eq!(world.mail().to(&world.a.address("new")).await.len(), mails);
}

#[tokio::test]
async fn the_same_key_for_another_body_is_refused() {
    let world = World::new().await;
    enters(&world.a.admin, "key-1", &world.a.patient_body("one", "MRN-1")).await.is(201);
    let other = world.a.patient_body("two", "MRN-2");
    enters(&world.a.admin, "key-1", &other).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(world.books().count("patients").await, 3);
    enters(&world.a.admin, "key-2", &other).await.is(201);
}

#[tokio::test]
async fn a_key_is_its_callers_and_its_routes_own() {
    let world = World::new().await;
    let key = "6f1c0d3e-key";
    enters(&world.a.admin, key, &world.a.patient_body("one", "MRN-1")).await.is(201);
    let in_b = enters(&world.b.admin, key, &world.b.patient_body("one", "MRN-1")).await;
    assert!(!replayed(&in_b));
    in_b.is(201);
    let doctor = world.a.admin.post_once(key, "/create/doctor", &world.a.doctor_body("two")).await;
    assert!(!replayed(&doctor));
    doctor.is(201);
}

#[tokio::test]
async fn the_same_key_for_somebody_else_is_refused() {
    let world = World::new().await;
    let people = world.a.new_patients(2).await;
    let block = async |who: &Actor| {
        let path = format!("/users/{}/block", who.account);
        world.a.admin.post_once("key-1", &path, &json!({})).await
    };
    block(&people[0]).await.is(200);
    assert!(replayed(&block(&people[0]).await));
    block(&people[1]).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    people[1].get("/me").await.is(200);
}

#[tokio::test]
async fn twenty_at_once_have_one_effect() {
    let world = World::new().await;
    let body = world.a.patient_body("new", "MRN-1");
    let answers = join_all((0..20).map(|_| enters(&world.a.admin, "key-1", &body))).await;
    let mut texts = Vec::new();
    for answer in answers {
        if answer.status == 201 {
            texts.push(answer.text.clone());
        } else {
            answer.refused(409, "IDEMPOTENCY_IN_PROGRESS");
        }
    }
    assert!(!texts.is_empty());
    texts.dedup();
    assert_eq!(texts.len(), 1);
    let found = world.books().find("patients", doc! { "identifier": "MRN-1" }).await;
    assert_eq!(found.len(), 1);
    let again = enters(&world.a.admin, "key-1", &body).await;
    assert!(replayed(&again));
    assert_eq!(again.text, texts[0]);
}

#[tokio::test]
async fn a_refusal_by_the_state_of_things_is_remembered_too() {
    let world = World::new().await;
    let body = world.a.patient_body("new", "MRN-00042");
    enters(&world.a.admin, "key-1", &body).await.refused(409, "DUPLICATE_IDENTIFIER");
    let again = enters(&world.a.admin, "key-1", &body).await;
    assert!(replayed(&again));
    assert_eq!(again.code(), "DUPLICATE_IDENTIFIER");
}

#[tokio::test]
async fn booking_and_paying_are_done_once() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    let body = json!({ "slotId": slots[0]["id"] });
    let first = patient.post_once("book", "/slots/book", &body).await;
    let again = patient.post_once("book", "/slots/book", &body).await;
    assert!(replayed(&again));
    assert_eq!(first.text, again.text);
    let body = json!({ "appointmentId": first.body["appointment"]["id"] });
    let ordered = patient.post_once("order", "/payment/create-order", &body).await;
    let again = patient.post_once("order", "/payment/create-order", &body).await;
    assert_eq!((ordered.status, again.status), (201, 201), "the first answer, not another");
    assert_eq!(ordered.text, again.text);
    let callback = world.razorpay().checkout(&text(&ordered.body, "/orderId"), "captured").await;
    let verified = patient.post_once("verify", "/payment/verify", &callback).await;
    assert_eq!(verified.status, 200);
    assert!(replayed(&patient.post_once("verify", "/payment/verify", &callback).await));
    world.check().await;
}

#[tokio::test]
async fn a_key_has_1_to_255_visible_characters() {
    let world = World::new().await;
    let body = world.a.patient_body("new", "MRN-1");
    for bad in [
        String::new(),
        "x".repeat(256),
        "two words".to_owned(),
        "tab\tbed".to_owned(),
        "\u{e9}".to_owned(),
    ] {
        enters(&world.a.admin, &bad, &body).await.refused(400, "INVALID_IDEMPOTENCY_KEY");
    }
    assert_eq!(world.books().count("patients").await, 2);
    enters(&world.a.admin, &"x".repeat(255), &body).await.is(201);
}

#[tokio::test]
async fn a_key_lets_nobody_in_and_shows_nothing_to_others() {
    let world = World::new().await;
    let body = world.a.patient_body("new", "MRN-1");
    enters(&world.a.admin, "key-1", &body).await.is(201);
    enters(&world.visitor(), "key-1", &body).await.refused(401, "UNAUTHENTICATED");
    enters(&world.a.doctor, "key-1", &body).await.refused(403, "FORBIDDEN");
    world.a.admin.act("/logout").await.is(204);
    enters(&world.a.admin, "key-1", &body).await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn logging_in_takes_no_key_whatever_a_page_sends_and_tokens_are_kept_nowhere() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let refreshes = async |token: &str| {
        let body = json!({ "refreshToken": token });
        patient.post_once("key-1", "/token/refresh", &body).await.is(200)
    };
    let first = text(&refreshes(&patient.refresh).await, "/refreshToken");
    // The access token that comes with it is over by now.
    world.pass(3600);
    let second = text(&refreshes(&first).await, "/refreshToken");
    assert_ne!(first, second);
    assert_eq!(world.books().count("idempotency").await, 0);
    // Elsewhere nobody's key counts, and somebody is asked for.
    enters(patient, "key-1", &world.a.patient_body("new", "MRN-1"))
        .await
        .refused(401, "UNAUTHENTICATED");
    assert_eq!(world.books().count("idempotency").await, 0);
}

#[tokio::test]
async fn a_first_run_that_was_killed_is_taken_over() {
    let world = World::new().await;
    let body = world.a.patient_body("new", "MRN-1");
    // A run that fails for a passing reason leaves the key free at once.
    let away = world.with(&[("RAZORPAY_API_URL", "http://127.0.0.1:9")]);
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = json!({ "appointmentId": appointment["id"] });
    let failed =
        world.a.patient.at(&away).post_once("order", "/payment/create-order", &order).await;
    failed.refused(503, "DEPENDENCY_UNAVAILABLE");
    world.a.patient.post_once("order", "/payment/create-order", &order).await.is(201);
    // One that was killed outright leaves a mark without an answer; its time runs out.
    enters(&world.a.admin, "key-1", &body).await.is(201);
    world.books().forget_answers().await;
    world.a.admin.delete(format!("/users/{}", account_of(&world, "MRN-1").await)).await.is(204);
    enters(&world.a.admin, "key-1", &body).await.refused(409, "IDEMPOTENCY_IN_PROGRESS");
    world.pass(30);
    let taken_over = enters(&world.a.admin, "key-1", &body).await;
    assert!(!replayed(&taken_over));
    taken_over.is(201);
    assert!(replayed(&enters(&world.a.admin, "key-1", &body).await));
}

#[tokio::test]
async fn what_a_killed_run_has_made_is_what_the_next_answers_with() {
    let world = World::new().await;
    let (patient, doctor) = (world.a.patient_body("new", "MRN-1"), world.a.doctor_body("vikram"));
    let hospital = json!({
        "name": "Hilltop", "code": format!("{}-c", world.name()),
        "admin": { "name": "Omar Aziz", "email": "omar@hilltop.example", "mobile": "9810000005" },
    });
    let made = [
        (&world.a.admin, "/create/patient", patient, "/id", "DUPLICATE_IDENTIFIER"),
        (&world.a.admin, "/create/doctor", doctor, "/id", "DUPLICATE_EMAIL"),
        (&world.admin, "/hospitals", hospital, "/hospital/id", "DUPLICATE_CODE"),
    ];
    let mut ids = Vec::new();
    for (who, path, body, id, _) in &made {
        ids.push(text(&who.post_once("key-1", path, body).await.is(201), id));
    }
    let before = world.books().find("patients", doc! {}).await.len();
    // It was entered, and the function died before it could say so.
    world.books().forget_answers().await;
    world.pass(30);
    for ((who, path, body, id, refusal), was) in made.iter().zip(&ids) {
        let again = who.post_once("key-1", path, body).await;
        assert!(!replayed(&again));
        assert_eq!(text(&again.is(201), id), *was);
        who.post_once("key-2", path, body).await.refused(409, refusal);
        who.post(*path, body.clone()).await.refused(409, refusal);
    }
    assert_eq!(world.books().find("patients", doc! {}).await.len(), before);
}

async fn account_of(world: &World, identifier: &str) -> String {
    let found = world.books().find("patients", doc! { "identifier": identifier }).await;
    found[0].get_str("accountId").unwrap().to_owned()
}

#[tokio::test]
async fn reads_and_visitors_pay_no_heed_to_it() {
    let world = World::new().await;
    let call = || Call::get("/me").header("idempotency-key", "key-1");
    for _ in 0..2 {
        assert!(!replayed(&world.a.patient.send(call()).await));
    }
    assert_eq!(world.books().count("idempotency").await, 0);
}
