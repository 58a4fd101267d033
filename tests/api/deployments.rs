//! A deployment runs the migration and waits for its answer.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, http::HeaderMap, routing::put};
use mongodb::bson::doc;
use serde_json::{Value, json};
use shared::store::MIGRATIONS;
use tests::{api::Api, world::World};

/// Answers as they came to the deployment: the content type, and the body.
type Answers = Arc<Mutex<Vec<(bool, Value)>>>;

async fn take(State(answers): State<Answers>, headers: HeaderMap, body: String) {
    let answer = (headers.contains_key("content-type"), serde_json::from_str(&body).unwrap());
    answers.lock().unwrap().push(answer);
}

/// A deployment that waits: its address, and what it is told.
async fn deployment() -> (String, Answers) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/answer?signature=x", listener.local_addr().unwrap());
    let answers = Answers::default();
    let router = Router::new().route("/answer", put(take)).with_state(answers.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, answers)
}

fn request(kind: &str, url: &str) -> Value {
    let file = format!("{}/../events/migrate/custom-resource.json", env!("CARGO_MANIFEST_DIR"));
    let mut request: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    request["RequestType"] = json!(kind);
    request["ResponseURL"] = json!(url);
    request
}

async fn told(api: &Api, kind: &str) -> (bool, Value) {
    let (url, answers) = deployment().await;
    let went_well = api.deploys(request(kind, &url)).await.is_ok();
    let mut answers = std::mem::take(&mut *answers.lock().unwrap());
    assert_eq!(answers.len(), 1, "one answer");
    let (typed, answer) = answers.pop().unwrap();
    assert!(!typed, "the address was signed without a content type");
    for member in ["StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"] {
        assert_eq!(answer[member], request(kind, &url)[member], "{member}");
    }
    (went_well, answer)
}

#[tokio::test]
async fn a_deployment_is_told_what_the_migration_came_to() {
    let world = World::new().await;
    for kind in ["Create", "Update", "Update"] {
        let (went_well, answer) = told(&world, kind).await;
        assert_eq!((went_well, &answer["Status"]), (true, &json!("SUCCESS")), "{kind}");
        assert_eq!(answer["Data"]["indexes"], shared::store::INDEXES.len());
        assert_eq!(answer["Data"]["adminCreated"], false);
    }
}

#[tokio::test]
async fn what_was_ours_goes_once_and_what_is_not_stays_and_is_named() {
    let world = World::new().await;
    let versions: Vec<i64> = MIGRATIONS.iter().map(|one| one.version).collect();
    assert_eq!(world.migrates().await.migrations, Vec::<i64>::new(), "made when it was new");
    let books = world.books();
    books.forget_migrations().await;
    for name in ["appointment_start", "by_hand"] {
        books.add_index("appointments", name).await;
    }
    let has = async |name: &str| books.indexes("appointments").await.contains(&name.to_owned());
    assert!(has("appointment_start").await && has("by_hand").await);
    let (one, other) = tokio::join!(world.migrates(), world.migrates());
    for done in [&one, &other] {
        assert_eq!(done.unknown_indexes, ["appointments.by_hand"]);
    }
    // Each is made by one of them, or by both.
    let made: BTreeSet<i64> = one.migrations.iter().chain(&other.migrations).copied().collect();
    assert!(made.into_iter().eq(versions), "{one:?} {other:?}");
    assert!(!has("appointment_start").await && has("by_hand").await);
    let again = world.migrates().await;
    assert_eq!((again.migrations, again.unknown_indexes), (vec![], one.unknown_indexes));
}

#[tokio::test]
async fn leaves_of_before_are_counted_where_they_are_listed() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slot = doctor.sets_slot("2030-12-05", "10:00").await;
    world.a.patient.books_and_pays(&slot).await;
    let away = json!({ "from": "2030-12-05T00:00:00+05:30", "to": "2030-12-06T00:00:00+05:30" });
    doctor.post("/doctor/leave", away).await.is(201);
    let listed = async || doctor.get("/doctor/leave").await.is(200)["items"][0].clone();
    let before = listed().await;
    assert_eq!(before["counts"]["offered"], 1);
    let books = world.books();
    let as_it_was = doc! { "$unset": { "leaveIds": "" } };
    books.change("appointments", doc! {}, as_it_was).await;
    assert_eq!(listed().await["counts"]["offered"], 0);
    // Code of before may serve again, so what it writes is put right by each deployment.
    world.migrates().await;
    assert_eq!(listed().await, before);
}

#[tokio::test]
async fn one_whose_migration_fails_is_told_at_once_and_why_is_in_the_log() {
    let world = World::new().await;
    let away = world.with(&[("MONGODB_URI", "mongodb://127.0.0.1:9")]);
    let (went_well, answer) = told(&away, "Update").await;
    // Lambda would do again what ends in an error, while CloudFormation takes everything back.
    assert_eq!((went_well, &answer["Status"]), (true, &json!("FAILED")));
    assert_eq!(answer["Reason"], "the migration failed; the log says why");
}

#[tokio::test]
async fn one_with_wrong_settings_is_told_which_and_can_be_taken_back() {
    let wrong = "ADMIN_PASSWORD must have at least 8 characters";
    for (kind, status) in [("Create", "FAILED"), ("Delete", "SUCCESS")] {
        let (url, answers) = deployment().await;
        let done = migrate::unconfigured(request(kind, &url), wrong.to_owned()).await;
        assert!(done.is_ok(), "Lambda has nothing to do again");
        let (_, answer) = answers.lock().unwrap().pop().unwrap();
        assert_eq!(answer["Status"], status);
        assert_eq!(answer.get("Reason"), (kind == "Create").then(|| json!(wrong)).as_ref());
    }
    assert!(migrate::unconfigured(json!({}), wrong.to_owned()).await.is_err());
}

#[tokio::test]
async fn a_stack_that_goes_leaves_its_database() {
    let world = World::new().await;
    let before = world.books().everything().await.len();
    let away = world.with(&[("MONGODB_URI", "mongodb://127.0.0.1:9")]);
    assert_eq!(told(&away, "Delete").await.1["Status"], "SUCCESS");
    assert_eq!(told(&world, "Delete").await.1["Status"], "SUCCESS");
    assert_eq!(world.books().everything().await.len(), before);
}
