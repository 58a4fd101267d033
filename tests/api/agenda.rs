//! Today's and upcoming appointments, and all of them.

use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, items, text},
    world::World,
};

async fn today(who: &Actor) -> Vec<String> {
    ids(&who.get("/appointments/today").await.is(200))
}

async fn upcoming(who: &Actor) -> Vec<String> {
    ids(&who.get("/appointments/upcoming").await.is(200))
}

fn id(appointment: &Value) -> String {
    text(appointment, "/id")
}

#[tokio::test]
async fn today_is_the_hospitals_day_also_at_ten_past_midnight() {
    let world = World::new().await;
    world.set("2030-12-02T23:20:00+05:30");
    let (doctor, patient) = (world.a.doctor.refreshed().await, world.a.patient.refreshed().await);
    let mut made = Vec::new();
    for (date, from) in [
        ("2030-12-02", "23:30"),
        ("2030-12-03", "00:15"),
        ("2030-12-03", "23:30"),
        ("2030-12-04", "00:00"),
    ] {
        let slot = doctor.sets_slot(date, from).await;
        made.push(id(&patient.books_and_pays(&slot).await));
    }
    assert_eq!(today(&patient).await, made[..1]);
    assert_eq!(upcoming(&patient).await, made);
    // In Greenwich it is still the 2nd, and half past six in the evening.
    world.set("2030-12-03T00:10:00+05:30");
    let (doctor, patient) = (doctor.refreshed().await, patient.refreshed().await);
    for who in [&doctor, &patient] {
        assert_eq!(today(who).await, made[1..3]);
        assert_eq!(upcoming(who).await, made[1..]);
    }
    // What has begun is still of today, and no longer upcoming.
    world.set("2030-12-03T00:15:00+05:30");
    assert_eq!(today(&patient).await, made[1..3]);
    assert_eq!(upcoming(&patient).await, made[2..]);
}

#[tokio::test]
async fn only_what_is_live_is_shown_and_the_list_of_all_has_the_rest() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-02", "15:00", "17:00", 30).await;
    let paid = patient.books_and_pays(&slots[0]).await;
    let cancelled = patient.books_and_pays(&slots[1]).await;
    patient.cancels(&cancelled).await.is(200);
    let expired = patient.books(&slots[2]).await;
    world.pass(600);
    let held = patient.books(&slots[3]).await;
    for round in ["before the sweep", "after it"] {
        for who in [doctor, patient] {
            assert_eq!(today(who).await, [id(&paid), id(&held)], "{round}");
            assert_eq!(upcoming(who).await, [id(&paid), id(&held)], "{round}");
            let all = who.get("/appointments").await.is(200);
            assert_eq!(ids(&all), [id(&paid), id(&cancelled), id(&expired), id(&held)], "{round}");
            for (status, expected) in [
                ("confirmed", vec![id(&paid)]),
                ("cancelled", vec![id(&cancelled)]),
                ("expired", vec![id(&expired)]),
                ("held", vec![id(&held)]),
                ("checked_in", vec![]),
                ("completed", vec![]),
                ("no_show", vec![]),
            ] {
                let list = who.get(format!("/appointments?status={status}")).await.is(200);
                assert_eq!(ids(&list), expected, "{status} {round}");
            }
        }
        world.run(Job::Holds).await;
    }
}

#[tokio::test]
async fn each_sees_his_own() {
    let world = World::new().await;
    let second = world.a.new_doctor("vikram", "Vikram Shah").await;
    let other = world.a.new_patient("other").await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "15:00", "16:00", 30).await;
    let theirs = second.sets_slot("2030-12-02", "16:30").await;
    let one = id(&world.a.patient.books(&slots[0]).await);
    let two = id(&other.books(&slots[1]).await);
    let three = id(&world.a.patient.books(&theirs).await);
    let b = world.b.doctor.sets_slot("2030-12-02", "15:00").await;
    let four = id(&world.b.patient.books(&b).await);
    for (who, expected) in [
        (&world.a.doctor, vec![&one, &two]),
        (&second, vec![&three]),
        (&world.a.patient, vec![&one, &three]),
        (&other, vec![&two]),
        (&world.b.doctor, vec![&four]),
        (&world.b.patient, vec![&four]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(today(who).await, expected);
        assert_eq!(upcoming(who).await, expected);
        assert_eq!(ids(&who.get("/appointments").await.is(200)), expected);
    }
    let all = ids(&world.a.admin.get("/appointments").await.is(200));
    assert_eq!(all, [one.clone(), two, three.clone()]);
    let of_second = format!("/appointments?doctorId={}", second.account);
    assert_eq!(ids(&world.a.admin.get(&*of_second).await.is(200)), [three.clone()]);
    assert_eq!(ids(&world.a.patient.get(&*of_second).await.is(200)), [three]);
    assert_eq!(ids(&world.a.doctor.get(&*of_second).await.is(200)), Vec::<String>::new());
    for who in [&world.a.admin, &world.admin] {
        who.get("/appointments/today").await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn the_agenda_comes_in_pages_by_start() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "12:00", "15:30", 30).await;
    let mut expected = Vec::new();
    // Booked from the last to the first.
    for slot in slots.iter().rev() {
        expected.insert(0, id(&world.a.patient.books(slot).await));
    }
    for list in ["/appointments/today", "/appointments/upcoming", "/appointments"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.a.patient.get(format!("{list}?limit=3{cursor}")).await.is(200);
            assert!(items(&page).len() <= 3);
            seen.extend(ids(&page));
            match &page["nextCursor"] {
                Value::String(next) => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        assert_eq!(seen, expected, "{list}");
    }
    let day = world.a.patient.get("/appointments?from=2030-12-03").await.is(200);
    assert_eq!(day, json!({ "items": [], "nextCursor": null }));
    let day = world.a.patient.get("/appointments?from=2030-12-02&to=2030-12-02").await.is(200);
    assert_eq!(ids(&day), expected);
}

#[tokio::test]
async fn an_appointment_shows_who_when_and_what_it_costs() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let booked = world.a.patient.books(&slot).await;
    let mut seen = world.a.doctor.sees(&booked).await;
    let history = seen.as_object_mut().and_then(|seen| seen.remove("history"));
    assert_eq!(seen, booked);
    let expected = json!({
        "id": booked["id"], "status": "held", "slotId": slot["id"],
        "start": "2030-12-03T10:00:00+05:30", "end": "2030-12-03T10:30:00+05:30",
        "doctor": { "id": world.a.doctor.account, "name": "Meera Nair", "speciality": "Cardiology" },
        "patient": { "id": world.a.patient.patient, "name": "Asha Rao", "identifier": "MRN-00042" },
        "fee": { "amount": 50_000, "currency": "INR" },
        "holdExpiresAt": "2030-12-02T09:10:00+05:30", "createdAt": "2030-12-02T09:00:00+05:30",
    });
    assert_eq!(seen, expected);
    let by = json!({ "role": "patient", "accountId": world.a.patient.account });
    let step = json!({ "what": "booked", "by": by, "at": "2030-12-02T09:00:00+05:30" });
    assert_eq!(history, Some(json!([step])));
}
