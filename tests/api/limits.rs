//! Limits on requests: a sliding window, told in headers, and nobody's but one's own.

use serde_json::json;
use tests::{actor::Actor, answer::Answer, world::World};

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn tries(actor: &Actor) -> Answer {
    let body = json!({ "email": "nobody@mail.example", "password": "whatever it is" });
    actor.post("/login", body).await
}

#[tokio::test]
async fn what_is_left_is_told_and_whoever_waits_as_told_is_let_in() {
    let world = World::new().await;
    world.set("2030-12-02T09:00:10+05:30");
    let api = world.with(&[("AUTH_REQUESTS_PER_MINUTE", "3")]);
    let client = world.visitor().at(&api);
    for left in [2, 1, 0] {
        let answer = tries(&client).await;
        assert_eq!(header(&answer, "ratelimit-policy"), "\"log-in\";q=3;w=60");
        assert_eq!(header(&answer, "ratelimit"), format!("\"log-in\";r={left};t=50"));
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    let refused = tries(&client).await;
    let wait: i64 = header(&refused, "retry-after").parse().unwrap();
    assert_eq!(header(&refused, "ratelimit"), format!("\"log-in\";r=0;t={wait}"));
    refused.refused(429, "TOO_MANY_REQUESTS");
    world.pass(wait - 1);
    tries(&client).await.refused(429, "TOO_MANY_REQUESTS");
    world.pass(1);
    tries(&client).await.refused(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn the_window_slides_and_does_not_start_anew_on_the_minute() {
    let world = World::new().await;
    world.set("2030-12-02T09:00:59+05:30");
    let api = world.with(&[("AUTH_REQUESTS_PER_MINUTE", "10")]);
    let client = world.visitor().at(&api);
    for _ in 0..10 {
        tries(&client).await.refused(401, "INVALID_CREDENTIALS");
    }
    // A second later it is another minute; in fixed windows ten more would be let in.
    world.pass(2);
    tries(&client).await.refused(401, "INVALID_CREDENTIALS");
    tries(&client).await.refused(429, "TOO_MANY_REQUESTS");
    world.pass(29);
    for _ in 0..4 {
        tries(&client).await.refused(401, "INVALID_CREDENTIALS");
    }
    tries(&client).await.refused(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn each_account_has_a_limit_of_its_own() {
    let world = World::new().await;
    let api = world.with(&[("REQUESTS_PER_MINUTE", "5")]);
    let (patient, doctor) = (world.a.patient.at(&api), world.a.doctor.at(&api));
    // Those who activated the accounts have counted already; a new minute has not.
    world.pass(3600);
    let (patient, doctor) = (patient.refreshed().await, doctor.refreshed().await);
    for left in (0..5).rev() {
        let answer = patient.get("/slots").await;
        assert_eq!(header(&answer, "ratelimit"), format!("\"requests\";r={left};t=60"));
        answer.is(200);
    }
    patient.elsewhere().get("/slots").await.refused(429, "TOO_MANY_REQUESTS");
    doctor.get("/slots").await.is(200);
    // Whoever has no token, or a wrong one, uses up nobody's.
    world.visitor().at(&api).get("/slots").await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn without_redis_limits_are_not_kept_for_those_who_are_in() {
    let world = World::new().await;
    let nowhere = ("UPSTASH_REDIS_REST_URL", "http://127.0.0.1:9");
    let api = world.with(&[("REQUESTS_PER_MINUTE", "1"), nowhere]);
    for _ in 0..3 {
        world.a.patient.at(&api).get("/slots").await.is(200);
    }
}

#[tokio::test]
async fn a_hospital_has_so_many_otps_an_hour_and_strangers_use_up_none() {
    let world = World::new().await;
    let api = world.with(&[("OTP_PER_HOSPITAL_HOUR", "2")]);
    let asks = async |actor: &Actor| {
        let answer =
            actor.at(&api).elsewhere().with_token("").post("/otp-login", actor.key()).await;
        answer.is(202);
    };
    let (patient, doctor, admin) = (&world.a.patient, &world.a.doctor, &world.a.admin);
    for n in 0..5 {
        let email = world.a.address(&format!("nobody{n}"));
        asks(&Actor { email, ..patient.clone() }).await;
    }
    let mut mailed = 0;
    for actor in [patient, doctor, admin] {
        let before = world.mail().to(&actor.email).await.len();
        asks(actor).await;
        mailed += world.mail().to(&actor.email).await.len() - before;
    }
    assert_eq!(mailed, 2);
    let before = world.mail().to(&world.b.patient.email).await.len();
    asks(&world.b.patient).await;
    assert_eq!(world.mail().to(&world.b.patient.email).await.len(), before + 1);
}
