//! Addresses that bounce or complain are mailed no more, and their hospital sees it.

use scheduled::Job;
use serde_json::{Value, json};
use tests::{actor::Actor, world::World};

const CODE: &str = "log-in code";

/// What SES tells of a mail, as the rule of `template.yaml` hands it on.
fn told(sample: &str, address: &str, account: &str) -> Job {
    let file = format!("{}/../events/scheduled/{sample}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.replace("asha@example.com", address);
    let text = text.replace("acc_01arz3ndektsv4rrffq69g5fav", account);
    serde_json::from_str(&text).unwrap()
}

fn bounce(of: &Actor) -> Job {
    told("undelivered-bounce", &of.email, &of.account)
}

fn of_another_kind(of: &Actor, pointer: &str, kind: &str) -> Job {
    let sample = if pointer.contains("complaint") { "complaint" } else { "bounce" };
    let file =
        format!("{}/../events/scheduled/undelivered-{sample}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap().replace("asha@example.com", &of.email);
    let mut event: Value = serde_json::from_str(&text).unwrap();
    *event.pointer_mut(pointer).unwrap() = json!(kind);
    serde_json::from_value(event).unwrap()
}

/// What the administrator sees of somebody's mails.
async fn seen(admin: &Actor, of: &Actor) -> Value {
    let person = admin.get(format!("/users/{}", of.account)).await.is(200);
    person.get("mailProblem").cloned().unwrap_or_default()
}

async fn asks_for_a_code(world: &World, who: &Actor) -> (Value, usize) {
    world.pass(60);
    let answer = who.elsewhere().post("/otp-login", who.key()).await.is(202);
    (answer, world.mail().count(&who.email, CODE).await)
}

#[tokio::test]
async fn a_bounced_address_is_mailed_no_more_and_nobody_can_tell_by_the_answer() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    let (before, mails) = asks_for_a_code(&world, patient).await;
    assert_eq!(seen(admin, patient).await, Value::Null);
    assert_eq!(world.run(bounce(patient)).await, 1);
    assert_eq!(world.run(bounce(patient)).await, 1, "SES may tell of it twice");
    assert_eq!(seen(admin, patient).await, "bounced");
    let (after, still) = asks_for_a_code(&world, patient).await;
    assert_eq!((before, mails), (after, still));
    assert_eq!(world.books().count("notifications").await, 0);
    // A mail about an appointment is settled, not tried for ever.
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = patient.books_and_pays(&slot).await;
    let all = world.mail().to(&patient.email).await.len();
    world.run(Job::Effects).await;
    world.run(Job::Effects).await;
    assert_eq!(world.mail().to(&patient.email).await.len(), all);
    let id = paid["id"].as_str().unwrap();
    let left = world.books().appointment(id).await;
    assert!(left.get_array("effects").is_ok_and(Vec::is_empty), "{left:?}");
}

#[tokio::test]
async fn a_hospital_learns_of_it_by_its_own_mails_alone() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let mut body = world.b.patient_body("asha", "MRN-9");
    body["email"] = json!(patient.email);
    world.b.admin.post("/create/patient", body).await.is(201);
    let listed = world.b.admin.get("/users?role=patient&q=asha").await.is(200);
    let twin = listed["items"].as_array().unwrap().iter();
    let twin = twin.clone().find(|one| one["email"] == patient.email).unwrap();
    let (id, none) = (twin["id"].as_str().unwrap().to_owned(), Value::Null);
    let twin = Actor { account: id, code: world.b.code.clone(), ..patient.clone() };
    world.run(bounce(patient)).await;
    assert_eq!(seen(&world.a.admin, patient).await, "bounced");
    assert_eq!(seen(&world.b.admin, &twin).await, none);
    let (_, mails) = asks_for_a_code(&world, &twin).await;
    assert_eq!(seen(&world.b.admin, &twin).await, "bounced");
    let (_, still) = asks_for_a_code(&world, &twin).await;
    assert_eq!(mails, still);
}

#[tokio::test]
async fn what_may_pass_changes_nothing_and_spam_does() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    for (pointer, kind) in [
        ("/event/bounce/bounceType", "Transient"),
        ("/event/bounce/bounceType", "Undetermined"),
        ("/event/eventType", "Delivery"),
        ("/event/complaint/complaintFeedbackType", "not-spam"),
    ] {
        assert_eq!(world.run(of_another_kind(patient, pointer, kind)).await, 0, "{kind}");
    }
    let (_, mails) = asks_for_a_code(&world, patient).await;
    let complaint = told("undelivered-complaint", &patient.email, &patient.account);
    assert!(!format!("{complaint:?}").contains(&patient.email));
    assert_eq!(world.run(complaint).await, 1);
    assert_eq!(seen(admin, patient).await, "complained");
    let (_, still) = asks_for_a_code(&world, patient).await;
    assert_eq!(mails, still);
}

#[tokio::test]
async fn an_address_that_works_again_is_mailed_again() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    world.run(bounce(patient)).await;
    let (_, mails) = asks_for_a_code(&world, patient).await;
    let job = json!({ "job": "deliverable", "email": patient.email });
    let job: Job = serde_json::from_value(job).unwrap();
    assert_eq!(world.run(job.clone()).await, 1);
    assert_eq!(world.run(job).await, 0);
    assert_eq!(seen(admin, patient).await, Value::Null);
    let (_, more) = asks_for_a_code(&world, patient).await;
    assert_eq!(more, mails + 1);
}

/// Another account's tag moves nobody's mark but its own address's.
#[tokio::test]
async fn an_account_is_marked_for_its_own_address_only() {
    let world = World::new().await;
    let (patient, doctor) = (&world.a.patient, &world.a.doctor);
    world.run(told("undelivered-bounce", &patient.email, &doctor.account)).await;
    assert_eq!(seen(&world.a.admin, doctor).await, Value::Null);
    assert_eq!(seen(&world.a.admin, patient).await, Value::Null);
    asks_for_a_code(&world, patient).await;
    assert_eq!(seen(&world.a.admin, patient).await, "bounced");
}
