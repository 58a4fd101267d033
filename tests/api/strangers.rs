//! What belongs to the other hospital, or to somebody else, is not there: no answer tells it from
//! what never was.

use serde_json::{Value, json};
use tests::{
    actor::{Actor, text},
    call::Call,
    world::World,
};

/// An id of the same kind that nobody has.
fn unknown(id: &str) -> String {
    let (kind, _) = id.split_once('_').unwrap();
    format!("{kind}_{}", "0".repeat(26))
}

/// Every request that names the thing with this id.
fn requests(kind: &str, id: &str) -> Vec<Call> {
    let get = |path: String| Call::get(path);
    match kind {
        "account" => vec![
            get(format!("/users/{id}")),
            Call::new("PATCH", format!("/users/{id}")).json(&json!({ "name": "Changed" })),
            Call::new("DELETE", format!("/users/{id}")),
            Call::new("POST", format!("/users/{id}/block")),
            Call::new("POST", format!("/users/{id}/unblock")),
            Call::post(
                "/slots/set",
                &json!({
                    "doctorId": id, "date": "2030-12-05", "from": "10:00", "to": "11:00", "slotMinutes": 30,
                }),
            ),
            get(format!("/queue?doctorId={id}")),
        ],
        "patient" => vec![
            get(format!("/patients/{id}")),
            Call::new("PATCH", format!("/patients/{id}")).json(&json!({ "name": "Changed" })),
        ],
        "slot" => vec![
            Call::new("DELETE", format!("/slots/{id}")),
            Call::post("/slots/book", &json!({ "slotId": id })),
        ],
        "appointment" => vec![
            get(format!("/appointments/{id}")),
            get(format!("/appointments/{id}/cancel-quote")),
            Call::post("/slots/cancel", &json!({ "appointmentId": id })),
            Call::post("/payment/create-order", &json!({ "appointmentId": id })),
        ],
        other => panic!("{other}"),
    }
}

async fn cannot_tell(who: &Actor, kind: &str, id: &str) {
    for (foreign, nothing) in requests(kind, id).into_iter().zip(requests(kind, &unknown(id))) {
        let what = format!("{} {}", foreign.method, foreign.target);
        let (foreign, nothing) = (who.send(foreign).await, who.send(nothing).await);
        assert_eq!(foreign.face(), nothing.face(), "{what}");
        assert!(matches!(foreign.status, 403 | 404), "{what}: {}", foreign.text);
    }
}

/// A confirmed appointment, an open slot.
async fn stage(world: &World) -> (Value, Value) {
    let slots = world.b.doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    (world.b.patient.books_and_pays(&slots[0]).await, slots[1].clone())
}

#[tokio::test]
async fn the_other_hospital_is_not_there() {
    let world = World::new().await;
    let (appointment, slot) = stage(&world).await;
    let before = world.books().everything().await;
    for who in [&world.a.admin, &world.a.doctor, &world.a.patient] {
        for account in [&world.b.admin, &world.b.doctor, &world.b.patient] {
            cannot_tell(who, "account", &account.account).await;
        }
        cannot_tell(who, "patient", &world.b.patient.patient).await;
        cannot_tell(who, "slot", &text(&slot, "/id")).await;
        cannot_tell(who, "appointment", &text(&appointment, "/id")).await;
    }
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn somebody_elses_in_the_own_hospital_is_not_there_either() {
    let world = World::new().await;
    let (appointment, slot) = stage(&world).await;
    let (doctor, patient) =
        tokio::join!(world.b.new_doctor("vikram", "Vikram Shah"), world.b.new_patient("other"),);
    let before = world.books().everything().await;
    let id = text(&appointment, "/id");
    cannot_tell(&doctor, "appointment", &id).await;
    cannot_tell(&patient, "appointment", &id).await;
    for account in [&world.b.doctor, &world.b.patient, &world.b.admin] {
        let of_account = |id: &str| requests("account", id).into_iter().take(2);
        for (foreign, nothing) in
            of_account(&account.account).zip(of_account(&unknown(&account.account)))
        {
            assert_eq!(patient.send(foreign).await.face(), patient.send(nothing).await.face());
        }
    }
    let slot = text(&slot, "/id");
    let (foreign, nothing) = (
        doctor.delete(format!("/slots/{slot}")).await,
        doctor.delete(format!("/slots/{}", unknown(&slot))).await,
    );
    assert_eq!(foreign.face(), nothing.face());
    assert_eq!(world.books().everything().await, before);
}

#[tokio::test]
async fn what_is_no_id_is_not_there() {
    let world = World::new().await;
    let admin = &world.a.admin;
    let account = &world.a.patient.account;
    for id in [
        "x",
        "null",
        "acc_",
        "%24ne",
        "..%2Fme",
        &account.to_uppercase(),
        &format!("{account}0"),
        &world.a.id,
    ] {
        admin.get(format!("/users/{id}")).await.refused(404, "NOT_FOUND");
        admin.get(format!("/patients/{id}")).await.refused(404, "NOT_FOUND");
        admin.get(format!("/appointments/{id}")).await.refused(404, "NOT_FOUND");
        admin.delete(format!("/slots/{id}")).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn lists_hold_the_own_hospitals_only() {
    let world = World::new().await;
    let (appointment, _) = stage(&world).await;
    let b = serde_json::to_string(&[
        &world.b.id,
        &world.b.doctor.account,
        &world.b.patient.account,
        &world.b.patient.patient,
        &world.b.admin.account,
        &text(&appointment, "/id"),
    ])
    .unwrap();
    let names: Vec<String> = serde_json::from_str(&b).unwrap();
    for who in [&world.a.admin, &world.a.doctor, &world.a.patient] {
        for path in [
            "/users",
            "/patients",
            "/me/patients",
            "/doctors",
            "/slots",
            "/appointments",
            "/hospital",
            "/me",
            "/appointments/today",
            "/appointments/upcoming",
            "/doctor/patient-list",
            "/queue",
        ] {
            let answer = who.get(path).await;
            for name in &names {
                assert!(!answer.text.contains(name), "{path} shows {name}");
            }
        }
    }
    let filtered = format!("/slots?doctorId={}", world.b.doctor.account);
    assert_eq!(world.a.admin.get(filtered).await.is(200)["items"], json!([]));
}
