//! Numbers of the day: given at check-in and to those who walk in, called in order.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, items, number, text},
    answer::Answer,
    world::World,
};

async fn checks_in(who: &Actor, appointment: &Value) -> Value {
    let path = format!("/appointments/{}/check-in", text(appointment, "/id"));
    who.act(path).await.is(200)
}

async fn status(world: &World, ticket: &Value) -> Value {
    let path = format!("/queue/status?link={}", text(ticket, "/queue/link"));
    world.visitor().get(path).await.is(200)
}

async fn calls(doctor: &Actor, what: &str, body: Value) -> Answer {
    doctor.post(format!("/queue/{what}"), body).await
}

fn serving(queue: &Value) -> Option<i64> {
    queue["nowServing"]["number"].as_i64()
}

#[tokio::test]
async fn numbers_are_given_in_the_order_patients_come_and_called_in_it() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-02", "10:00", "11:00", 20).await;
    let patients = world.a.new_patients(3).await;
    let mut booked = Vec::new();
    for (patient, slot) in patients.iter().zip(&slots) {
        booked.push(patient.books_and_pays(slot).await);
    }
    calls(doctor, "call-next", json!({})).await.refused(409, "NOBODY_WAITS");
    // The second comes first, then one without an appointment.
    let second = checks_in(&world.a.admin, &booked[1]).await;
    let body = json!({ "patientId": world.a.patient.patient, "doctorId": doctor.account });
    let walked = world.a.admin.post("/queue/walk-in", body.clone()).await.is(201);
    assert_eq!(world.a.admin.post("/queue/walk-in", body).await.is(201), walked);
    let first = checks_in(doctor, &booked[0]).await;
    assert_eq!(checks_in(doctor, &booked[0]).await["queue"], first["queue"]);
    let numbers = [&second, &walked, &first].map(|ticket| number(ticket, "/queue/number"));
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(patients[0].sees(&booked[0]).await["queueNumber"], 3);
    let expected = json!({
        "number": 3, "state": "waiting", "nowServing": null, "ahead": 2, "estimatedMinutes": 35,
    });
    assert_eq!(status(&world, &first).await, expected);
    let called = calls(doctor, "call-next", json!({})).await.is(200);
    assert_eq!((serving(&called), &called["waiting"]), (Some(1), &json!([2, 3])));
    assert_eq!(called["nowServing"]["appointmentId"], booked[1]["id"]);
    world.pass(5 * 60);
    let seen = status(&world, &first).await;
    assert_eq!((number(&seen, "/nowServing"), number(&seen, "/ahead")), (1, 1));
    assert_eq!(number(&seen, "/estimatedMinutes"), 30);
    assert_eq!(status(&world, &second).await["state"], "called");

    // Number two is not there; three is called, and then two again.
    calls(doctor, "call-next", json!({})).await.is(200);
    let skipped = calls(doctor, "skip", json!({})).await.is(200);
    assert_eq!((serving(&skipped), &skipped["skipped"]), (None, &json!([2])));
    calls(doctor, "skip", json!({})).await.refused(409, "NOBODY_CALLED");
    let body = json!({ "doctorId": doctor.account });
    let called = calls(&world.a.admin, "call-next", body).await.is(200);
    assert_eq!(serving(&called), Some(3));
    calls(doctor, "recall", json!({ "number": 1 })).await.refused(409, "NOT_SKIPPED");
    let called = calls(doctor, "recall", json!({ "number": 2 })).await.is(200);
    assert_eq!((serving(&called), &called["skipped"]), (Some(2), &json!([])));
    assert_eq!(status(&world, &first).await["state"], "done");
    // Nobody comes after him: who is called then has been seen.
    let ended = calls(doctor, "call-next", json!({})).await.is(200);
    assert_eq!((serving(&ended), &ended["waiting"]), (None, &json!([])));
    calls(doctor, "call-next", json!({})).await.refused(409, "NOBODY_WAITS");
    // Tomorrow's numbers begin anew.
    world.set("2030-12-03T08:00:00+05:30");
    let body = json!({ "patientId": world.a.patient.patient });
    let tomorrow = doctor.comes_back().await.post("/queue/walk-in", body).await.is(201);
    assert_eq!(number(&tomorrow, "/queue/number"), 1);
}

#[tokio::test]
async fn of_many_who_come_at_once_each_has_a_number_of_his_own() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-02", "10:00", "12:00", 20).await;
    let patients = world.a.new_patients(12).await;
    let mut booked = Vec::new();
    for (patient, slot) in patients.iter().zip(&slots) {
        booked.push(patient.books_and_pays(slot).await);
    }
    let walk_ins = patients
        .iter()
        .skip(6)
        .map(|patient| doctor.post("/queue/walk-in", json!({ "patientId": patient.patient })));
    let (checked_in, walked) = tokio::join!(
        join_all(booked.iter().map(|one| checks_in(doctor, one))),
        join_all(walk_ins),
    );
    let walked = walked.into_iter().map(|answer| answer.is(201));
    let mut numbers: Vec<i64> =
        checked_in.into_iter().chain(walked).map(|it| number(&it, "/queue/number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=12).collect::<Vec<i64>>());
    // Two rooms call at once: nobody is called twice.
    let answers = join_all((0..4).map(|_| calls(doctor, "call-next", json!({})))).await;
    let mut called: Vec<i64> =
        answers.into_iter().filter_map(|answer| serving(&answer.is(200))).collect();
    called.sort_unstable();
    assert_eq!(called, [1, 2, 3, 4]);
    world.check().await;
}

#[tokio::test]
async fn who_is_seen_or_gone_is_not_called() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-02", "10:00", "11:30", 30).await;
    let patients = world.a.new_patients(3).await;
    let (mut booked, mut tickets) = (Vec::new(), Vec::new());
    for (patient, slot) in patients.iter().zip(&slots) {
        let appointment = patient.books_and_pays(slot).await;
        tickets.push(checks_in(doctor, &appointment).await);
        booked.push(appointment);
    }
    let path = |at: usize, what: &str| format!("/appointments/{}/{what}", text(&booked[at], "/id"));
    doctor.act(path(0, "complete")).await.is(200);
    doctor.act(path(1, "undo")).await.is(200);
    assert_eq!(status(&world, &tickets[0]).await["state"], "done");
    assert_eq!(status(&world, &tickets[1]).await["state"], "left");
    let called = calls(doctor, "call-next", json!({})).await.is(200);
    assert_eq!((serving(&called), &called["waiting"]), (Some(3), &json!([])));
    // Who comes back has his number still.
    assert_eq!(checks_in(doctor, &booked[1]).await["queue"], tickets[1]["queue"]);
    assert_eq!(status(&world, &tickets[1]).await["state"], "waiting");
    doctor.cancels(&booked[1]).await.is(200);
    assert_eq!(status(&world, &tickets[1]).await["state"], "left");
    calls(doctor, "call-next", json!({})).await.is(200);
    calls(doctor, "call-next", json!({})).await.refused(409, "NOBODY_WAITS");
    world.check().await;
}

#[tokio::test]
async fn who_was_seen_and_walks_in_again_waits_anew() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let body = json!({ "patientId": world.a.patient.patient });
    let first = doctor.post("/queue/walk-in", body.clone()).await.is(201);
    assert_eq!(serving(&calls(doctor, "call-next", json!({})).await.is(200)), Some(1));
    // He was the last: nobody has called another since.
    world.pass(5 * 3600);
    let doctor = doctor.comes_back().await;
    let again = doctor.post("/queue/walk-in", body.clone()).await.is(201);
    assert_eq!(number(&again, "/queue/number"), 2);
    assert_eq!(status(&world, &first).await["state"], "done");
    let seen = status(&world, &again).await;
    assert_eq!((&seen["state"], &seen["nowServing"]), (&json!("waiting"), &Value::Null));
    assert_eq!(doctor.post("/queue/walk-in", body).await.is(201), again, "he keeps it");
    let called = calls(&doctor, "call-next", json!({})).await.is(200);
    assert_eq!((serving(&called), &called["waiting"]), (Some(2), &json!([])));
    assert_eq!(serving(&calls(&doctor, "call-next", json!({})).await.is(200)), None);
    calls(&doctor, "skip", json!({})).await.refused(409, "NOBODY_CALLED");
    calls(&doctor, "call-next", json!({})).await.refused(409, "NOBODY_WAITS");
}

#[tokio::test]
async fn who_is_moved_within_the_day_waits_with_one_number() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-02", "10:00", "11:00", 30).await;
    let appointment = world.a.patient.books_and_pays(&slots[0]).await;
    let path = |what: &str| format!("/appointments/{}/{what}", text(&appointment, "/id"));
    let first = checks_in(doctor, &appointment).await;
    doctor.act(path("undo")).await.is(200);
    let to = json!({ "slotId": slots[1]["id"] });
    doctor.post(path("reschedule"), to).await.is(200);
    let second = checks_in(doctor, &appointment).await;
    doctor.act(path("undo")).await.is(200);
    assert_eq!(checks_in(doctor, &appointment).await["queue"], second["queue"]);
    let states = [&status(&world, &first).await, &status(&world, &second).await]
        .map(|seen| text(seen, "/state"));
    assert_eq!(states, ["left", "waiting"]);
    let called = calls(doctor, "call-next", json!({})).await.is(200);
    assert_eq!((serving(&called), &called["waiting"]), (Some(2), &json!([])));
    world.check().await;
}

#[tokio::test]
async fn a_nights_numbers_are_called_after_midnight_too() {
    let world = World::new().await;
    // Of the last slot before midnight there are two seats; it ends after midnight.
    let night = json!({
        "date": "2030-12-02", "from": "23:50", "to": "00:30", "overnight": true,
        "slotMinutes": 20, "capacity": 2,
    });
    let slots = world.a.doctor.post("/slots/set", night).await.is(201)["slots"].clone();
    let patients = world.a.new_patients(3).await;
    let mut booked = Vec::new();
    for (patient, slot) in patients.iter().zip([&slots[0], &slots[0], &slots[1]]) {
        booked.push(patient.books_and_pays(slot).await);
    }
    world.set("2030-12-02T23:40:00+05:30");
    let doctor = world.a.doctor.comes_back().await;
    let early = checks_in(&doctor, &booked[0]).await;
    assert_eq!(early["queue"]["day"], "2030-12-02");
    world.set("2030-12-03T00:05:00+05:30");
    let (doctor, admin) = (doctor.comes_back().await, world.a.admin.comes_back().await);
    let late = checks_in(&doctor, &booked[1]).await;
    assert_eq!(
        (&late["queue"]["number"], &late["queue"]["day"]),
        (&json!(2), &json!("2030-12-02"))
    );
    // Today's queue is another, in which nobody waits yet.
    calls(&doctor, "call-next", json!({})).await.refused(409, "NOBODY_WAITS");
    let night = json!({ "day": "2030-12-02" });
    let called = calls(&doctor, "call-next", night.clone()).await.is(200);
    assert_eq!((serving(&called), &called["day"]), (Some(1), &json!("2030-12-02")));
    let skipped = calls(&doctor, "skip", night.clone()).await.is(200);
    assert_eq!(skipped["skipped"], json!([1]));
    let of_doctor = json!({ "day": "2030-12-02", "doctorId": doctor.account });
    assert_eq!(serving(&calls(&admin, "call-next", of_doctor).await.is(200)), Some(2));
    let again = json!({ "day": "2030-12-02", "number": 1 });
    calls(&doctor, "recall", json!({ "number": 1 })).await.refused(409, "NOBODY_WAITS");
    assert_eq!(serving(&calls(&doctor, "recall", again).await.is(200)), Some(1));
    assert_eq!(status(&world, &early).await["state"], "called");
    // Today's begin anew, and go on beside it.
    let today = checks_in(&doctor, &booked[2]).await;
    assert_eq!(
        (&today["queue"]["number"], &today["queue"]["day"]),
        (&json!(1), &json!("2030-12-03"))
    );
    for body in [json!({}), json!({ "day": "2030-12-03" })] {
        let called = calls(&doctor, "call-next", body).await.is(200);
        assert_eq!(called["day"], "2030-12-03");
    }
    // The night before and tomorrow are nobody's to call.
    for day in ["2030-12-01", "2030-12-04"] {
        for what in ["call-next", "skip"] {
            let fields = calls(&doctor, what, json!({ "day": day })).await.bad_fields();
            assert_eq!(fields, [("day".to_owned(), "INVALID".to_owned())]);
        }
        let body = json!({ "day": day, "number": 1 });
        let fields = calls(&doctor, "recall", body).await.bad_fields();
        assert_eq!(fields, [("day".to_owned(), "INVALID".to_owned())]);
    }
    world.check().await;
}

#[tokio::test]
async fn whoever_runs_a_queue_sees_it_whole_and_changes_nothing() {
    let world = World::new().await;
    let (admin, doctor, asha) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    let empty = json!({
        "doctorId": doctor.account, "day": "2030-12-02",
        "nowServing": null, "waiting": [], "skipped": [], "entries": [],
    });
    assert_eq!(doctor.get("/queue").await.is(200), empty);
    let slots = doctor.sets_slots("2030-12-02", "10:00", "11:00", 20).await;
    let others = world.a.new_patients(2).await;
    let walk_in = json!({ "patientId": asha.patient, "doctorId": doctor.account });
    admin.post("/queue/walk-in", walk_in).await.is(201);
    let mut booked = Vec::new();
    for (patient, slot) in others.iter().zip(&slots) {
        booked.push(patient.books_and_pays(slot).await);
        checks_in(admin, &booked[booked.len() - 1]).await;
    }
    calls(doctor, "call-next", json!({})).await.is(200);
    calls(doctor, "skip", json!({})).await.is(200);
    let called = calls(doctor, "call-next", json!({})).await.is(200);
    let seen = doctor.get("/queue").await.is(200);
    let expected = json!([
        {
            "number": 1, "state": "skipped", "walkIn": true,
            "patient": { "id": asha.patient, "name": "Asha Rao" },
        },
        {
            "number": 2, "state": "called", "walkIn": false,
            "patient": { "id": others[0].patient, "name": "Ravi Rao" },
            "appointmentId": booked[0]["id"],
        },
        {
            "number": 3, "state": "waiting", "walkIn": false,
            "patient": { "id": others[1].patient, "name": "Ravi Rao" },
            "appointmentId": booked[1]["id"],
        },
    ]);
    assert_eq!(seen["entries"], expected);
    // All else is what the change answered, and it stays so however often it is asked for.
    let mut rest = seen.clone();
    rest.as_object_mut().unwrap().remove("entries");
    assert_eq!(rest, called);
    let named = format!("/queue?doctorId={}", doctor.account);
    for who in [admin, doctor] {
        assert_eq!(who.get(&*named).await.is(200), seen);
    }
    let undo = format!("/appointments/{}/undo", text(&booked[1], "/id"));
    admin.act(undo).await.is(200);
    let left = doctor.get("/queue").await.is(200);
    assert_eq!((&left["waiting"], &left["entries"][2]["state"]), (&json!([]), &json!("left")));
    world.check().await;
    // Two days later it is run no more, and is still to be read.
    world.set("2030-12-04T08:00:00+05:30");
    let doctor = doctor.comes_back().await;
    let today = doctor.get("/queue").await.is(200);
    assert_eq!((&today["day"], &today["entries"]), (&json!("2030-12-04"), &json!([])));
    assert_eq!(doctor.get("/queue?day=2030-12-02").await.is(200), left);
}

#[tokio::test]
async fn a_queue_is_read_by_its_doctor_and_the_desk_and_the_trail_says_so() {
    let world = World::new().await;
    let (admin, doctor, patient) = (&world.a.admin, &world.a.doctor, &world.a.patient);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    doctor.post("/queue/walk-in", json!({ "patientId": patient.patient })).await.is(201);
    let named = format!("/queue?doctorId={}", doctor.account);
    for who in [&colleague, patient, &world.b.doctor, &world.b.patient, &world.admin] {
        let refused = who.get(&*named).await.refused(403, "FORBIDDEN");
        assert!(!refused.to_string().contains("Asha"));
    }
    world.visitor().get(&*named).await.refused(401, "UNAUTHENTICATED");
    world.b.admin.get(&*named).await.refused(404, "NOT_FOUND");
    for who in [&colleague, &world.b.doctor] {
        assert_eq!(who.get("/queue").await.is(200)["entries"], json!([]));
    }
    // The desk says whose; and whoever is no doctor has none.
    let fields = admin.get("/queue").await.bad_fields();
    assert_eq!(fields, [("doctorId".to_owned(), "REQUIRED".to_owned())]);
    for account in [&patient.account, &admin.account] {
        admin.get(format!("/queue?doctorId={account}")).await.refused(404, "NOT_FOUND");
    }
    for day in ["today", "2030-02-30"] {
        assert_eq!(doctor.get(format!("/queue?day={day}")).await.bad_fields()[0].0, "day");
    }
    world.pass(1);
    let seen = doctor.get("/queue").await.is(200);
    assert_eq!(seen["entries"][0]["patient"]["name"], "Asha Rao");
    let trail = format!("/audit?limit=1&actor={}", doctor.account);
    let entry = items(&admin.get(trail).await.is(200))[0].clone();
    assert_eq!(
        (&entry["act"], &entry["listed"], &entry["result"]),
        (&json!("GET /queue"), &json!("appointments"), &json!("allowed"))
    );
}

#[tokio::test]
async fn a_patient_who_is_there_follows_his_number_by_the_link_on_his_appointment() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-02", "10:00", "11:00", 30).await;
    let appointment = patient.books_and_pays(&slots[0]).await;
    let path = |what: &str| format!("/appointments/{}/{what}", text(&appointment, "/id"));
    assert_eq!(patient.sees(&appointment).await.get("queueLink"), None);
    let ticket = checks_in(doctor, &appointment).await;
    let link = &ticket["queue"]["link"];
    for who in [patient, doctor, &world.a.admin] {
        assert_eq!(who.sees(&appointment).await["queueLink"], *link);
    }
    let status = format!("/queue/status?link={}", text(&ticket, "/queue/link"));
    let seen = world.visitor().get(&*status).await.is(200);
    assert_eq!((&seen["number"], &seen["state"]), (&json!(1), &json!("waiting")));
    // Lists have the number alone.
    for list in ["/appointments", "/appointments/today", "/appointments/upcoming"] {
        let listed = items(&patient.get(list).await.is(200));
        assert_eq!(number(&listed[0], "/queueNumber"), 1, "{list}");
        assert_eq!(listed[0].get("queueLink"), None, "{list}");
    }
    // Whoever is not there, or was seen, waits for nothing.
    let undone = doctor.act(path("undo")).await.is(200);
    for seen in [&undone["appointment"], &patient.sees(&appointment).await] {
        assert_eq!((&seen["queueNumber"], seen.get("queueLink")), (&json!(1), None));
    }
    checks_in(doctor, &appointment).await;
    assert_eq!(patient.sees(&appointment).await["queueLink"], *link);
    let other = world.a.new_patient("other").await;
    let seen_by_doctor = other.books_and_pays(&slots[1]).await;
    assert!(checks_in(doctor, &seen_by_doctor).await["appointment"]["queueLink"].is_string());
    let complete = format!("/appointments/{}/complete", text(&seen_by_doctor, "/id"));
    doctor.act(complete).await.is(200);
    assert_eq!(other.sees(&seen_by_doctor).await.get("queueLink"), None);
    // It stands there as long as it opens.
    for (at, there) in [("2030-12-03T23:59:00+05:30", true), ("2030-12-04T00:01:00+05:30", false)] {
        world.set(at);
        let patient = patient.comes_back().await;
        assert_eq!(patient.sees(&appointment).await.get("queueLink").is_some(), there, "{at}");
        let status = world.visitor().get(&*status).await.status;
        assert_eq!(status, if there { 200 } else { 404 }, "{at}");
    }
}

#[tokio::test]
async fn a_queue_is_its_doctors_and_a_link_is_good_for_one_number() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let body = json!({ "patientId": patient.patient });
    let ticket = doctor.post("/queue/walk-in", body.clone()).await.is(201);
    let named = json!({ "doctorId": doctor.account });
    calls(&colleague, "call-next", json!({})).await.refused(409, "NOBODY_WAITS");
    calls(&colleague, "call-next", named.clone()).await.refused(403, "FORBIDDEN");
    calls(&world.b.admin, "call-next", named.clone()).await.refused(409, "NOBODY_WAITS");
    calls(patient, "call-next", json!({})).await.refused(403, "FORBIDDEN");
    let fields = calls(&world.a.admin, "call-next", json!({})).await.bad_fields();
    assert_eq!(fields[0].0, "doctorId");
    let theirs = json!({ "patientId": patient.patient, "doctorId": world.b.doctor.account });
    world.b.admin.post("/queue/walk-in", theirs).await.refused(404, "NOT_FOUND");
    let nobody = json!({ "patientId": patient.patient, "doctorId": patient.account });
    world.a.admin.post("/queue/walk-in", nobody).await.refused(404, "NOT_FOUND");

    let link = text(&ticket, "/queue/link");
    let visitor = world.visitor();
    let mut turned = link.clone().into_bytes();
    turned[3] = if turned[3] == b'A' { b'B' } else { b'A' };
    for bad in [String::from_utf8(turned).unwrap(), link[..40].to_owned(), "A".repeat(80)] {
        visitor.get(format!("/queue/status?link={bad}")).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(visitor.get("/queue/status?link=a.b").await.bad_fields()[0].0, "link");
    let seen = status(&world, &ticket).await;
    assert!(!seen.to_string().contains("Asha"));
    world.set("2030-12-04T00:00:00+05:30");
    visitor.get(format!("/queue/status?link={link}")).await.refused(404, "NOT_FOUND");
}
