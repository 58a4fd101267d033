//! The log says what happened, and to nobody's name.

use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::text,
    call::Call,
    hospital::Hospital,
    imports::Imports,
    log::Log,
    razorpay::delivery,
    stack,
    switch::{State, Switch},
    world::World,
};

const AWAY: &str = "http://127.0.0.1:9";

/// One line of an answered request.
fn answered(log: &Log, route: &str) -> Value {
    let mut lines = log.lines().into_iter().rev();
    let of = |line: &Value| line["message"] == "answered" && line["route"] == route;
    lines.find(of).unwrap_or_else(|| panic!("no line of {route}"))
}

#[tokio::test]
async fn a_request_is_told_by_one_line_with_all_that_is_needed() {
    let log = Log::listen();
    let world = World::new().await;
    // Redis does not know a session before its first request; the second is as all that follow.
    for _ in 0..2 {
        world.a.patient.get("/me/patients").await.is(200);
    }
    let line = answered(&log, "GET /me/patients");
    let id = &line["request_id"].clone();
    assert_eq!(line["function"], "users");
    assert_eq!(line["hospital"], world.a.id.as_str());
    assert_eq!((&line["status"], line["cold_start"].is_boolean()), (&json!(200), true));
    assert!(line["milliseconds"].is_i64() && line["request_id"].is_string(), "{line}");
    // What it asked of others, how often, and for how long it waited; nothing of whom it left alone.
    assert_eq!((&line["upstash_calls"], &line["mongodb_calls"]), (&json!(1), &json!(2)), "{line}");
    assert!(line["mongodb_ms"].is_u64() && line["upstash_ms"].is_u64(), "{line}");
    assert_eq!((&line["razorpay_calls"], &line["ses_ms"]), (&Value::Null, &Value::Null));
    world.visitor().get("/me").await.is(401);
    let line = answered(&log, "GET /me");
    assert_eq!((&line["hospital"], &line["mongodb_calls"]), (&Value::Null, &Value::Null));
    // Each call outside is a span, and says in which request.
    let lines = log.lines();
    let closed = lines.iter().filter(|line| line["message"] == "close");
    let of_request = closed.filter(|line| line["spans"][0]["request_id"] == *id);
    let calls: Vec<&Value> = of_request.map(|line| &line["span"]["dependency"]).collect();
    assert!(calls.iter().any(|call| *call == "MongoDB"), "{calls:?}");
    assert!(calls.iter().any(|call| *call == "Upstash"), "{calls:?}");
}

/// Each call is within its own limit; all together would take longer than Lambda lets a function run.
#[tokio::test]
async fn a_request_whose_time_is_nearly_up_is_answered_and_told() {
    let log = Log::listen();
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let razorpay = Switch::to(stack::of("/razorpay/endpoint")).await;
    let slow = world.with(&[("RAZORPAY_API_URL", &format!("http://{}", razorpay.address))]);
    razorpay.turn(State::Slow).await;
    let body = json!({ "appointmentId": appointment["id"] });
    let call = Call::post("/payment/create-order", &body).within(1500);
    let patient = world.a.patient.at(&slow);
    patient.send(call).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    let line = answered(&log, "POST /payment/create-order");
    assert_eq!((&line["status"], &line["razorpay_calls"]), (&json!(503), &json!(1)), "{line}");
    let waited = line["razorpay_ms"].as_u64().unwrap();
    assert!(waited < 1500, "Razorpay's own limit is 8 s: {line}");
    razorpay.turn(State::Well).await;
    // What was left as a kill leaves it is healed by asking again.
    patient.send(Call::post("/payment/create-order", &body)).await.is(201);
    world.check().await;
}

#[tokio::test]
async fn what_is_done_is_counted() {
    let log = Log::listen();
    let world = World::new().await;
    let counted = |name: &str| counted(&log, name);
    assert!(counted("mails_sent") >= 6 && counted("mails_failed") == 0);
    let before = counted("requests");
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    world.a.patient.cancels(&paid).await.is(200);
    assert_eq!((counted("bookings"), counted("captures"), counted("refunds_asked")), (1, 1, 1));
    assert_eq!((counted("requests") - before, counted("failures")), (5, 0));
    let away = world.with(&[("UPSTASH_REDIS_REST_URL", AWAY)]);
    world
        .a
        .patient
        .at(&away)
        .post("/login", json!({"email": "a@b.in", "password": "x"}))
        .await
        .is(503);
    assert_eq!(counted("failures"), 1);
}

/// How much was counted under a name.
fn counted(log: &Log, name: &str) -> u64 {
    let lines = log.lines().into_iter().filter(|line| line["target"] == "metrics");
    lines.filter_map(|line| line[name].as_u64()).sum()
}

#[tokio::test]
async fn a_refund_is_counted_once_when_it_is_through() {
    let log = Log::listen();
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let paid = patient.books_and_pays(&slots[0]).await;
    patient.cancels(&paid).await.is(200);
    assert_eq!(counted(&log, "refunds_processed"), 0, "the bank has yet to say so");
    let payment = text(&paid, "/payment/paymentId");
    let told = world.razorpay().refund_event("refund.processed", &payment, "processed").await;
    for id in ["refund-1", "refund-1", "refund-2"] {
        world.call(&delivery(&told, id)).await.is(200);
    }
    assert_eq!(counted(&log, "refunds_processed"), 1);
    let at_desk = patient.books(&slots[1]).await;
    let body = json!({ "appointmentId": at_desk["id"], "method": "cash" });
    admin.post("/payments/counter", body).await.is(201);
    patient.cancels(&at_desk).await.is(200);
    let body = json!({ "appointmentId": at_desk["id"] });
    for _ in 0..2 {
        admin.post("/payments/counter/refund", body.clone()).await.is(200);
    }
    assert_eq!(counted(&log, "refunds_processed"), 2);
}

#[tokio::test]
async fn who_walks_in_is_counted_once() {
    let log = Log::listen();
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    for _ in 0..2 {
        let body = json!({ "doctorId": doctor.account, "patientId": patient.patient });
        world.a.admin.post("/queue/walk-in", body).await.is(201);
    }
    assert_eq!(counted(&log, "walk_ins"), 1);
}

/// A file with a good row and a bad one.
async fn imports(world: &World, of: &Hospital) {
    let imports = Imports::of(world);
    let key = format!("imports/{}/people.csv", of.code);
    let file =
        "name,email,identifier,mobile\nMeera Das,meera.das@x.example,MRN-77,9876522222\nAnil,,,\n";
    imports.arrives(&key, file.as_bytes()).await;
    imports.bucket.remove(&key).await;
}

/// Things go well and wrong in every function, with every dependency away, and the log names nobody.
#[tokio::test]
async fn no_line_names_a_person_or_a_secret() {
    let log = Log::listen();
    let world = World::new().await;
    let (a, patient) = (&world.a, &world.a.patient);
    let slots = a.doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let paid = patient.books_and_pays(&slots[0]).await;
    let payment = text(&paid, "/payment/paymentId");
    world.is_told("payment.captured", &payment).await.is(200);
    patient.cancels(&paid).await.is(200);
    let told = world.razorpay().refund_event("refund.failed", &payment, "failed").await;
    world.call(&delivery(&told, "refund-1")).await.is(200);
    let mut wrong = delivery(&told, "refund-2");
    wrong = wrong.header("x-razorpay-signature", "0".repeat(64));
    world.call(&wrong).await.is(400);
    for _ in 0..6 {
        patient.post("/login", patient.key_and(&json!({ "password": "Asha Rao 2026" }))).await;
    }
    patient.elsewhere().post("/otp-login", patient.key()).await.is(202);
    patient.elsewhere().post("/otp-login/verify", patient.key_and(&json!({"otp": "000000"}))).await;
    let refreshed = patient.refreshed().await;
    a.admin
        .patch(format!("/users/{}", patient.account), json!({"name": "Asha Rao Nair"}))
        .await
        .is(200);
    a.admin.post("/create/patient", a.patient_body("asha", "MRN-00042")).await.is(409);
    a.admin.get("/users?q=Asha").await.is(200);
    a.doctor.get("/doctor/patient-list?q=MRN-00042").await.is(200);
    imports(&world, a).await;
    let held = patient.books(&slots[1]).await;
    for (setting, target) in [
        ("UPSTASH_REDIS_REST_URL", "/otp-login"),
        ("RAZORPAY_API_URL", "/payment/create-order"),
        ("AWS_ENDPOINT_URL_LAMBDA", "/otp-login"),
        ("MONGODB_URI", "/otp-login"),
    ] {
        let value = match setting {
            "MONGODB_URI" => "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=300",
            _ => AWAY,
        };
        let away = patient.at(&world.with(&[(setting, value)]));
        let body = match target {
            "/otp-login" => patient.key(),
            _ => json!({ "appointmentId": text(&held, "/id") }),
        };
        away.post(target, body).await;
    }
    let event = json!({ "job": "undelivered", "event": {
        "eventType": "Bounce",
        "bounce": { "bounceType": "Permanent", "bouncedRecipients": [{ "emailAddress": patient.email }] },
        "mail": { "tags": { "account": [patient.account] } },
    }});
    let bounced: Job = serde_json::from_value(event).unwrap();
    let mails = Job::Mails { mails: Vec::new() };
    for job in [bounced, Job::Effects, mails, Job::Reconcile, Job::Holds, Job::Seal, Job::Close] {
        world.pass(61);
        world.run(job).await;
    }
    assert!(log.lines().len() > 300, "{}", log.lines().len());
    log.names_nobody(&world, &[&world.admin, &refreshed]).await;
}

/// The search finds what it looks for.
#[tokio::test]
#[should_panic(expected = "what is seeded is in the log")]
async fn a_name_would_be_found() {
    let log = Log::listen();
    let world = World::new().await;
    tracing::warn!(patient = "Asha Rao", "a mistake");
    log.names_nobody(&world, &[]).await;
}
