//! Doctors publish their hours: all of them or none.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, items, number, text},
    answer::Answer,
    wire::Wire,
    world::World,
};

fn starts(set: &Value) -> Vec<String> {
    let slots = set["slots"].as_array().unwrap();
    slots.iter().map(|slot| text(slot, "/start")[..16].to_owned()).collect()
}

fn once(date: &str, from: &str, to: &str, minutes: u32) -> Value {
    json!({ "date": date, "from": from, "to": to, "slotMinutes": minutes })
}

async fn sets(doctor: &Actor, body: &Value) -> Answer {
    doctor.post("/slots/set", body.clone()).await
}

async fn refused_at(doctor: &Actor, body: &Value, field: &str) {
    let fields = sets(doctor, body).await.bad_fields();
    assert_eq!(fields.len(), 1, "{body}: {fields:?}");
    assert_eq!(fields[0].0, field, "{body}");
}

#[tokio::test]
async fn a_morning_becomes_slots() {
    let world = World::new().await;
    let body = once("2030-12-03", "10:00", "12:00", 15);
    let set = sets(&world.a.doctor, &body).await.is(201);
    assert_eq!((number(&set, "/created"), number(&set, "/unchanged")), (8, 0));
    assert_eq!(set["slots"].as_array().map(Vec::len), Some(8));
    let first = &set["slots"][0];
    assert_eq!(first["start"], "2030-12-03T10:00:00+05:30");
    assert_eq!(first["end"], "2030-12-03T10:15:00+05:30");
    assert_eq!(first["status"], "open");
    assert_eq!(first["doctorId"], json!(world.a.doctor.account));
    assert_eq!(first["fee"], json!({ "amount": 50_000, "currency": "INR" }));

    let again = sets(&world.a.doctor, &body).await.is(201);
    assert_eq!((number(&again, "/created"), number(&again, "/unchanged")), (0, 8));
    assert_eq!(again["slots"], set["slots"]);
    let longer = sets(&world.a.doctor, &once("2030-12-03", "10:00", "12:30", 15)).await.is(201);
    assert_eq!((number(&longer, "/created"), number(&longer, "/unchanged")), (2, 8));
    assert_eq!(world.books().count("slots").await, 10);
}

#[tokio::test]
async fn what_does_not_fill_a_slot_is_left() {
    let world = World::new().await;
    let set = sets(&world.a.doctor, &once("2030-12-03", "23:00", "24:00", 25)).await.is(201);
    assert_eq!(starts(&set), ["2030-12-03T23:00", "2030-12-03T23:25"]);
}

#[tokio::test]
async fn a_week_has_breaks_and_buffers() {
    let world = World::new().await;
    let body = json!({
        "startDate": "2030-12-02", "endDate": "2030-12-15", "slotMinutes": 30, "bufferMinutes": 10,
        "weekly": [
            { "day": "tue", "from": "09:00", "to": "12:00", "breaks": [{ "from": "10:00", "to": "10:30" }] },
            { "day": "sun", "from": "22:00", "to": "24:00" },
        ],
    });
    let set = sets(&world.a.doctor, &body).await.is(201);
    let tuesday = ["09:00", "10:30", "11:10"];
    let sunday = ["22:00", "22:40", "23:20"];
    let mut expected = Vec::new();
    for (day, times) in [("03", tuesday), ("08", sunday), ("10", tuesday), ("15", sunday)] {
        expected.extend(times.map(|time| format!("2030-12-{day}T{time}")));
    }
    assert_eq!(starts(&set), expected);
    let again = sets(&world.a.doctor, &body).await.is(201);
    assert_eq!((number(&again, "/created"), number(&again, "/unchanged")), (0, 12));
}

#[tokio::test]
async fn an_overlap_names_the_clashes_and_publishes_nothing() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let there = doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    let before = world.books().everything().await;
    for body in [
        once("2030-12-03", "09:15", "11:15", 30),
        once("2030-12-03", "10:00", "11:00", 20),
        once("2030-12-03", "09:00", "17:00", 480),
        once("2030-12-03", "10:29", "10:34", 5),
    ] {
        let problem = sets(doctor, &body).await.refused(409, "SLOT_OVERLAP");
        let clashes: Vec<String> =
            problem["clashes"].as_array().unwrap().iter().map(|slot| text(slot, "/id")).collect();
        assert!(
            !clashes.is_empty()
                && clashes.iter().all(|id| there.iter().any(|slot| slot["id"] == json!(id)))
        );
        assert_eq!(world.books().everything().await, before);
    }
    // One bad day spoils the whole week.
    let week = json!({
        "startDate": "2030-12-03", "endDate": "2030-12-09", "slotMinutes": 30,
        "weekly": [{ "day": "tue", "from": "10:15", "to": "10:45" }, { "day": "fri", "from": "10:00", "to": "11:00" }],
    });
    sets(doctor, &week).await.refused(409, "SLOT_OVERLAP");
    assert_eq!(world.books().everything().await, before);
    // Side by side is no overlap, and another doctor's hours are none of his.
    sets(doctor, &once("2030-12-03", "11:00", "11:30", 30)).await.is(201);
    let other = world.a.new_doctor("vikram", "Vikram Shah").await;
    sets(&other, &once("2030-12-03", "10:15", "10:45", 30)).await.is(201);
    world.check().await;
}

#[tokio::test]
async fn of_overlapping_publications_at_once_one_is_whole_and_the_others_are_nothing() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let bodies: Vec<Value> =
        (0..6).map(|n| once("2030-12-03", &format!("10:0{n}"), &format!("14:0{n}"), 30)).collect();
    let answers = join_all(bodies.iter().map(|body| sets(doctor, body))).await;
    let mut set = Vec::new();
    for answer in answers {
        if answer.status == 201 {
            set.push(answer.is(201));
        } else {
            answer.refused(409, "SLOT_OVERLAP");
        }
    }
    assert_eq!(set.len(), 1);
    assert_eq!(number(&set[0], "/created"), 8);
    let seen = ids(&doctor.get("/slots").await.is(200));
    let made: Vec<String> =
        set[0]["slots"].as_array().unwrap().iter().map(|slot| text(slot, "/id")).collect();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn the_same_publication_at_once_makes_every_slot_once() {
    let world = World::new().await;
    let body = once("2030-12-03", "10:00", "14:00", 30);
    let answers = join_all((0..8).map(|_| sets(&world.a.doctor, &body))).await;
    let created: i64 = answers.into_iter().map(|answer| number(&answer.is(201), "/created")).sum();
    assert_eq!(created, 8);
    assert_eq!(world.books().count("slots").await, 8);
}

#[tokio::test]
async fn times_are_the_hospitals_also_when_clocks_change() {
    let world = World::new().await;
    let berlin = world.hospital_in("Europe/Berlin").await;
    world.set("2031-03-25T09:00:00+01:00");
    berlin.doctor.post("/otp-login", berlin.doctor.key()).await.is(202);
    let doctor = berlin.doctor.activated(&berlin.doctor.email, &berlin.code).await;
    // On 30 March 2031 there is no 02:30; on 26 October there are two.
    let spring = sets(&doctor, &once("2031-03-30", "01:00", "04:00", 60)).await.is(201);
    let full = |set: &Value| -> Vec<String> {
        set["slots"].as_array().unwrap().iter().map(|slot| text(slot, "/start")).collect()
    };
    assert_eq!(full(&spring), ["2031-03-30T01:00:00+01:00", "2031-03-30T03:00:00+02:00"]);
    let autumn = sets(&doctor, &once("2031-10-26", "01:00", "04:00", 60)).await.is(201);
    assert_eq!(
        full(&autumn),
        [
            "2031-10-26T01:00:00+02:00",
            "2031-10-26T02:00:00+02:00",
            "2031-10-26T02:00:00+01:00",
            "2031-10-26T03:00:00+01:00",
        ]
    );
    // A weekly ten o'clock is ten o'clock before and after.
    let week = json!({
        "startDate": "2031-03-28", "endDate": "2031-04-04", "slotMinutes": 60,
        "weekly": [{ "day": "fri", "from": "10:00", "to": "11:00" }],
    });
    let weekly = sets(&doctor, &week).await.is(201);
    assert_eq!(full(&weekly), ["2031-03-28T10:00:00+01:00", "2031-04-04T10:00:00+02:00"]);
}

#[tokio::test]
async fn the_past_and_the_far_future_are_refused() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    refused_at(doctor, &once("2030-12-01", "10:00", "11:00", 30), "date").await;
    refused_at(doctor, &once("2031-12-04", "10:00", "11:00", 30), "date").await;
    sets(doctor, &once("2031-12-03", "10:00", "11:00", 30)).await.is(201);
    // At 00:10 in Kolkata it is still yesterday in Greenwich: today is the hospital's.
    world.set("2030-12-03T00:10:00+05:30");
    doctor.post("/otp-login", doctor.key()).await.is(202);
    let doctor = doctor.activated(&doctor.email, &world.a.code).await;
    refused_at(&doctor, &once("2030-12-02", "10:00", "11:00", 30), "date").await;
    sets(&doctor, &once("2030-12-03", "10:00", "11:00", 30)).await.is(201);
}

#[tokio::test]
async fn hours_that_make_no_sense_are_refused_where_they_do_not() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let week = |weekly: Value| {
        json!({
            "startDate": "2030-12-03", "endDate": "2030-12-09", "slotMinutes": 30, "weekly": weekly,
        })
    };
    for (body, field) in [
        (once("2030-12-03", "11:00", "10:00", 30), "to"),
        (once("2030-12-03", "10:00", "10:00", 30), "to"),
        (once("2030-12-03", "10:00", "10:20", 30), "to"),
        (once("2030-02-30", "10:00", "11:00", 30), "date"),
        (once("03.12.2030", "10:00", "11:00", 30), "date"),
        (once("2030-12-03", "9:00", "11:00", 30), "from"),
        (once("2030-12-03", "10:00", "24:01", 30), "to"),
        (once("2030-12-03", "10:00", "11:00", 4), "slotMinutes"),
        (once("2030-12-03", "10:00", "11:00", 481), "slotMinutes"),
        (week(json!([])), "weekly"),
        (week(json!([{ "day": "Monday", "from": "10:00", "to": "11:00" }])), "weekly[0].day"),
        (week(json!([{ "day": "mon", "from": "11:00", "to": "10:00" }])), "weekly[0].to"),
        (
            week(
                json!([{ "day": "mon", "from": "10:00", "to": "11:00", "breaks": [{ "from": "10:30", "to": "10:15" }] }]),
            ),
            "weekly[0].breaks[0].to",
        ),
        (
            week(
                json!([{ "day": "mon", "from": "10:00", "to": "12:00" }, { "day": "mon", "from": "11:00", "to": "13:00" }]),
            ),
            "weekly",
        ),
    ] {
        refused_at(doctor, &body, field).await;
    }
    let mixed = json!({
        "date": "2030-12-03", "from": "10:00", "to": "11:00", "startDate": "2030-12-03", "slotMinutes": 30,
    });
    refused_at(doctor, &mixed, "weekly").await;
    let wanting = sets(doctor, &json!({ "startDate": "2030-12-03" })).await.bad_fields();
    assert_eq!(wanting, [("slotMinutes".to_owned(), "REQUIRED".to_owned())]);
    let wanting = sets(doctor, &json!({ "slotMinutes": 30 })).await.bad_fields();
    let names: Vec<&str> = wanting.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(names, ["date", "from", "to"]);
    let everything = json!({
        "startDate": "2030-12-03", "endDate": "2031-12-02", "slotMinutes": 5,
        "weekly": [{ "day": "mon", "from": "00:00", "to": "24:00" }],
    });
    refused_at(doctor, &everything, "endDate").await;
    assert_eq!(world.books().count("slots").await, 0);
}

#[tokio::test]
async fn a_thousand_slots_are_published_at_once() {
    let world = World::new().await;
    let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .map(|day| json!({ "day": day, "from": "08:00", "to": "24:00" }));
    let body = json!({
        "startDate": "2030-12-03", "endDate": "2030-12-12", "slotMinutes": 10, "weekly": week,
    });
    let set = sets(&world.a.doctor, &body).await.is(201);
    assert_eq!(number(&set, "/created"), 960);
}

#[tokio::test]
async fn a_doctor_publishes_his_own_hours_and_the_hospital_anybodys() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let other = world.a.new_doctor("vikram", "Vikram Shah").await;
    let of = |id: &str| {
        let mut body = once("2030-12-03", "10:00", "11:00", 30);
        body["doctorId"] = json!(id);
        body
    };
    sets(doctor, &of(&other.account)).await.refused(403, "FORBIDDEN");
    sets(doctor, &of(&doctor.account)).await.is(201);
    let set = sets(&world.a.admin, &of(&other.account)).await.is(201);
    assert_eq!(set["slots"][0]["doctorId"], json!(other.account));
    refused_at(&world.a.admin, &once("2030-12-03", "10:00", "11:00", 30), "doctorId").await;
    sets(&world.a.admin, &of(&world.a.patient.account)).await.refused(404, "NOT_FOUND");
    for (who, status, code) in [
        (&world.a.patient, 403, "FORBIDDEN"),
        (&world.admin, 403, "FORBIDDEN"),
        (&world.visitor(), 401, "UNAUTHENTICATED"),
    ] {
        sets(who, &of(&other.account)).await.refused(status, code);
    }
}

#[tokio::test]
async fn a_night_goes_over_midnight() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let mut night = once("2030-12-03", "22:00", "02:00", 60);
    refused_at(doctor, &night, "to").await;
    night["overnight"] = json!(true);
    let set = sets(doctor, &night).await.is(201);
    let expected = ["03T22:00", "03T23:00", "04T00:00", "04T01:00"];
    assert_eq!(starts(&set), expected.map(|at| format!("2030-12-{at}")));
    let mut day = once("2030-12-03", "02:00", "22:00", 60);
    day["overnight"] = json!(true);
    refused_at(doctor, &day, "to").await;
    // What begins after midnight is of the next day, and in the way of what is published for it.
    let early = sets(doctor, &once("2030-12-04", "00:30", "02:30", 60)).await;
    assert_eq!(early.refused(409, "SLOT_OVERLAP")["clashes"].as_array().map(Vec::len), Some(2));
    let week = json!({
        "startDate": "2030-12-06", "endDate": "2030-12-07", "slotMinutes": 60,
        "weekly": [{
            "day": "fri", "from": "21:00", "to": "03:00", "overnight": true,
            "breaks": [{ "from": "23:30", "to": "00:30" }, { "from": "01:30", "to": "02:00" }],
        }],
    });
    let expected = ["06T21:00", "06T22:00", "07T00:30", "07T02:00"];
    assert_eq!(
        starts(&sets(doctor, &week).await.is(201)),
        expected.map(|at| format!("2030-12-{at}"))
    );
    world.check().await;
}

#[tokio::test]
async fn a_night_is_replaced_with_what_lies_after_midnight_and_only_by_its_own_day() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let replacing = |date: &str, from: &str, to: &str, minutes: u32| {
        let mut body = once(date, from, to, minutes);
        body["replace"] = json!(true);
        body["overnight"] = json!(to < from);
        body
    };
    let counts = |set: &Value| ["/created", "/unchanged", "/removed"].map(|at| number(set, at));
    let night = |minutes: u32| replacing("2030-12-03", "22:00", "06:00", minutes);
    let set = sets(doctor, &night(30)).await.is(201);
    assert_eq!(counts(&set), [16, 0, 0]);
    assert_eq!(counts(&sets(doctor, &night(30)).await.is(201)), [0, 16, 0]);
    // Its own slots after midnight are in the way of none.
    let set = sets(doctor, &night(20)).await.is(201);
    assert_eq!(counts(&set), [24, 0, 16]);
    assert_eq!(set["slots"][12]["start"], "2030-12-04T02:00:00+05:30");
    let booked = patient.books_and_pays(&set["slots"][12]).await;
    // The next day's hours are others.
    let next = replacing("2030-12-04", "09:00", "12:00", 30);
    assert_eq!(counts(&sets(doctor, &next).await.is(201)), [6, 0, 0]);
    sets(doctor, &replacing("2030-12-04", "05:30", "08:30", 30)).await.refused(409, "SLOT_OVERLAP");
    // Of a shorter evening nothing is left after midnight but what is booked.
    let evening = sets(doctor, &replacing("2030-12-03", "22:00", "23:00", 20)).await.is(201);
    assert_eq!(counts(&evening), [0, 3, 20]);
    let staying = evening["staying"].as_array().unwrap();
    assert_eq!(
        staying.iter().map(|slot| text(slot, "/id")).collect::<Vec<_>>(),
        [text(&booked, "/slotId")]
    );
    let open = patient.get("/slots?from=2030-12-03&to=2030-12-04").await.is(200);
    assert_eq!(ids(&open).len(), 9, "three of the evening, six of the morning");
    // The week's night too goes on after its last day.
    let week = |minutes: u32| {
        json!({
            "startDate": "2030-12-09", "endDate": "2030-12-10", "slotMinutes": minutes,
            "replace": true,
            "weekly": [{ "day": "tue", "from": "23:00", "to": "02:00", "overnight": true }],
        })
    };
    assert_eq!(counts(&sets(doctor, &week(60)).await.is(201)), [3, 0, 0]);
    assert_eq!(counts(&sets(doctor, &week(45)).await.is(201)), [4, 0, 3]);
    world.check().await;
}

#[tokio::test]
async fn a_changed_rule_touches_only_open_slots_and_names_those_that_stay() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let week = |from: &str, minutes: u32| {
        json!({
            "startDate": "2030-12-03", "endDate": "2030-12-10", "slotMinutes": minutes, "replace": true,
            "weekly": [{ "day": "tue", "from": from, "to": "12:00" }],
        })
    };
    let first = sets(doctor, &week("10:00", 30)).await.is(201);
    assert_eq!((number(&first, "/created"), number(&first, "/removed")), (8, 0));
    let outside = doctor.sets_slot("2030-12-11", "10:00").await;
    let booked = patient.books_and_pays(&first["slots"][1]).await;
    let held = patient.books(&first["slots"][4]).await;
    // An hour each, from ten: half of an hour is booked or held on either day.
    let second = sets(doctor, &week("10:00", 60)).await.is(201);
    assert_eq!((number(&second, "/created"), number(&second, "/removed")), (2, 6));
    let staying: Vec<String> =
        second["staying"].as_array().unwrap().iter().map(|slot| text(slot, "/id")).collect();
    assert_eq!(staying, [text(&booked, "/slotId"), text(&held, "/slotId")]);
    assert_eq!(starts(&second), ["2030-12-03T11:00", "2030-12-10T11:00"]);
    for appointment in [&booked, &held] {
        assert_eq!(patient.sees(appointment).await["slotId"], appointment["slotId"]);
    }
    // Another day's slot, and another doctor's, are none of its business.
    assert!(ids(&patient.get("/slots").await.is(200)).contains(&text(&outside, "/id")));
    let again = sets(doctor, &week("10:00", 60)).await.is(201);
    assert_eq!((number(&again, "/created"), number(&again, "/removed")), (0, 0));
    assert_eq!((number(&again, "/unchanged"), &again["staying"]), (2, &second["staying"]));
    // Given back, it is not sold again: its hours are no more.
    let slot = json!({ "id": booked["slotId"] });
    patient.cancels(&booked).await.is(200);
    assert!(!ids(&patient.get("/slots").await.is(200)).contains(&text(&slot, "/id")));
    let other = world.a.new_patient("other").await;
    other.tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    let all = doctor.get("/slots").await.is(200);
    let shown = all["items"].as_array().unwrap().iter().find(|one| one["id"] == slot["id"]);
    assert_eq!(shown.map(|one| &one["status"]), Some(&json!("blocked")), "{all}");
    let elsewhere = other.books_and_pays(&second["slots"][0]).await;
    let path = format!("/appointments/{}/reschedule", text(&elsewhere, "/id"));
    let there = json!({ "slotId": slot["id"] });
    world.a.admin.post(path, there).await.refused(409, "SLOT_TAKEN");
    world.a.admin.cancels(&elsewhere).await.is(200);
    // Published again they are sold again, and so is what somebody still has of them.
    sets(doctor, &week("10:00", 30)).await.is(201);
    patient.cancels(&held).await.is(200);
    let free = patient.get("/slots").await.is(200);
    assert!(ids(&free).contains(&text(&held, "/slotId")));
    assert_eq!(free["items"].as_array().unwrap().len(), 9, "all eight, and the other day's");
    world.check().await;
}

#[tokio::test]
async fn what_a_group_costs_anew_is_for_those_who_come_to_it() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let mut hours = once("2030-12-03", "10:00", "11:00", 60);
    (hours["capacity"], hours["replace"]) = (json!(3), json!(true));
    let slot = sets(doctor, &hours).await.is(201)["slots"][0].clone();
    let booked = patient.books(&slot).await;
    let dearer = json!({ "fee": { "amount": 80_000, "currency": "INR" } });
    world.a.admin.put(format!("/doctors/{}/fees", doctor.account), dearer.clone()).await.is(200);
    let again = sets(doctor, &hours).await.is(201);
    assert_eq!((number(&again, "/created"), number(&again, "/unchanged")), (0, 1));
    let other = world.a.new_patient("other").await.books(&slot).await;
    assert_eq!(other["fee"], dearer["fee"]);
    assert_eq!(patient.sees(&booked).await["fee"], booked["fee"]);
    world.check().await;
}

#[tokio::test]
async fn a_rule_that_changes_while_its_slots_are_booked_loses_none() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-03", "10:00", "14:00", 30).await;
    let patients = world.a.new_patients(8).await;
    let mut changed = once("2030-12-03", "10:15", "14:15", 30);
    changed["replace"] = json!(true);
    let bookings = patients.iter().zip(&slots).map(|(patient, slot)| patient.tries_to_book(slot));
    let (answers, set) = tokio::join!(join_all(bookings), sets(doctor, &changed));
    let set = set.is(201);
    let mut booked: Vec<String> = Vec::new();
    for answer in answers {
        match answer.status {
            201 => booked.push(text(&answer.body, "/appointment/slotId")),
            _ => drop(answer.refused(404, "NOT_FOUND")),
        }
    }
    assert_eq!(number(&set, "/removed"), 8 - i64::try_from(booked.len()).unwrap());
    let there = ids(&doctor.get("/slots").await.is(200));
    assert!(booked.iter().all(|slot| there.contains(slot)), "what was booked is there");
    world.check().await;
}

#[tokio::test]
async fn nothing_is_published_for_a_holiday_or_booked_on_it() {
    let world = World::new().await;
    let (admin, doctor, patient) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-25", "10:00", "12:00", 30).await;
    let eve = doctor.sets_slot("2030-12-24", "23:30").await;
    world.b.doctor.sets_slots("2030-12-25", "10:00", "12:00", 30).await;
    let booked = patient.books_and_pays(&slots[0]).await;
    let holidays = json!([
        { "date": "2030-12-25", "name": "Christmas" },
        { "date": "2030-12-03", "name": "Founders' day" },
    ]);
    let changed = admin.patch("/hospital", json!({ "holidays": holidays })).await.is(200);
    assert_eq!(changed["holidays"], json!([holidays[1], holidays[0]]));
    assert_eq!(changed["staying"].as_array().map(Vec::len), Some(1));
    assert_eq!(changed["staying"][0]["id"], booked["slotId"]);
    assert_eq!(admin.get("/hospital").await.is(200).get("staying"), None);
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&eve, "/id")]);
    assert_eq!(ids(&world.b.patient.get("/slots").await.is(200)).len(), 4);
    let set = sets(doctor, &once("2030-12-25", "14:00", "15:00", 30)).await.is(201);
    assert_eq!((number(&set, "/created"), &set["holidays"]), (0, &json!(["2030-12-25"])));
    let week = json!({
        "startDate": "2030-12-02", "endDate": "2030-12-04", "slotMinutes": 60, "weekly": [
            { "day": "mon", "from": "23:00", "to": "02:00", "overnight": true },
            { "day": "wed", "from": "10:00", "to": "11:00" },
        ],
    });
    let set = sets(doctor, &week).await.is(201);
    assert_eq!(starts(&set), ["2030-12-02T23:00", "2030-12-04T10:00"]);
    assert_eq!(set["holidays"], json!(["2030-12-03"]));
    // What is given back on a holiday is nobody's.
    world.a.admin.cancels(&booked).await.is(200);
    patient.tries_to_book(&slots[0]).await.refused(409, "HOSPITAL_CLOSED");
    let body =
        json!({ "holidays": [{ "date": "2030-12-25", "name": "" }, { "date": "25.12.2030" }] });
    let fields = admin.patch("/hospital", body).await.bad_fields();
    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(names, ["holidays[0].name", "holidays[1].date", "holidays[1].name"]);
    let twice = json!({ "holidays": [holidays[0], holidays[0]] });
    assert_eq!(admin.patch("/hospital", twice).await.bad_fields()[0].0, "holidays");
    assert_eq!(
        admin.patch("/hospital", json!({ "holidays": [] })).await.is(200)["holidays"],
        json!([])
    );
    patient.books(&slots[0]).await;
    world.check().await;
}

#[tokio::test]
async fn what_is_given_back_on_a_holiday_is_shown_once_that_is_none() {
    let world = World::new().await;
    let (admin, doctor, patient) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    let eve = doctor.sets_slot("2030-12-24", "10:00").await;
    let slots = doctor.sets_slots("2030-12-25", "10:00", "11:00", 30).await;
    let later = doctor.sets_slots("2030-12-26", "10:00", "11:00", 30).await;
    let booked = patient.books_and_pays(&slots[0]).await;
    let other = world.a.new_patient("other").await;
    other.books_and_pays(&eve).await;
    let holidays = json!([{ "date": "2030-12-25", "name": "Christmas" }]);
    admin.patch("/hospital", json!({ "holidays": holidays })).await.is(200);
    admin.cancels(&booked).await.is(200);
    let (given_back, first, second) =
        (text(&slots[0], "/id"), text(&later[0], "/id"), text(&later[1], "/id"));
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [first.clone(), second.clone()]);
    // A page is full all the same.
    let page = patient.get("/slots?limit=1").await.is(200);
    assert_eq!(ids(&page), [first.clone()]);
    let next = |who: &Value| who["items"][0]["nextAvailable"].clone();
    assert_eq!(next(&patient.get("/doctors").await.is(200)), later[0]["start"]);
    assert!(ids(&doctor.get("/slots").await.is(200)).contains(&given_back), "the doctor sees it");
    // It is suggested neither for a slot that is taken nor to whose doctor is away.
    let refusal = patient.tries_to_book(&eve).await.refused(409, "SLOT_TAKEN");
    for member in ["nextAvailable", "alternatives"] {
        let offered = refusal[member].as_array().unwrap();
        let offered: Vec<String> = offered.iter().map(|slot| text(slot, "/id")).collect();
        assert_eq!(offered, [first.clone(), second.clone()], "{member}");
    }
    let away = json!({ "from": "2030-12-24T00:00:00+05:30", "to": "2030-12-25T00:00:00+05:30" });
    doctor.post("/doctor/leave", away).await.is(201);
    let link = crate::leave::link(&world, &other).await;
    let seen = world.visitor().get(format!("/leave/offer?link={link}")).await.is(200);
    let offered = seen["alternatives"].as_array().unwrap();
    let offered: Vec<String> = offered.iter().map(|slot| text(slot, "/slotId")).collect();
    assert_eq!(offered, [first.clone(), second.clone()]);
    patient.tries_to_book(&slots[0]).await.refused(409, "HOSPITAL_CLOSED");
    admin.patch("/hospital", json!({ "holidays": [] })).await.is(200);
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [given_back, first, second]);
    assert_eq!(next(&patient.get("/doctors").await.is(200)), slots[0]["start"]);
    patient.books(&slots[0]).await;
    world.check().await;
}

/// How a day's hours are shut: their doctor is away or shut out, or the hospital is closed.
#[derive(Debug, Clone, Copy)]
enum Shut {
    Leave,
    Block,
    Holiday,
}

impl Shut {
    const ALL: [Self; 3] = [Self::Leave, Self::Block, Self::Holiday];

    async fn begins(self, world: &World, day: &str) -> Answer {
        let (admin, doctor) = (&world.a.admin, &world.a.doctor.account);
        match self {
            Self::Leave => {
                let at = |time: &str| format!("{day}T{time}:00+05:30");
                let body = json!({ "doctorId": doctor, "from": at("10:00"), "to": at("11:00") });
                admin.post("/doctor/leave", body).await
            }
            Self::Block => admin.act(format!("/users/{doctor}/block")).await,
            Self::Holiday => {
                let holidays = json!([{ "date": day, "name": "Founders' day" }]);
                admin.patch("/hospital", json!({ "holidays": holidays })).await
            }
        }
    }

    async fn ends(self, world: &World, begun: &Value) {
        let (admin, doctor) = (&world.a.admin, &world.a.doctor.account);
        match self {
            Self::Leave => {
                let path = format!("/doctor/leave/{}", text(begun, "/leaveId"));
                admin.delete(path).await.is(204)
            }
            Self::Block => admin.act(format!("/users/{doctor}/unblock")).await.is(200),
            Self::Holiday => admin.patch("/hospital", json!({ "holidays": [] })).await.is(200),
        };
    }

    /// Nobody gets what was published for that day, and once it is over anybody does.
    async fn holds(self, world: &World, day: &str, begun: &Value) {
        let (admin, patient) = (&world.a.admin, &world.a.patient);
        let nothing = Vec::<String>::new();
        assert_eq!(ids(&of_day(patient, day).await), nothing, "{self:?} {day}");
        let there = of_day(admin, day).await;
        for slot in items(&there) {
            let answer = patient.tries_to_book(&slot).await;
            match self {
                Self::Holiday => answer.refused(409, "HOSPITAL_CLOSED"),
                Self::Leave | Self::Block => {
                    assert_eq!(slot["status"], "blocked", "{self:?} {day}");
                    answer.refused(409, "SLOT_TAKEN")
                }
            };
        }
        self.ends(world, begun).await;
        assert_eq!(ids(&of_day(patient, day).await), ids(&there), "{self:?} {day}");
    }
}

/// A day's slots as somebody sees them.
async fn of_day(who: &Actor, day: &str) -> Value {
    who.get(format!("/slots?from={day}&to={day}")).await.is(200)
}

/// The hospital publishes an hour of the doctor's.
async fn sets_hour(world: &World, admin: &Actor, day: &str) -> Answer {
    let mut body = once(day, "10:00", "11:00", 30);
    body["doctorId"] = json!(world.a.doctor.account);
    sets(admin, &body).await
}

#[tokio::test]
async fn what_is_published_while_its_time_is_shut_is_nobodys() {
    let world = World::new().await;
    let admin = &world.a.admin;
    let mut days = 5..29;
    for shut in Shut::ALL {
        // Each of the two begins some steps before the other.
        for (first, second) in [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 0), (2, 0)] {
            let day = format!("2030-12-{:02}", days.next().unwrap());
            let publishing = async {
                admin.dawdles(first).await;
                sets_hour(&world, admin, &day).await
            };
            let shutting = async {
                admin.dawdles(second).await;
                shut.begins(&world, &day).await
            };
            let (set, begun) = tokio::join!(publishing, shutting);
            if set.status != 201 {
                set.refused(409, "DOCTOR_NOT_ACTIVE");
            }
            shut.holds(&world, &day, &begun.is_one_of(&[200, 201])).await;
        }
    }
    world.check().await;
}

#[tokio::test]
async fn whoever_publishes_by_what_he_read_before_opens_nothing_that_was_shut_since() {
    let world = World::new().await;
    let admin = &world.a.admin;
    for (shut, day) in Shut::ALL.into_iter().zip(["2030-12-05", "2030-12-06", "2030-12-07"]) {
        // All is read, and nothing is written.
        let held = Wire::holding(&[("findAndModify", "calendars")]).await;
        let late = admin.at(&world.with(&[("MONGODB_URI", &held.uri)]));
        let (set, begun) =
            tokio::join!(sets_hour(&world, &late, day), held.meanwhile(shut.begins(&world, day)),);
        assert_eq!(number(&set.is(201), "/created"), 2, "{shut:?}");
        let next = world.a.patient.get("/doctors").await.is(200);
        assert!(
            items(&next).iter().all(|doctor| !doctor["nextAvailable"].to_string().contains(day))
        );
        shut.holds(&world, day, &begun.is_one_of(&[200, 201])).await;
    }
    world.check().await;
}

#[tokio::test]
async fn what_is_published_while_a_block_is_under_way_is_shut_with_the_rest() {
    let world = World::new().await;
    let (admin, day) = (&world.a.admin, "2030-12-05");
    // The account is blocked, and nobody can know yet.
    let held = Wire::holding(&[("findAndModify", "calendars")]).await;
    let blocking = admin.at(&world.with(&[("MONGODB_URI", &held.uri)]));
    let (begun, set) = tokio::join!(
        blocking.act(format!("/users/{}/block", world.a.doctor.account)),
        held.meanwhile(sets_hour(&world, admin, day)),
    );
    assert_eq!(number(&set.is(201), "/created"), 2);
    Shut::Block.holds(&world, day, &begun.is(200)).await;
    world.check().await;
}

/// The small hours of a night, published again as the next day's own, are that day's from then on.
#[tokio::test]
async fn hours_that_another_day_takes_over_go_with_it() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let replacing = |date: &str, from: &str, to: &str| {
        let mut body = once(date, from, to, 30);
        body["replace"] = json!(true);
        body["overnight"] = json!(to < from);
        body
    };
    let counts = |set: &Value| ["/created", "/unchanged", "/removed"].map(|at| number(set, at));
    sets(doctor, &replacing("2030-12-03", "22:00", "06:00")).await.is(201);
    let next = replacing("2030-12-04", "00:00", "12:00");
    let taken_over = sets(doctor, &next).await.is(201);
    assert_eq!(counts(&taken_over), [12, 12, 0]);
    assert_eq!(counts(&sets(doctor, &next).await.is(201)), [0, 24, 0]);
    // The evening is shorter, and the small hours are no longer its own.
    let evening = sets(doctor, &replacing("2030-12-03", "22:00", "24:00")).await.is(201);
    assert_eq!(counts(&evening), [0, 4, 0]);
    let open = world.a.patient.get("/slots?from=2030-12-04&to=2030-12-04&limit=100").await.is(200);
    assert_eq!(ids(&open).len(), 24);
    let morning = sets(doctor, &replacing("2030-12-04", "06:00", "12:00")).await.is(201);
    assert_eq!(counts(&morning), [0, 12, 12]);
    // Where the day takes them over for groups, they are for groups at once.
    sets(doctor, &replacing("2030-12-05", "22:00", "06:00")).await.is(201);
    let mut groups = replacing("2030-12-06", "00:00", "12:00");
    groups["capacity"] = json!(5);
    assert_eq!(counts(&sets(doctor, &groups).await.is(201)), [24, 0, 12]);
    assert_eq!(counts(&sets(doctor, &groups).await.is(201)), [0, 24, 0]);
    world.check().await;
}

#[tokio::test]
async fn todays_hours_are_cut_back_to_what_has_begun() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let mut hours = once("2030-12-02", "10:00", "17:00", 60);
    hours["replace"] = json!(true);
    sets(doctor, &hours).await.is(201);
    world.set("2030-12-02T13:00:00+05:30");
    let doctor = doctor.refreshed().await;
    let morning = once("2030-12-02", "10:00", "12:00", 60);
    let bad = sets(&doctor, &morning).await.bad_fields();
    assert_eq!(bad.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["to"]);
    let mut shorter = morning;
    shorter["replace"] = json!(true);
    let cut = sets(&doctor, &shorter).await.is(201);
    assert_eq!((number(&cut, "/created"), number(&cut, "/removed")), (0, 4));
    let patient = world.a.patient.refreshed().await;
    assert_eq!(ids(&patient.get("/slots").await.is(200)), Vec::<String>::new());
    world.check().await;
}

#[tokio::test]
async fn a_doctors_name_that_was_put_right_is_on_what_is_published_again() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let mut hours = once("2030-12-03", "10:00", "11:00", 30);
    hours["replace"] = json!(true);
    let set = sets(doctor, &hours).await.is(201);
    let booked = patient.books_and_pays(&set["slots"][0]).await;
    let path = format!("/users/{}", doctor.account);
    world.a.admin.patch(path, json!({ "name": "Meera Nair-Rao" })).await.is(200);
    let again = sets(doctor, &hours).await.is(201);
    assert_eq!((number(&again, "/created"), number(&again, "/removed")), (1, 1));
    let open = patient.get("/slots").await.is(200)["items"][0].clone();
    let other = world.a.new_patient("other").await.books(&open).await;
    assert_eq!(other["doctor"]["name"], "Meera Nair-Rao");
    // What was booked keeps the name it was booked by, and its slot has the new one.
    assert_eq!(patient.sees(&booked).await["doctor"]["name"], "Meera Nair");
    patient.cancels(&booked).await.is(200);
    let next = patient.books(&set["slots"][0]).await;
    assert_eq!(next["doctor"]["name"], "Meera Nair-Rao");
    world.check().await;
}

#[tokio::test]
async fn a_doctor_whose_hours_the_desk_keeps_is_found_and_seen_though_he_never_logged_in() {
    let world = World::new().await;
    let (admin, patient) = (&world.a.admin, &world.a.patient);
    let made = admin.post("/create/doctor", world.a.doctor_body("quiet")).await.is(201);
    let mut hours = once("2030-12-03", "10:00", "11:00", 30);
    hours["doctorId"] = made["id"].clone();
    sets(admin, &hours).await.is(201);
    let found = patient.get("/doctors?speciality=Cardiology").await.is(200);
    let quiet = found["items"].as_array().unwrap().iter().find(|one| one["id"] == made["id"]);
    let start = "2030-12-03T10:00:00+05:30";
    assert_eq!(quiet.map(|one| &one["nextAvailable"]), Some(&json!(start)), "{found}");
    let walks_in = json!({ "doctorId": made["id"], "patientId": patient.patient });
    admin.post("/queue/walk-in", walks_in).await.is(201);
    world.check().await;
}
