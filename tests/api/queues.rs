//! Numbers of the day: given at check-in and to those who walk in, called in order.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, number, text},
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
