//! One account, several patients.

use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{
    actor::{Actor, ids, text},
    world::World,
};

/// One more patient on the account of Asha Rao.
async fn joins(world: &World, identifier: &str) -> Value {
    let mut body = world.a.patient_body("asha", identifier);
    body["name"] = json!("Kiran Rao");
    world.pass(1);
    world.a.admin.post("/create/patient", body).await.is(201)
}

#[tokio::test]
async fn a_second_patient_with_the_address_joins_the_account() {
    let world = World::new().await;
    let asha = &world.a.patient;
    let kiran = joins(&world, "MRN-2").await;
    assert_eq!(text(&kiran, "/accountId"), asha.account);
    assert_eq!(text(&kiran, "/status"), "active");
    let mine = asha.get("/me/patients").await.is(200);
    assert_eq!(ids(&mine), [asha.patient.clone(), text(&kiran, "/id")]);
    assert_eq!(world.mail().count(&asha.email, "A person was added").await, 1);
    assert_eq!(
        ids(&world.b.patient.get("/me/patients").await.is(200)),
        [world.b.patient.patient.clone()]
    );
}

#[tokio::test]
async fn a_family_becomes_active_together() {
    let world = World::new().await;
    for identifier in ["F-1", "F-2", "F-3"] {
        let body = world.a.patient_body("family", identifier);
        let made = world.a.admin.post("/create/patient", body).await.is(201);
        assert_eq!(text(&made, "/status"), "pending");
    }
    let family = world.visitor().activated(&world.a.address("family"), &world.a.code).await;
    let mine = family.get("/me/patients").await.is(200);
    let statuses: Vec<&Value> =
        mine["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [&json!("active"); 3]);
}

#[tokio::test]
async fn ten_at_once_become_one_family() {
    let world = World::new().await;
    let bodies: Vec<Value> =
        (0..10).map(|n| world.a.patient_body("family", &format!("F-{n}"))).collect();
    let answers =
        join_all(bodies.iter().map(|body| world.a.admin.post("/create/patient", body.clone())))
            .await;
    let accounts: BTreeSet<String> =
        answers.into_iter().map(|answer| text(&answer.is(201), "/accountId")).collect();
    assert_eq!(accounts.len(), 1);
}

#[tokio::test]
async fn a_booking_says_for_whom() {
    let world = World::new().await;
    let asha = &world.a.patient;
    let kiran = text(&joins(&world, "MRN-2").await, "/id");
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "12:00", 30).await;
    let book = |slot: &Value, patient: &str| {
        let body = json!({ "slotId": slot["id"], "patientId": patient });
        async move { asha.post("/slots/book", body).await }
    };
    let refusal = asha.tries_to_book(&slots[0]).await.bad_fields();
    assert_eq!(refusal, [("patientId".to_owned(), "REQUIRED".to_owned())]);
    let booked = book(&slots[0], &kiran).await.is(201);
    assert_eq!(text(&booked, "/appointment/patient/id"), kiran);
    assert_eq!(text(&booked, "/appointment/patient/identifier"), "MRN-2");
    let booked = book(&slots[1], &asha.patient).await.is(201);
    assert_eq!(text(&booked, "/appointment/patient/id"), asha.patient);
    // Somebody else's patient, one of the other hospital, and one who never was.
    let other = world.a.new_patient("other").await;
    let last = if kiran.ends_with('0') { '1' } else { '0' };
    let unknown = format!("{}{last}", &kiran[..kiran.len() - 1]);
    let refusal = book(&slots[2], &unknown).await;
    let expected = refusal.face();
    refusal.refused(404, "NOT_FOUND");
    for foreign in [&other.patient, &world.b.patient.patient] {
        assert_eq!(book(&slots[2], foreign).await.face(), expected);
    }
    other
        .post("/slots/book", json!({ "slotId": slots[2]["id"], "patientId": kiran }))
        .await
        .refused(404, "NOT_FOUND");
    world.check().await;
}

#[tokio::test]
async fn a_family_is_in_two_places_but_no_one_of_it() {
    let world = World::new().await;
    let asha = &world.a.patient;
    let kiran = text(&joins(&world, "MRN-2").await, "/id");
    let second = world.a.new_doctor("vikram", "Vikram Shah").await;
    let mut slots = Vec::new();
    for doctor in [&world.a.doctor, &second] {
        slots.push(doctor.sets_slot("2030-12-03", "10:00").await);
    }
    let book = |slot: &Value, patient: &str| {
        let body = json!({ "slotId": slot["id"], "patientId": patient });
        async move { asha.post("/slots/book", body).await }
    };
    book(&slots[0], &asha.patient).await.is(201);
    book(&slots[1], &asha.patient).await.refused(409, "PATIENT_BUSY");
    book(&slots[1], &kiran).await.is(201);
    assert_eq!(ids(&asha.get("/appointments/upcoming").await.is(200)).len(), 2);
    world.check().await;
}

#[tokio::test]
async fn no_stranger_is_pushed_into_an_account_of_another_kind() {
    let world = World::new().await;
    for local in ["meera", "admin"] {
        let body = world.a.patient_body(local, "MRN-2");
        world.a.admin.post("/create/patient", body).await.refused(409, "DUPLICATE_EMAIL");
    }
    // Nor into one that is shut.
    let patient = &world.a.patient;
    world.a.admin.act(format!("/users/{}/block", patient.account)).await.is(200);
    let answer = world.a.admin.post("/create/patient", world.a.patient_body("asha", "MRN-2")).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    let doctor: &Actor = &world.a.doctor;
    let list = doctor.get("/doctor/patient-list?q=MRN-2").await.is(200);
    assert_eq!(ids(&list), Vec::<String>::new());
}

#[tokio::test]
async fn whoever_was_not_entered_after_all_voids_nobodys_otp() {
    let world = World::new().await;
    let admin = &world.a.admin;
    admin.post("/create/patient", world.a.patient_body("ravi", "MRN-7")).await.is(201);
    // The account is pending, and its code is on its way; the second one's number is taken.
    let again = world.a.patient_body("ravi", "MRN-7");
    admin.post("/create/patient", again).await.refused(409, "DUPLICATE_IDENTIFIER");
    let ravi = world.visitor().activated(&world.a.address("ravi"), &world.a.code).await;
    assert!(ravi.is_in().await);
}

#[tokio::test]
async fn each_of_a_family_has_lists_of_his_own() {
    let world = World::new().await;
    let (asha, doctor) = (&world.a.patient, &world.a.doctor);
    let kiran = text(&joins(&world, "MRN-2").await, "/id");
    let other = world.a.new_patient("other").await;
    let slots = doctor.sets_slots("2030-12-02", "10:00", "11:30", 30).await;
    let books = async |patient: &str, slot: &Value| {
        let body = json!({ "slotId": slot["id"], "patientId": patient });
        text(&asha.post("/slots/book", body).await.is(201), "/appointment/id")
    };
    let (own, theirs) = (books(&asha.patient, &slots[0]).await, books(&kiran, &slots[1]).await);
    let foreign = text(&other.books(&slots[2]).await, "/id");
    for list in ["/appointments", "/appointments/today", "/appointments/upcoming"] {
        let of = async |who: &Actor, patient: &str| {
            ids(&who.get(format!("{list}?patientId={patient}")).await.is(200))
        };
        assert_eq!(of(asha, &asha.patient).await, [own.clone()], "{list}");
        assert_eq!(of(asha, &kiran).await, [theirs.clone()], "{list}");
        assert_eq!(of(doctor, &kiran).await, [theirs.clone()], "{list}");
        assert_eq!(of(doctor, &other.patient).await, [foreign.clone()], "{list}");
        // Whoever is of another account, or of another hospital, is nobody.
        assert_eq!(of(asha, &other.patient).await, Vec::<String>::new(), "{list}");
        assert_eq!(of(asha, &world.b.patient.patient).await, Vec::<String>::new(), "{list}");
        let bad = asha.get(format!("{list}?patientId=me")).await.bad_fields();
        assert_eq!(bad[0].0, "patientId");
    }
    let both = format!("/appointments?patientId={kiran}&doctorId={}&status=held", doctor.account);
    assert_eq!(ids(&world.a.admin.get(both).await.is(200)), [theirs]);
}
