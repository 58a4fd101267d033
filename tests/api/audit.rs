//! The audit trail: who was where, told truly and completely, and sealed.

use crate::importing::{file, form};
use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, items, text},
    imports::Imports,
    wire::Wire,
    world::World,
};

/// The hospital's trail, the latest first, without the reads of it: this one's own entry is written
/// beside it, and may be in it or not.
async fn trail(admin: &Actor, query: &str) -> Vec<Value> {
    let all = items(&admin.get(format!("/audit?limit=100{query}")).await.is(200));
    all.into_iter().filter(|entry| entry["act"] != "GET /audit").collect()
}

fn acts(entries: &[Value]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| format!("{} {}", text(entry, "/act"), text(entry, "/result")))
        .collect()
}

#[tokio::test]
async fn a_read_of_a_patient_says_who_whom_from_where_and_when() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    world.pass(1);
    doctor.get(format!("/patients/{}", patient.patient)).await.is(200);
    let found = trail(&world.a.admin, &format!("&about={}", patient.patient)).await;
    let entry = &found[0];
    assert_eq!(entry["act"], "GET /patients/{id}");
    assert_eq!(entry["actor"]["account"], json!(doctor.account));
    assert_eq!(entry["actor"]["role"], "doctor");
    assert!(text(entry, "/actor/session").starts_with("ses_"));
    assert_eq!(entry["from"], json!(doctor.ip));
    assert_eq!(entry["at"], "2030-12-02T09:00:01+05:30");
    assert_eq!(entry["result"], "allowed");
    assert!(!text(entry, "/requestId").is_empty());
    assert_eq!(found.len(), 2, "it, and that he was entered: {found:#?}");
}

#[tokio::test]
async fn every_change_and_every_read_of_people_is_there() {
    let world = World::new().await;
    let (admin, doctor, patient) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = patient.books_and_pays(&slot).await;
    let (id, account) = (text(&appointment, "/id"), &patient.account);
    doctor.get("/doctor/patient-list").await.is(200);
    doctor.get("/appointments/today").await.is(200);
    doctor.get("/appointments/upcoming").await.is(200);
    patient.get("/me/patients").await.is(200);
    patient.get("/me").await.is(200);
    admin.get("/users").await.is(200);
    admin.get(format!("/users/{account}")).await.is(200);
    admin.get("/patients").await.is(200);
    admin.get("/appointments").await.is(200);
    admin.get(format!("/appointments/{id}")).await.is(200);
    patient.get(format!("/appointments/{id}/cancel-quote")).await.is(200);
    admin
        .patch(format!("/patients/{}", patient.patient), json!({ "name": "Asha R" }))
        .await
        .is(200);
    patient.patch(format!("/users/{account}"), json!({ "name": "Asha R" })).await.is(200);
    patient.cancels(&appointment).await.is(200);
    admin.act(format!("/users/{account}/block")).await.is(200);
    admin.act(format!("/users/{account}/unblock")).await.is(200);
    admin.delete(format!("/users/{account}")).await.is(204);
    // Nobody's data is in these.
    for path in ["/slots", "/doctors", "/hospital"] {
        doctor.get(path).await.is(200);
    }
    let acts = acts(&trail(admin, "").await);
    for act in [
        "POST /slots/set",
        "POST /slots/book",
        "POST /payment/create-order",
        "POST /payment/verify",
        "GET /doctor/patient-list",
        "GET /appointments/today",
        "GET /appointments/upcoming",
        "GET /me/patients",
        "GET /me",
        "GET /users",
        "GET /users/{id}",
        "GET /patients",
        "GET /appointments",
        "GET /appointments/{id}",
        "GET /appointments/{id}/cancel-quote",
        "PATCH /patients/{id}",
        "PATCH /users/{id}",
        "POST /slots/cancel",
        "POST /users/{id}/block",
        "POST /users/{id}/unblock",
        "DELETE /users/{id}",
        "POST /otp-login/verify",
        "POST /create/doctor",
        "POST /create/patient",
    ] {
        assert!(acts.contains(&format!("{act} allowed")), "{act} is not in {acts:#?}");
    }
    for act in ["GET /slots", "GET /doctors", "GET /hospital"] {
        assert!(!acts.iter().any(|known| known.starts_with(&format!("{act} "))), "{act}");
    }
}

/// What parts of the product did by themselves. Of the same instant, none is before another.
fn by_services(entries: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = entries
        .iter()
        .filter_map(|entry| Some((entry["actor"]["service"].as_str()?, entry)))
        .map(|(service, entry)| {
            format!("{service} {} {}", text(entry, "/act"), text(entry, "/result"))
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_the_clock_does_is_there_before_it_is_done() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let paid = patient.books_and_pays(&slots[0]).await;
    let held = patient.books(&slots[1]).await;
    world.run(Job::Effects).await;
    patient.cancels(&paid).await;
    // Razorpay is not there: the refund comes to nothing, the mail goes.
    let away = world.with(&[("RAZORPAY_API_URL", "http://127.0.0.1:9")]);
    away.run(Job::Effects).await;
    world.pass(15 * 60);
    let admin = admin.refreshed().await;
    world.run(Job::Reconcile).await;
    world.run(Job::Holds).await;
    let about = async |appointment: &Value| {
        let found = trail(&admin, &format!("&about={}", text(appointment, "/id"))).await;
        assert!(found.iter().all(|entry| {
            entry["actor"]["service"].is_null()
                || entry["about"] == json!([appointment["id"], patient.patient])
        }));
        by_services(&found)
    };
    assert_eq!(
        about(&paid).await,
        [
            "scheduled effects/mail allowed",
            "scheduled effects/mail allowed",
            "scheduled effects/refund allowed",
            "scheduled effects/refund failed",
            "scheduled reconcile allowed",
        ]
    );
    assert_eq!(about(&held).await, ["scheduled holds allowed"]);
    // His patient's log has them too, and tells him that nobody was there.
    let log = items(&patient.refreshed().await.get("/me/access-log").await.is(200));
    assert!(log.iter().any(|entry| {
        entry["by"] == json!({ "yourself": false, "service": "scheduled" })
            && entry["act"] == "holds"
            && entry["ids"] == json!([held["id"], patient.patient])
    }));
    // Mails go to accounts; another hospital's trail has its own.
    let mails = trail(&admin, &format!("&about={}", patient.account)).await;
    assert!(by_services(&mails).contains(&"scheduled mails allowed".to_owned()));
    let stranger = world.b.admin.refreshed().await;
    assert!(trail(&stranger, &format!("&about={}", patient.account)).await.is_empty());
}

#[tokio::test]
async fn nothing_is_done_by_the_clock_that_cannot_be_written_down() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let held = world.a.patient.books(&slot).await;
    world.pass(15 * 60);
    let wire = Wire::new().await;
    wire.cuts_the_trail();
    let failed = world.with(&[("MONGODB_URI", &wire.uri)]).tries(Job::Holds).await;
    assert!(failed.is_err());
    let stored = world.books().find("appointments", doc! { "_id": text(&held, "/id") }).await;
    assert_eq!(stored[0].get_str("status").unwrap(), "held");
}

#[tokio::test]
async fn an_import_is_there_from_its_beginning_to_its_end() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    for (file, ends) in [(file(0, 2), "done"), (b"PK\x03\x04 no list at all".to_vec(), "refused")] {
        let (id, key) = form(&world).await;
        imports.arrives(&key, &file).await;
        let found = trail(&world.a.admin, &format!("&about={id}")).await;
        assert_eq!(
            by_services(&found),
            ["patient-import import allowed".to_owned(), format!("patient-import import {ends}")]
        );
        let code = found.iter().find_map(|entry| entry["code"].as_str());
        assert_eq!(code, (ends == "refused").then_some("WORKBOOK"));
        assert!(acts(&found).contains(&"POST /patients/import done".to_owned()));
    }
    let log = items(&world.a.patient.get("/me/access-log").await.is(200));
    let list = log.iter().find(|entry| entry["act"] == "import").unwrap();
    assert_eq!(
        (&list["about"], &list["by"]["service"]),
        (&json!("list"), &json!("patient-import"))
    );
}

#[tokio::test]
async fn refusals_are_there_with_their_reason() {
    let world = World::new().await;
    let (admin, doctor) = (&world.a.admin, &world.a.doctor);
    let foreign = &world.b.patient.patient;
    doctor.get(format!("/patients/{foreign}")).await.refused(404, "NOT_FOUND");
    world.pass(1);
    doctor.get("/users").await.refused(403, "FORBIDDEN");
    world.pass(1);
    let cursor = {
        let list = world.b.admin.get("/users?limit=1").await.is(200);
        text(&list, "/nextCursor")
    };
    admin.get(format!("/users?cursor={cursor}")).await.refused(404, "NOT_FOUND");
    let found = trail(admin, "&result=refused").await;
    let told: Vec<(String, String)> =
        found.iter().map(|entry| (text(entry, "/act"), text(entry, "/code"))).collect();
    let expected = [
        ("GET /users", "NOT_FOUND"),
        ("GET /users", "FORBIDDEN"),
        ("GET /patients/{id}", "NOT_FOUND"),
    ];
    assert_eq!(told, expected.map(|(act, code)| (act.to_owned(), code.to_owned())));
    assert_eq!(found[2]["about"], json!([foreign]));
    // The other hospital learns nothing of it.
    let other = trail(&world.b.admin, &format!("&actor={}", doctor.account)).await;
    assert!(other.is_empty());
    assert!(trail(&world.b.admin, "&result=refused").await.is_empty());
}

#[tokio::test]
async fn log_ins_are_there_right_and_wrong() {
    let world = World::new().await;
    let patient = &world.a.patient;
    world.pass(1);
    let wrong = patient.key_and(&json!({ "otp": "000000" }));
    patient.with_token("").post("/otp-login/verify", wrong).await.refused(401, "INVALID_OTP");
    let found = trail(&world.a.admin, &format!("&actor={}", patient.account)).await;
    assert_eq!(acts(&found), ["POST /otp-login/verify refused", "POST /otp-login/verify allowed"]);
    assert_eq!(found[0]["code"], "INVALID_OTP");
    // One for an address nobody has is nobody's, and is the platform's to know.
    let before = world.books().find("audit", doc! { "hospitalId": "platform" }).await.len();
    let stranger = json!({ "email": "nobody@mail.example", "password": "whatever it is" });
    world.visitor().post("/login", stranger).await.refused(401, "INVALID_CREDENTIALS");
    let after = world.books().find("audit", doc! { "hospitalId": "platform" }).await;
    assert_eq!(after.len(), before + 1);
    let text = after.last().unwrap().to_string();
    assert!(!text.contains("nobody@"), "{text}");
}

#[tokio::test]
async fn no_entry_holds_a_name_an_address_or_a_secret() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    admin.get("/patients?q=asha").await.is(200);
    let mut body = world.a.patient_body("ravi", "MRN-7");
    body["password"] = json!("a fine password indeed");
    admin.post("/create/patient", body).await.is(201);
    let wrong = patient.key_and(&json!({ "password": "a fine password indeed" }));
    patient.with_token("").post("/login", wrong).await.refused(401, "INVALID_CREDENTIALS");
    for entry in world.books().find("audit", doc! {}).await {
        let text = entry.to_string();
        for secret in ["asha", "Asha", "@", "fine password", "98765", "MRN", &patient.access] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn a_patient_sees_who_was_at_his_data() {
    let world = World::new().await;
    let (admin, doctor, patient) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    let other = world.a.new_patient("ravi").await;
    let slot = doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = patient.books_and_pays(&slot).await;
    world.pass(1);
    doctor.get(format!("/patients/{}", patient.patient)).await.is(200);
    world.pass(1);
    admin.get(format!("/appointments/{}", text(&appointment, "/id"))).await.is(200);
    doctor.get(format!("/patients/{}", other.patient)).await.is(200);
    doctor.get("/doctor/patient-list").await.is(200);
    let log = items(&patient.get("/me/access-log?lists=false").await.is(200));
    let by_others: Vec<(String, String)> = log
        .iter()
        .filter(|entry| entry["by"]["yourself"] == json!(false))
        .filter(|entry| entry["by"]["service"].is_null())
        .map(|entry| (text(entry, "/act"), text(entry, "/by/name")))
        .collect();
    let told = |act: &str, name: &str| (act.to_owned(), name.to_owned());
    assert_eq!(
        by_others,
        [
            told("GET /appointments/{id}", "Anil Kumar"),
            told("GET /patients/{id}", "Meera Nair"),
            told("POST /create/patient", "Anil Kumar"),
            told("POST /create/patient", "Anil Kumar"),
        ]
    );
    assert!(log.iter().any(|entry| entry["by"]["yourself"] == json!(true)
        && text(entry, "/act") == "POST /slots/book"
        && entry["from"] == json!(patient.ip)));
    // The list he stood on, and no address of anybody's but his own.
    let log = items(&patient.get("/me/access-log").await.is(200));
    let list = log.iter().find(|entry| entry["act"] == "GET /doctor/patient-list").unwrap();
    assert_eq!((&list["about"], list.get("from")), (&json!("list"), None));
    // Whoever has no appointment with the doctor is on none of his lists of appointments.
    doctor.get("/appointments/upcoming").await.is(200);
    let seen = async |who: &Actor| {
        let log = items(&who.get("/me/access-log").await.is(200));
        log.iter().any(|entry| entry["act"] == "GET /appointments/upcoming")
    };
    assert!(seen(patient).await);
    assert!(!seen(&other).await);
    doctor.get("/me/access-log").await.refused(403, "FORBIDDEN");
    patient.get("/audit").await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn pages_of_the_trail_stay_right_while_it_grows() {
    let world = World::new().await;
    let (admin, doctor) = (&world.a.admin, &world.a.doctor);
    for _ in 0..5 {
        world.pass(1);
        doctor.get("/doctor/patient-list").await.is(200);
    }
    let mut seen = Vec::new();
    let mut path = format!("/audit?limit=2&actor={}", doctor.account);
    loop {
        let page = admin.get(&*path).await.is(200);
        seen.extend(items(&page).iter().map(|entry| text(entry, "/id")));
        world.pass(1);
        doctor.get("/doctor/patient-list").await.is(200);
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/audit?limit=2&actor={}&cursor={cursor}", doctor.account);
    }
    assert_eq!(seen.len(), 6, "five lists and a log-in");
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
}

#[tokio::test]
async fn whatever_is_changed_or_taken_away_is_found() {
    let world = World::new().await;
    let (admin, doctor) = (&world.a.admin, &world.a.doctor);
    for _ in 0..3 {
        world.pass(1);
        doctor.get("/doctor/patient-list").await.is(200);
        assert!(world.run(Job::Seal).await > 0);
    }
    let whole = admin.get("/audit/verify").await.is(200);
    assert_eq!(whole["faults"], json!([]));
    assert_eq!(whole["blocks"], 3);
    assert_eq!(whole["head"]["number"], 3);
    assert!(whole["entries"].as_i64().unwrap() > 5);
    let sealed = doc! { "hospitalId": &world.a.id, "act": "GET /doctor/patient-list" };
    let found = world.books().find("audit", sealed).await;
    let id = found.iter().filter_map(|entry| entry.get_str("_id").ok()).min().unwrap();
    world.books().change("audit", doc! { "_id": id }, doc! { "$set": { "act": "nothing" } }).await;
    let fault = |kind: &str| json!([{ "block": 1, "entryId": id, "fault": kind }]);
    assert_eq!(admin.get("/audit/verify").await.is(200)["faults"], fault("changed"));
    world.books().remove("audit", doc! { "_id": id }).await;
    assert_eq!(admin.get("/audit/verify").await.is(200)["faults"], fault("missing"));
    let second = doc! { "hospitalId": &world.a.id, "number": 2 };
    world.books().remove("auditBlocks", second).await;
    let faults = admin.get("/audit/verify").await.is(200);
    assert!(
        items(&json!({ "items": faults["faults"] }))
            .contains(&json!({ "block": 3, "fault": "broken" }))
    );
    // The other hospital's chain is another one.
    assert_eq!(world.b.admin.get("/audit/verify").await.is(200)["faults"], json!([]));
}

#[tokio::test]
async fn many_who_write_and_seal_at_once_make_one_chain() {
    let world = World::new().await;
    let (admin, doctor) = (&world.a.admin, &world.a.doctor);
    for _ in 0..3 {
        let reads = join_all((0..20).map(|_| doctor.get("/doctor/patient-list")));
        let (reads, _) = tokio::join!(reads, join_all((0..4).map(|_| world.run(Job::Seal))));
        for read in reads {
            read.is(200);
        }
    }
    world.run(Job::Seal).await;
    let mut checked = 0;
    let mut path = "/audit/verify?limit=2".to_owned();
    loop {
        let part = admin.get(&*path).await.is(200);
        assert_eq!(part["faults"], json!([]));
        checked += part["entries"].as_u64().unwrap();
        let Some(cursor) = part["nextCursor"].as_str() else { break };
        path = format!("/audit/verify?limit=2&cursor={cursor}");
    }
    let sealed = doc! { "hospitalId": &world.a.id, "waiting": { "$exists": false } };
    let all = world.books().find("audit", sealed).await.len();
    assert_eq!(checked, u64::try_from(all).unwrap());
    let lists = trail(admin, &format!("&actor={}", doctor.account)).await;
    assert_eq!(lists.iter().filter(|entry| entry["listed"] == "people").count(), 60);
}

#[tokio::test]
async fn a_seal_that_was_interrupted_is_ended_by_the_next() {
    let world = World::new().await;
    world.a.doctor.get("/doctor/patient-list").await.is(200);
    world.run(Job::Seal).await;
    // Killed between the block and the entries' marks.
    let own = doc! { "hospitalId": &world.a.id };
    world.books().change("audit", own.clone(), doc! { "$set": { "waiting": true } }).await;
    world.run(Job::Seal).await;
    let found = world.a.admin.get("/audit/verify").await.is(200);
    assert_eq!((&found["faults"], &found["blocks"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn a_run_seals_no_more_once_its_time_is_over_and_the_next_seals_the_rest() {
    let world = World::new().await;
    let waiting = async || world.books().find("audit", doc! { "waiting": true }).await.len();
    // The chains of both hospitals, and the platform's.
    let all = waiting().await;
    let held = Wire::holding(&[("insert", "auditBlocks"); 2]).await;
    let slow = world.with(&[("MONGODB_URI", &held.uri)]);
    let (sealed, ()) = tokio::join!(slow.run(Job::Seal), async {
        // A second before its time is over it takes up another chain, and then no more.
        held.meanwhile(async { world.pass(79) }).await;
        held.meanwhile(async { world.pass(1) }).await;
    });
    let left = waiting().await;
    assert!(left > 0, "a chain is left");
    assert_eq!((sealed, world.books().count("auditBlocks").await), (all - left, 2));
    assert_eq!((world.run(Job::Seal).await, waiting().await), (left, 0));
    for hospital in [&world.a, &world.b] {
        let found = hospital.admin.get("/audit/verify").await.is(200);
        assert_eq!((&found["faults"], &found["blocks"]), (&json!([]), &json!(1)));
        let own = doc! { "hospitalId": &hospital.id, "waiting": { "$exists": false } };
        let sealed = world.books().find("audit", own).await.len();
        assert_eq!(found["entries"], json!(sealed));
    }
}
