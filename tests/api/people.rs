//! Doctors and patients are entered, each in one hospital.

use futures_util::future::join_all;
use mongodb::bson::doc;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, text},
    world::World,
};

fn fields(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
}

#[tokio::test]
async fn a_hospital_enters_a_patient() {
    let world = World::new().await;
    let mut body = world.a.patient_body("new", "007");
    body["dateOfBirth"] = json!("1990-02-28");
    body["name"] = json!("  Rene\u{301} O'Brien ");
    body["mobile"] = json!("09876 543-210");
    let made = world.a.admin.post("/create/patient", body).await.is(201);
    for (member, value) in [
        ("role", "patient"),
        ("status", "pending"),
        ("name", "Ren\u{e9} O'Brien"),
        ("email", &*world.a.address("new")),
        ("mobile", "+919876543210"),
        ("identifier", "007"),
        ("dateOfBirth", "1990-02-28"),
        ("hospitalId", &*world.a.id),
        ("createdAt", "2030-12-02T09:00:00+05:30"),
    ] {
        assert_eq!(made[member], json!(value), "{member}");
    }
    let patient = world.visitor().activated(&world.a.address("new"), &world.a.code).await;
    assert_eq!(patient.account, text(&made, "/accountId"));
    let seen = world.a.admin.get(format!("/patients/{}", text(&made, "/id"))).await.is(200);
    assert_eq!(seen["status"], "active");
}

#[tokio::test]
async fn a_hospital_enters_a_doctor() {
    let world = World::new().await;
    let mut body = world.a.doctor_body("new");
    body["registrationNumber"] = json!("MCI-12345");
    body["password"] = json!("a password of his own");
    let made = world.a.admin.post("/create/doctor", body).await.is(201);
    for (member, value) in [
        ("role", json!("doctor")),
        ("status", json!("pending")),
        ("speciality", json!("Cardiology")),
        ("registrationNumber", json!("MCI-12345")),
        ("fee", json!({ "amount": 50_000, "currency": "INR" })),
        ("hospitalId", json!(world.a.id)),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert!(made.get("password").is_none() && made.get("passwordHash").is_none());
    let log_in = json!({ "email": world.a.address("new"), "password": "a password of his own" });
    world.visitor().post("/login", log_in.clone()).await.refused(401, "INVALID_CREDENTIALS");
    world.visitor().activated(&world.a.address("new"), &world.a.code).await;
    world.visitor().post("/login", log_in).await.is(200);
}

#[tokio::test]
async fn the_platforms_administrator_names_a_hospital() {
    let world = World::new().await;
    for (path, body) in [
        ("/create/patient", world.a.patient_body("x", "X-1")),
        ("/create/doctor", world.a.doctor_body("y")),
    ] {
        let named = |id: &str| {
            let mut body = body.clone();
            body["hospitalId"] = json!(id);
            body
        };
        let refusal = world.admin.post(path, body.clone()).await.bad_fields();
        assert_eq!(refusal, fields(&[("hospitalId", "REQUIRED")]));
        let other = if world.a.id.ends_with('0') { '1' } else { '0' };
        let unknown = format!("{}{other}", &world.a.id[..world.a.id.len() - 1]);
        let refusal = world.admin.post(path, named(&unknown)).await.bad_fields();
        assert_eq!(refusal[0].0, "hospitalId");
        let refusal = world.admin.post(path, named("elsewhere")).await.bad_fields();
        assert_eq!(refusal, fields(&[("hospitalId", "UNKNOWN_ID")]));
        let made = world.admin.post(path, named(&world.b.id)).await.is(201);
        assert_eq!(text(&made, "/hospitalId"), world.b.id);
        // Somebody of a hospital names none, not even his own.
        for id in [&world.a.id, &world.b.id] {
            let refusal = world.a.admin.post(path, named(id)).await.bad_fields();
            assert_eq!(refusal, fields(&[("hospitalId", "UNKNOWN_FIELD")]));
        }
    }
}

#[tokio::test]
async fn others_may_not_and_change_nothing() {
    let world = World::new().await;
    let before = world.books().everything().await;
    for path in ["/create/patient", "/create/doctor"] {
        let body = if path.ends_with("doctor") {
            world.a.doctor_body("x")
        } else {
            world.a.patient_body("x", "X")
        };
        world.visitor().post(path, body.clone()).await.refused(401, "UNAUTHENTICATED");
        for who in [&world.a.doctor, &world.a.patient] {
            who.post(path, body.clone()).await.refused(403, "FORBIDDEN");
        }
    }
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn every_bad_member_is_named() {
    let world = World::new().await;
    let admin = &world.a.admin;
    let before = world.books().everything().await;
    let refusal = admin.post("/create/patient", json!({})).await.bad_fields();
    let all = ["email", "identifier", "mobile", "name"].map(|field| (field, "REQUIRED"));
    assert_eq!(refusal, fields(&all));

    let body = json!({
        "name": 7, "email": "asha", "mobile": "12345", "identifier": "", "dateOfBirth": "1990-02-30",
        "password": "short", "role": "hospital", "status": "active", "accountId": "acc_0",
    });
    let refusal = admin.post("/create/patient", body).await.bad_fields();
    let expected = [
        ("accountId", "UNKNOWN_FIELD"),
        ("dateOfBirth", "INVALID"),
        ("email", "INVALID_EMAIL"),
        ("identifier", "REQUIRED"),
        ("mobile", "INVALID_MOBILE"),
        ("name", "TYPE"),
        ("password", "LENGTH"),
        ("role", "UNKNOWN_FIELD"),
        ("status", "UNKNOWN_FIELD"),
    ];
    assert_eq!(refusal, fields(&expected));

    let mut body = world.a.doctor_body("x");
    body["fee"] = json!({ "amount": 99, "currency": "inr", "tip": 1 });
    let refusal = admin.post("/create/doctor", body.clone()).await.bad_fields();
    assert_eq!(refusal, fields(&[("fee.currency", "INVALID"), ("fee.tip", "UNKNOWN_FIELD")]));
    for (amount, code) in [
        (json!(99), "INVALID"),
        (json!(-1), "TYPE"),
        (json!(1.5), "TYPE"),
        (json!("500"), "TYPE"),
        (json!(50_000_001), "INVALID"),
        (json!(null), "TYPE"),
        (json!(1e30), "TYPE"),
    ] {
        body["fee"] = json!({ "amount": amount, "currency": "INR" });
        let refusal = admin.post("/create/doctor", body.clone()).await.bad_fields();
        assert_eq!(refusal, fields(&[("fee.amount", code)]), "{amount}");
    }
    body["fee"] = json!({ "amount": 100, "currency": "USD" });
    let refusal = admin.post("/create/doctor", body.clone()).await.bad_fields();
    assert_eq!(refusal, fields(&[("fee.currency", "INVALID")]));
    body["fee"] = json!(500);
    let refusal = admin.post("/create/doctor", body).await.bad_fields();
    assert_eq!(refusal, fields(&[("fee", "TYPE")]));

    let mut body = world.a.patient_body("x", "X");
    body["dateOfBirth"] = json!("2030-12-03");
    let refusal = admin.post("/create/patient", body).await.bad_fields();
    assert_eq!(refusal, fields(&[("dateOfBirth", "INVALID")]));
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn an_identifier_is_one_hospitals_own() {
    let world = World::new().await;
    let body = world.a.patient_body("x", "MRN-00042");
    world.a.admin.post("/create/patient", body).await.refused(409, "DUPLICATE_IDENTIFIER");
    world.a.admin.post("/create/patient", world.a.patient_body("x", "MRN-77")).await.is(201);
    world.b.admin.post("/create/patient", world.b.patient_body("x", "MRN-77")).await.is(201);
}

#[tokio::test]
async fn an_address_is_one_hospitals_own() {
    let world = World::new().await;
    let of = |local: &str| {
        let mut body = world.a.doctor_body("x");
        body["email"] = json!(world.a.address(local));
        body
    };
    // The doctor's, the patient's, the administrator's.
    for local in ["meera", "asha", "admin", "MEERA"] {
        world.a.admin.post("/create/doctor", of(local)).await.refused(409, "DUPLICATE_EMAIL");
    }
    world.b.admin.post("/create/doctor", of("meera")).await.is(201);
    let patient = world.a.patient_body("meera", "MRN-9");
    world.a.admin.post("/create/patient", patient).await.refused(409, "DUPLICATE_EMAIL");
}

#[tokio::test]
async fn of_ten_with_one_identifier_at_once_one_is_entered() {
    let world = World::new().await;
    let bodies: Vec<Value> =
        (0..10).map(|n| world.a.patient_body(&format!("x{n}"), "MRN-1")).collect();
    let answers =
        join_all(bodies.iter().map(|body| world.a.admin.post("/create/patient", body.clone())))
            .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "DUPLICATE_IDENTIFIER");
    }
    // Both or neither: nobody has an account without a patient.
    assert_eq!(world.books().count("patients").await, 3);
    let somebodys = doc! { "nobody": { "$exists": false } };
    let accounts = world.books().find("accounts", somebodys).await;
    assert_eq!(accounts.len(), 1 + 2 * 3 + 1);
}

#[tokio::test]
async fn of_ten_doctors_with_one_address_at_once_one_is_entered() {
    let world = World::new().await;
    let body = world.a.doctor_body("same");
    let answers =
        join_all((0..10).map(|_| world.a.admin.post("/create/doctor", body.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "DUPLICATE_EMAIL");
    }
}

#[tokio::test]
async fn people_change_their_own_name_and_mobile() {
    let world = World::new().await;
    let change = json!({ "name": "Asha Devi", "mobile": "+14155552671" });
    for who in [&world.a.patient, &world.a.doctor, &world.a.admin] {
        let path = format!("/users/{}", who.account);
        let changed = who.patch(&*path, change.clone()).await.is(200);
        assert_eq!(
            (text(&changed, "/name"), text(&changed, "/mobile")),
            ("Asha Devi".into(), "+14155552671".into())
        );
        assert_eq!(who.get(path).await.is(200), changed);
    }
    let (patient, doctor) = (&world.a.patient, &world.a.doctor);
    patient
        .patch(format!("/users/{}", doctor.account), change.clone())
        .await
        .refused(404, "NOT_FOUND");
    patient.get(format!("/users/{}", doctor.account)).await.refused(404, "NOT_FOUND");
    // The hospital's administrator sees and changes everybody.
    let changed = world
        .a
        .admin
        .patch(format!("/users/{}", doctor.account), json!({ "name": "Dr. M. Nair" }))
        .await;
    assert_eq!(text(&changed.is(200), "/name"), "Dr. M. Nair");
    let refusal = patient.patch(
        format!("/users/{}", patient.account),
        json!({ "email": "a@b.in", "role": "doctor" }),
    );
    assert_eq!(
        refusal.await.bad_fields(),
        fields(&[("email", "UNKNOWN_FIELD"), ("role", "UNKNOWN_FIELD")])
    );
}

#[tokio::test]
async fn a_hospital_changes_its_patients() {
    let world = World::new().await;
    let path = format!("/patients/{}", world.a.patient.patient);
    let change = json!({ "name": "Asha Devi", "dateOfBirth": "1980-01-01" });
    let changed = world.a.admin.patch(&*path, change.clone()).await.is(200);
    assert_eq!(
        (text(&changed, "/name"), text(&changed, "/dateOfBirth")),
        ("Asha Devi".into(), "1980-01-01".into())
    );
    assert_eq!(world.a.doctor.get(&*path).await.is(200), changed);
    for who in [&world.a.doctor, &world.a.patient, &world.admin] {
        who.patch(&*path, change.clone()).await.refused(403, "FORBIDDEN");
    }
    // A new name is found.
    let found = world.a.doctor.get("/doctor/patient-list?q=asha%20d").await.is(200);
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_first_otp_that_cannot_be_mailed_does_not_undo_the_person() {
    let world = World::new().await;
    // Without Redis no OTP can be kept; the person is there all the same, and asks for one later.
    let away = world.with(&[("UPSTASH_REDIS_REST_URL", "http://127.0.0.1:9")]);
    let body = world.a.patient_body("new", "MRN-1");
    world.a.admin.at(&away).post("/create/patient", body).await.is(201);
    let patient =
        Actor { email: world.a.address("new"), code: world.a.code.clone(), ..world.visitor() };
    patient.post("/otp-login", patient.key()).await.is(202);
    patient.activated(&patient.email, &patient.code).await;
}
