//! Access tokens and the end of access.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tests::{actor::Actor, call::Call, proxy::Proxy, wire::Wire, world::World};

fn claims(token: &str) -> (Value, Value) {
    let part = |n: usize| {
        let bytes = BASE64URL_NOPAD.decode(token.split('.').nth(n).unwrap().as_bytes()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    (part(0), part(1))
}

fn encode(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

#[tokio::test]
async fn an_access_token_is_good_for_fifteen_minutes() {
    let world = World::new().await;
    world.pass(899);
    assert!(world.a.patient.is_in().await);
    world.pass(1);
    assert!(!world.a.patient.is_in().await);
}

#[tokio::test]
async fn logging_out_ends_access_at_once_and_only_there() {
    let world = World::new().await;
    let one = &world.a.patient;
    one.post("/otp-login", one.key()).await.is(202);
    let other = one.activated(&one.email, &one.code).await;
    assert!(one.is_in().await, "so that it is remembered as live");
    one.act("/logout").await.is(204);
    assert!(!one.is_in().await);
    let body = json!({ "refreshToken": one.refresh });
    one.post("/token/refresh", body).await.refused(401, "UNAUTHENTICATED");
    one.act("/logout").await.refused(401, "UNAUTHENTICATED");
    assert!(other.is_in().await);
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let world = World::new().await;
    let patient = &world.a.patient;
    let (header, payload) = claims(&patient.access);
    let signature = patient.access.rsplit('.').next().unwrap();
    let altered = |member: &str, value: Value| {
        let mut payload = payload.clone();
        payload[member] = value;
        format!("{}.{}.{signature}", encode(&header), encode(&payload))
    };
    let headed = |member: &str, value: Value| {
        let mut header = header.clone();
        header[member] = value;
        format!("{}.{}.{signature}", encode(&header), encode(&payload))
    };
    let elsewhere = World::new().await;
    let forged = [
        altered("role", json!("hospital")),
        altered("role", json!("admin")),
        altered("hos", json!(world.b.id)),
        altered("sub", json!(world.a.doctor.account)),
        altered("exp", json!(9_999_999_999_i64)),
        headed("alg", json!("none")),
        headed("alg", json!("RS256")),
        headed("typ", json!("JWT")),
        headed("kid", json!("../../dev/null")),
        format!("{}.{}.", encode(&header), encode(&payload)),
        format!("{}.{}", encode(&header), encode(&payload)),
        elsewhere.a.patient.access.clone(),
        patient.refresh.clone(),
        "null".to_owned(),
        "x".repeat(8000),
    ];
    for token in forged {
        let forger = patient.with_token(&token);
        forger.get("/appointments/upcoming").await.refused(401, "UNAUTHENTICATED");
        forger.get("/me").await.refused(401, "UNAUTHENTICATED");
    }
    assert!(patient.is_in().await);
}

#[tokio::test]
async fn only_one_bearer_token_is_an_authorization() {
    let world = World::new().await;
    let token = &world.a.patient.access;
    let send = async |value: &str| {
        let call = Call::get("/me").header("authorization", value);
        world.visitor().send(call).await
    };
    for good in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER {token}")] {
        send(&good).await.is(200);
    }
    for bad in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        token.clone(),
        format!("Bearer  {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token},Bearer {token}"),
        format!("Basic {token}"),
        format!("Bearer \"{token}\""),
        format!("Token {token}"),
    ] {
        send(&bad).await.refused(401, "UNAUTHENTICATED");
    }
    // Two headers, as API Gateway joins them.
    let twice = Call::get("/me")
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", format!("Bearer {token}"));
    world.visitor().send(twice).await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn no_header_query_or_body_chooses_the_hospital() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let call = Call::get("/hospital")
        .header("x-hospital-id", &*world.b.id)
        .header("x-tenant", &*world.b.code);
    assert_eq!(doctor.send(call).await.is(200)["id"], json!(world.a.id));
    let fields = doctor.get(format!("/slots?hospitalId={}", world.b.id)).await.bad_fields();
    assert_eq!(fields, [("hospitalId".to_owned(), "UNKNOWN_FIELD".to_owned())]);
    let mut body = world.a.patient_body("x", "MRN-7");
    body["hospitalId"] = json!(world.b.id);
    let fields = world.a.admin.post("/create/patient", body).await.bad_fields();
    assert_eq!(fields, [("hospitalId".to_owned(), "UNKNOWN_FIELD".to_owned())]);
}

#[tokio::test]
async fn every_role_is_told_apart() {
    let world = World::new().await;
    let visitor = world.visitor();
    let people: [(&str, &Actor); 5] = [
        ("visitor", &visitor),
        ("admin", &world.admin),
        ("hospital", &world.a.admin),
        ("doctor", &world.a.doctor),
        ("patient", &world.a.patient),
    ];
    for (path, allowed) in [
        ("/doctor/patient-list", &["doctor"][..]),
        ("/appointments/today", &["doctor", "patient"]),
        ("/appointments/upcoming", &["doctor", "patient"]),
        ("/appointments", &["hospital", "doctor", "patient"]),
        ("/users", &["hospital"]),
        ("/patients", &["hospital", "doctor"]),
        ("/me/patients", &["patient"]),
        ("/doctors", &["hospital", "doctor", "patient"]),
        ("/slots", &["hospital", "doctor", "patient"]),
        ("/hospital", &["hospital", "doctor", "patient"]),
        ("/hospitals", &["admin"]),
        ("/me", &["admin", "hospital", "doctor", "patient"]),
    ] {
        for (role, who) in people {
            let answer = who.get(path).await;
            match role {
                "visitor" => drop(answer.refused(401, "UNAUTHENTICATED")),
                role if allowed.contains(&role) => drop(answer.is(200)),
                _ => drop(answer.refused(403, "FORBIDDEN")),
            }
        }
    }
}

#[tokio::test]
async fn every_request_asks_redis_once_whether_it_knows_the_session_or_not() {
    let world = World::with_instances(1).await;
    let (redis, wire) =
        (Proxy::to(world.setting("UPSTASH_REDIS_REST_URL")).await, Wire::new().await);
    let url = format!("http://{}", redis.address);
    let counted = world.with(&[("UPSTASH_REDIS_REST_URL", &url), ("MONGODB_URI", &wire.uri)]);
    let patient = world.a.patient.at(&counted);
    let mut reads = Vec::new();
    for _ in 0..3 {
        patient.get("/me").await.is(200);
        assert_eq!(redis.requests(), 1);
        reads.push(wire.commands().len());
    }
    // The first asked the database; what it said was noted by the second, which knew it then.
    assert_eq!(reads[1..], [reads[0] - 1; 2]);
}

#[tokio::test]
async fn what_is_noted_late_does_not_bring_a_session_back_to_life() {
    let world = World::with_instances(1).await;
    // Another instance has asked the database, and has not noted yet what it said.
    let slow = world.a.patient.at(&world.with(&[]));
    slow.get("/me").await.is(200);
    world.a.patient.act("/logout").await.is(204);
    for _ in 0..2 {
        slow.get("/me").await.refused(401, "UNAUTHENTICATED");
    }
}
