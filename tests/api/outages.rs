//! Something we need is down: the answer says so and when to come back, and nothing is half done.

use serde_json::json;
use std::process::Command;
use tests::{
    actor::{Actor, ids, text},
    api::Api,
    world::World,
};

/// Nobody listens on the discard port.
const NOWHERE: &str = "http://127.0.0.1:9";

fn without_mongodb(world: &World) -> Api {
    world.with(&[("MONGODB_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=300")])
}

fn without_redis(world: &World) -> Api {
    world.with(&[("UPSTASH_REDIS_REST_URL", NOWHERE)])
}

fn without_razorpay(world: &World) -> Api {
    world.with(&[("RAZORPAY_API_URL", NOWHERE)])
}

#[tokio::test]
async fn without_the_database_everything_is_unavailable_but_the_product_is_up() {
    let world = World::new().await;
    let away = without_mongodb(&world);
    let (patient, doctor) = (world.a.patient.at(&away), world.a.doctor.at(&away));
    let log_in = json!({ "email": patient.email, "password": "whatever it is" });
    let answers = [
        patient.with_token("").post("/login", log_in).await,
        patient.with_token("").post("/otp-login", patient.key()).await,
        patient.get("/me").await,
        patient.get("/slots").await,
        patient.get("/appointments/upcoming").await,
        doctor.get("/doctor/patient-list").await,
        doctor
            .post(
                "/slots/set",
                json!({
                    "date": "2030-12-03", "from": "10:00", "to": "11:00", "slotMinutes": 30,
                }),
            )
            .await,
        world.a.admin.at(&away).post("/create/doctor", world.a.doctor_body("x")).await,
    ];
    for answer in answers {
        answer.refused(503, "DEPENDENCY_UNAVAILABLE");
    }
    world.visitor().at(&away).get("/health").await.is(200);
    // Razorpay tries a webhook again if it is told so.
    let event = json!({ "event": "payment.captured", "payload": {} });
    let told = away.call(&tests::razorpay::delivery(&event, "event-1")).await;
    told.refused(503, "DEPENDENCY_UNAVAILABLE");
}

#[tokio::test]
async fn without_redis_nobody_logs_in() {
    let world = World::new().await;
    let away = without_redis(&world);
    let patient = world.a.patient.at(&away).with_token("");
    patient.post("/otp-login", patient.key()).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    patient.post("/password/forgot", patient.key()).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    let otp = patient.key_and(&json!({ "otp": "123456" }));
    patient.post("/otp-login/verify", otp).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    let admin = json!({ "email": world.setting("ADMIN_EMAIL"), "password": world.setting("ADMIN_PASSWORD") });
    patient.post("/login", admin).await.refused(503, "DEPENDENCY_UNAVAILABLE");
}

#[tokio::test]
async fn without_redis_whoever_is_in_goes_on() {
    let world = World::new().await;
    let away = without_redis(&world);
    let (doctor, patient) = (world.a.doctor.at(&away), world.a.patient.at(&away));
    let slot = doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = patient.books_and_pays(&slot).await;
    assert_eq!(
        ids(&patient.get("/appointments/upcoming").await.is(200)),
        [text(&appointment, "/id")]
    );
    patient.get("/me").await.is(200);
    doctor.get("/doctor/patient-list").await.is(200);
    patient.cancels(&appointment).await.is(200);
    // A session that has ended has ended, Redis or not.
    world.a.patient.act("/logout").await.is(204);
    assert!(!patient.is_in().await);
    world.check().await;
}

#[tokio::test]
async fn a_log_out_that_redis_did_not_hear_of_is_not_called_done() {
    let world = World::new().await;
    let patient = world.a.patient.at(&without_redis(&world));
    assert!(world.a.patient.is_in().await, "Redis knows the session as live");
    patient.act("/logout").await.refused(503, "DEPENDENCY_UNAVAILABLE");
}

#[tokio::test]
async fn without_razorpay_there_is_no_order_and_the_hold_stays() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let away = without_razorpay(&world);
    let patient = world.a.patient.at(&away);
    let appointment = patient.books(&slots[0]).await;
    let body = json!({ "appointmentId": appointment["id"] });
    patient
        .post("/payment/create-order", body.clone())
        .await
        .refused(503, "DEPENDENCY_UNAVAILABLE");
    assert_eq!(patient.status_of(&appointment).await, "held");
    let callback = world.a.patient.checks_out(&appointment).await;
    patient.post("/payment/verify", callback.clone()).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    let verified = world.a.patient.post("/payment/verify", callback).await.is(200);
    assert_eq!(verified["appointment"]["status"], "confirmed");
    // A cancellation does not wait for it, and the money follows.
    let cancelled = patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&cancelled, "/refund/status"), "pending");
    world.run(scheduled::Job::Effects).await;
    let payment = text(&verified, "/payment/id");
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn a_payment_razorpay_cannot_be_asked_about_now_is_settled_later() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let callback = world.a.patient.checks_out(&appointment).await;
    let payment = text(&callback, "/razorpay_payment_id");
    for (status, times) in [(500, 1), (429, 1), (503, 1)] {
        world.razorpay().fails(&format!("GET /v1/payments/{payment}"), status, times).await;
        let answer = world.a.patient.post("/payment/verify", callback.clone()).await;
        answer.refused(503, "DEPENDENCY_UNAVAILABLE");
    }
    world.a.patient.post("/payment/verify", callback).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
}

/// The AWS SDK reads its endpoint from the process's environment, so this runs in one of its own.
#[test]
fn without_mail() {
    let this = std::env::current_exe().unwrap();
    let mut alone = Command::new(this);
    alone.args(["--exact", "outages::in_a_process_without_mail", "--ignored"]);
    let ended = alone.env("AWS_ENDPOINT_URL_SESV2", NOWHERE).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "run by without_mail, with SES's address changed"]
async fn in_a_process_without_mail() {
    let api = Api::start(2).await;
    let visitor = Actor::visitor(&api);
    let email = api.setting("ADMIN_EMAIL").to_owned();
    let wish = json!({ "email": email });
    // Whether there is such an account is told by nothing, not even by a mail that cannot go.
    let known = visitor.post("/otp-login", wish.clone()).await;
    let stranger = json!({ "email": "nobody@mail.example" });
    let unknown = visitor.post("/otp-login", stranger).await;
    assert_eq!(known.face(), unknown.face());
    known.is(202);
    visitor.post("/password/forgot", wish).await.is(202);
    // A password needs no mail, and neither does a new hospital: the mail waits.
    let log_in = json!({ "email": email, "password": api.setting("ADMIN_PASSWORD") });
    let admin = visitor.becomes(&visitor.post("/login", log_in).await.is(200));
    let body = json!({
        "name": "Sunrise", "code": "sunrise",
        "admin": { "name": "Anil Kumar", "email": "anil@sunrise.example", "mobile": "9876500000" },
    });
    admin.post("/hospitals", body).await.is(201);
    assert_eq!(api.books().count("notifications").await, 3, "what could not be sent waits");
}
