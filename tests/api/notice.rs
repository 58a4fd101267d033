//! How short before, and how far ahead, a slot is booked: the hospital says, and a doctor may ask
//! for more notice or less time ahead.

use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, text},
    world::World,
};

async fn rules(world: &World, notice: u32, days: u32) {
    let rules = json!({ "minNoticeMinutes": notice, "maxDaysAhead": days });
    let changed = world.a.admin.patch("/hospital", json!({ "booking": rules })).await.is(200);
    assert_eq!(changed["booking"], rules);
}

async fn offered(who: &Actor) -> Vec<String> {
    ids(&who.get("/slots").await.is(200))
}

fn id(slot: &Value) -> String {
    text(slot, "/id")
}

#[tokio::test]
async fn a_hospital_says_how_short_before_and_how_far_ahead_one_may_book() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    // It is nine in the morning.
    let near = doctor.sets_slot("2030-12-02", "10:59").await;
    let just = doctor.sets_slot("2030-12-02", "11:30").await;
    let last = doctor.sets_slot("2030-12-04", "23:30").await;
    let far = doctor.sets_slot("2030-12-05", "00:00").await;
    let theirs = world.b.doctor.sets_slot("2030-12-02", "10:00").await;
    assert_eq!(offered(patient).await, [id(&near), id(&just), id(&last), id(&far)]);
    rules(&world, 120, 2).await;
    assert_eq!(offered(patient).await, [id(&just), id(&last)]);
    assert_eq!(offered(doctor).await.len(), 4);
    let doctors = patient.get("/doctors").await.is(200);
    assert_eq!(doctors["items"][0]["nextAvailable"], just["start"]);
    patient.tries_to_book(&near).await.refused(422, "SLOT_TOO_SOON");
    patient.tries_to_book(&far).await.refused(422, "SLOT_TOO_FAR");
    world.b.patient.books(&theirs).await;
    patient.books(&just).await;
    // Only what can be booked is offered instead.
    let other = world.a.new_patient("other").await;
    let refusal = other.tries_to_book(&just).await.refused(409, "SLOT_TAKEN");
    assert_eq!(refusal["alternatives"].as_array().map(Vec::len), Some(1));
    assert_eq!(refusal["alternatives"][0]["id"], last["id"]);
    world.set("2030-12-03T00:00:00+05:30");
    let patient = patient.comes_back().await;
    assert_eq!(offered(&patient).await, [id(&last), id(&far)]);
    patient.books(&far).await;
    world.check().await;
}

#[tokio::test]
async fn a_doctor_may_only_narrow() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let set = async |date: &str, from: &str, to: &str, more: Value| {
        let mut body = json!({ "date": date, "from": from, "to": to, "slotMinutes": 30 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        doctor.post("/slots/set", body).await.is(201)["slots"][0].clone()
    };
    rules(&world, 60, 30).await;
    let wider = json!({ "minNoticeMinutes": 0, "maxDaysAhead": 366 });
    let soon = set("2030-12-02", "09:30", "10:00", wider.clone()).await;
    let far = set("2031-01-10", "09:30", "10:00", wider).await;
    let noticed = set("2030-12-02", "12:00", "12:30", json!({ "minNoticeMinutes": 240 })).await;
    let ahead = set("2030-12-04", "12:00", "12:30", json!({ "maxDaysAhead": 1 })).await;
    patient.tries_to_book(&soon).await.refused(422, "SLOT_TOO_SOON");
    patient.tries_to_book(&far).await.refused(422, "SLOT_TOO_FAR");
    patient.tries_to_book(&noticed).await.refused(422, "SLOT_TOO_SOON");
    patient.tries_to_book(&ahead).await.refused(422, "SLOT_TOO_FAR");
    assert_eq!(offered(patient).await, Vec::<String>::new());
    let doctors = patient.get("/doctors").await.is(200);
    assert_eq!(doctors["items"][0]["nextAvailable"], Value::Null);
    // Published again in another way, what is open is sold so from now on.
    let body = json!({ "replace": true });
    let noticed = set("2030-12-02", "12:00", "12:30", body).await;
    assert_eq!(offered(patient).await, [id(&noticed)]);
    patient.books(&noticed).await;
    world.set("2030-12-03T00:00:00+05:30");
    let patient = patient.comes_back().await;
    assert_eq!(offered(&patient).await, [id(&ahead)]);
    patient.books(&ahead).await;
    world.check().await;
}

#[tokio::test]
async fn a_hospital_says_how_long_a_slot_is_kept_for_payment() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    let before = world.a.patient.books(&slots[0]).await;
    let rules = json!({ "minNoticeMinutes": 0, "maxDaysAhead": 366, "holdMinutes": 25 });
    world.a.admin.patch("/hospital", json!({ "booking": rules })).await.is(200);
    let after = world.a.patient.books(&slots[1]).await;
    assert_eq!(before["holdExpiresAt"], "2030-12-02T09:10:00+05:30");
    assert_eq!(after["holdExpiresAt"], "2030-12-02T09:25:00+05:30");
}

#[tokio::test]
async fn mistakes_in_rules_are_named() {
    let world = World::new().await;
    let body = json!({ "booking": { "minNoticeMinutes": 43_201, "maxDaysAhead": -1, "holdMinutes": 0, "x": 1 } });
    let fields = world.a.admin.patch("/hospital", body).await.bad_fields();
    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
    let of = ["holdMinutes", "maxDaysAhead", "minNoticeMinutes", "x"];
    assert_eq!(names, of.map(|name| format!("booking.{name}")));
    let body = json!({
        "date": "2030-12-03", "from": "10:00", "to": "11:00", "slotMinutes": 30,
        "minNoticeMinutes": "60", "maxDaysAhead": 367,
    });
    let fields = world.a.doctor.post("/slots/set", body).await.bad_fields();
    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(names, ["maxDaysAhead", "minNoticeMinutes"]);
    let body = json!({ "booking": { "minNoticeMinutes": 0, "maxDaysAhead": 1 } });
    for who in [&world.a.doctor, &world.a.patient, &world.admin] {
        who.patch("/hospital", body.clone()).await.refused(403, "FORBIDDEN");
    }
}
