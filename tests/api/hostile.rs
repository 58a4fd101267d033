//! Input nobody meant well: always a clear refusal, and nothing is changed by it.

use serde_json::{Value, json};
use tests::{
    actor::{Actor, text},
    answer::Answer,
    call::Call,
    world::World,
};

async fn sends(who: &Actor, path: &str, kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    who.send(Call::new("POST", path).raw(kind, body)).await
}

const JSON: &str = "application/json";

/// Routes that take a body, and who may send it.
fn routes(world: &World) -> Vec<(Actor, &'static str)> {
    let visitor = world.visitor();
    let mut routes: Vec<(Actor, &'static str)> = Vec::new();
    for path in [
        "/login",
        "/otp-login",
        "/otp-login/verify",
        "/password/forgot",
        "/password/reset",
        "/token/refresh",
    ] {
        routes.push((visitor.elsewhere(), path));
    }
    for path in ["/create/patient", "/create/doctor"] {
        routes.push((world.a.admin.clone(), path));
    }
    routes.push((world.admin.clone(), "/hospitals"));
    routes.push((world.a.doctor.clone(), "/slots/set"));
    for path in ["/slots/book", "/slots/cancel", "/payment/create-order", "/payment/verify"] {
        routes.push((world.a.patient.clone(), path));
    }
    routes
}

#[tokio::test]
async fn what_is_no_json_is_told_so() {
    let world = World::new().await;
    let before = world.books().everything().await;
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let deep_member = format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(300), "}".repeat(300));
    for (who, path) in routes(&world) {
        for body in [
            "",
            " ",
            "{",
            "nul",
            "{\"email\":}",
            "{'email':'x'}",
            "{\"a\":1,}",
            "{} {}",
            "\u{feff}{}",
            "NaN",
            "{\"a\":01}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":1,\"a\":2}",
            "{\"x\":{\"b\":1,\"b\":1}}",
            "[]",
            "\"text\"",
            "7",
            "null",
            &deep,
            &deep_member,
        ] {
            let answer = sends(&who, path, JSON, body).await;
            let shown: String = body.chars().take(40).collect();
            assert_eq!((answer.status, answer.code()), (400, "MALFORMED_JSON"), "{path} {shown}");
        }
        let broken = sends(&who, path, JSON, b"{\"email\":\"\xff\xfe\"}".as_slice()).await;
        broken.refused(400, "MALFORMED_JSON");
    }
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn only_json_is_read() {
    let world = World::new().await;
    for (who, path) in routes(&world) {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
            "json",
        ] {
            sends(&who, path, kind, "{}").await.refused(400, "UNSUPPORTED_MEDIA_TYPE");
        }
        let bare = who.send(Call { body: Some(b"{}".to_vec()), ..Call::new("POST", path) }).await;
        bare.refused(400, "UNSUPPORTED_MEDIA_TYPE");
        for kind in ["application/json; charset=utf-8", "Application/JSON"] {
            let answer = sends(&who, path, kind, "{}").await;
            assert_eq!(answer.status, 422, "{path} {kind}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_huge_body_is_refused() {
    let world = World::new().await;
    let before = world.books().everything().await;
    for (who, path) in routes(&world) {
        for size in [64 * 1024 + 1, 3 * 1024 * 1024] {
            let body = format!("{{\"email\":\"{}\"}}", "x".repeat(size));
            sends(&who, path, JSON, body).await.refused(400, "BODY_TOO_LARGE");
        }
    }
    // Under a key too.
    let body = json!({ "slotId": "x".repeat(7 * 1024 * 1024) });
    let answer = world.a.patient.post_once("key", "/slots/book", &body).await;
    answer.refused(400, "BODY_TOO_LARGE");
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn operators_are_only_strange_values() {
    let world = World::new().await;
    let before = world.books().everything().await;
    let operators = [
        json!({ "$gt": "" }),
        json!({ "$ne": null }),
        json!({ "$regex": ".*" }),
        json!(["$where", "1"]),
        json!({ "$function": { "body": "while(1){}" } }),
        json!(null),
        json!(true),
        json!(7),
        json!([]),
    ];
    for operator in &operators {
        let visitor = world.visitor();
        let typed =
            |answer: Answer| assert!(answer.bad_fields().iter().any(|(_, code)| code == "TYPE"));
        typed(visitor.post("/login", json!({ "email": operator, "password": operator })).await);
        typed(
            visitor
                .post(
                    "/otp-login/verify",
                    json!({ "email": world.a.patient.email, "otp": operator }),
                )
                .await,
        );
        typed(visitor.post("/token/refresh", json!({ "refreshToken": operator })).await);
        typed(world.a.patient.post("/slots/book", json!({ "slotId": operator })).await);
        typed(world.a.patient.post("/slots/cancel", json!({ "appointmentId": operator })).await);
        typed(
            world
                .a
                .patient
                .post("/payment/create-order", json!({ "appointmentId": operator }))
                .await,
        );
        let mut body = world.a.patient_body("x", "X");
        body["identifier"] = operator.clone();
        typed(world.a.admin.post("/create/patient", body).await);
    }
    let keyed = json!({ "$where": "1", "email": "a@b.in", "password": "x", "constructor": 1, "__proto__": {} });
    let fields = world.visitor().post("/login", keyed).await.bad_fields();
    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(names, ["$where", "__proto__", "constructor"]);
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn text_that_looks_like_code_is_text() {
    let world = World::new().await;
    for (index, name) in [
        "$gt",
        "{\"$ne\":1}",
        "'; drop table patients; --",
        "<script>alert(1)</script>",
        "${jndi:ldap://x}",
        "../../x",
        "%00",
        "\u{202e}dexif",
        "\u{1f600}\u{200d}\u{1f600}",
        "=cmd|' /C calc'!A0",
        "{{7*7}}",
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = world.a.patient_body(&format!("x{index}"), &format!("${index}.x"));
        body["name"] = json!(name);
        let made = world.a.admin.post("/create/patient", body).await.is(201);
        assert_eq!(text(&made, "/name"), name);
        let seen = world.a.admin.get(format!("/patients/{}", text(&made, "/id"))).await.is(200);
        assert_eq!(text(&seen, "/identifier"), format!("${index}.x"));
    }
    for name in ["a\u{0}b", "a\nb", "a\u{7f}", "a\u{85}b", "\t", "", "   ", &"x".repeat(101)] {
        let mut body = world.a.patient_body("y", "Y");
        body["name"] = json!(name);
        let fields = world.a.admin.post("/create/patient", body).await.bad_fields();
        assert_eq!(fields[0].0, "name");
        assert_eq!(fields.len(), 1);
    }
    // No subject or heading of a mail is anybody's to write.
    let mut body = world.a.patient_body("z", "Z");
    body["email"] = json!("a@b.in\r\nBcc: all@b.in");
    let fields = world.a.admin.post("/create/patient", body).await.bad_fields();
    assert_eq!(fields, [("email".to_owned(), "INVALID_EMAIL".to_owned())]);
}

#[tokio::test]
async fn an_unknown_parameter_is_an_error_on_every_list() {
    let world = World::new().await;
    for (who, path) in [
        (&world.a.doctor, "/doctor/patient-list"),
        (&world.a.doctor, "/appointments/today"),
        (&world.a.doctor, "/appointments/upcoming"),
        (&world.a.doctor, "/appointments"),
        (&world.a.doctor, "/queue"),
        (&world.a.admin, "/users"),
        (&world.a.admin, "/patients"),
        (&world.a.patient, "/doctors"),
        (&world.a.patient, "/slots"),
        (&world.admin, "/hospitals"),
    ] {
        for query in ["x=1", "%24where=1", "hospitalId=x", "limit%5B%24gt%5D=1", "LIMIT=1"] {
            let fields = who.get(format!("{path}?{query}")).await.bad_fields();
            assert_eq!((fields.len(), &*fields[0].1), (1, "UNKNOWN_FIELD"), "{path} {query}");
        }
        who.get(format!("{path}?limit=1&limit=1")).await.refused(400, "REPEATED_PARAMETER");
        who.get(format!("{path}?limit=1&cursor=%FF%FE")).await.bad_fields();
        who.get(format!("{path}?")).await.is(200);
    }
}

#[tokio::test]
async fn what_was_sent_is_not_sent_back() {
    let world = World::new().await;
    let secret = "hunter2-very-secret";
    let body =
        json!({ "email": secret, "password": { "x": secret }, "hospital": format!("{secret}!") });
    let answer = world.visitor().post("/login", body).await;
    assert!(!answer.text.contains(secret), "{}", answer.text);
    let long = "k".repeat(5000);
    let answer = world.visitor().post("/login", json!({ long.clone(): 1, "bell\u{7}": 2 })).await;
    assert!(answer.text.len() < 2000 && !answer.text.contains('\u{7}'), "{}", answer.text);
    let fields = answer.bad_fields();
    assert!(fields.iter().any(|(field, _)| *field == long[..64]));
}

#[tokio::test]
async fn a_thousand_unknown_members_do_not_make_a_thousandfold_answer() {
    let world = World::new().await;
    let members: serde_json::Map<String, Value> =
        (0..4000).map(|n| (format!("m{n:04}"), json!(n))).collect();
    let answer = world.visitor().post("/login", Value::Object(members)).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.len() < 64 * 1024, "{} bytes", answer.text.len());
}

#[tokio::test]
async fn no_header_makes_another_request_of_it() {
    let world = World::new().await;
    let patient = &world.a.patient;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let call = Call::get("/me").header(name, "DELETE");
        patient.send(call).await.is(200);
    }
    for (name, value) in [
        ("x-original-url", "/users"),
        ("x-rewrite-url", "/users"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-host", "evil.example"),
        ("content-length", "99999999"),
    ] {
        let me = patient.send(Call::get("/me").header(name, value)).await.is(200);
        assert_eq!(me["id"], json!(patient.account), "{name}");
    }
    assert!(patient.is_in().await);
}

#[tokio::test]
async fn a_flood_of_headers_is_only_headers() {
    let world = World::new().await;
    let mut call = Call::get("/me");
    for n in 0..500 {
        call = call.header(&format!("x-flood-{n}"), "x".repeat(500));
    }
    world.a.patient.send(call).await.is(200);
    let long = Call::get("/me").header("x-long", "x".repeat(1_000_000));
    world.a.patient.send(long).await.is(200);
}

#[tokio::test]
async fn the_clients_address_is_the_connections() {
    let world = World::new().await;
    let api = world.with(&[("AUTH_REQUESTS_PER_MINUTE", "2")]);
    let flood = world.visitor().at(&api);
    let body = json!({ "email": "nobody@mail.example", "password": "whatever it is" });
    let mut answers = Vec::new();
    for n in 0..3 {
        let call = Call::post("/login", &body).header("x-forwarded-for", format!("10.0.0.{n}"));
        answers.push(flood.send(call).await.status);
    }
    assert_eq!(answers, [401, 401, 429]);
}
