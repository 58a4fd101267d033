//! A visit: the patient comes and is seen, or does not come; and what was noted by mistake is taken
//! back.

use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, text},
    answer::Answer,
    world::World,
};

async fn does(who: &Actor, appointment: &Value, what: &str) -> Answer {
    who.act(format!("/appointments/{}/{what}", text(appointment, "/id"))).await
}

/// What became of an appointment, as somebody sees it: what, by whom, when and why.
async fn history(who: &Actor, appointment: &Value) -> Vec<[String; 4]> {
    let seen = who.sees(appointment).await;
    let words = |step: &Value, pointer: &str| {
        step.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let steps = seen["history"].as_array().unwrap().iter();
    steps.map(|step| ["/what", "/by/role", "/at", "/reason"].map(|at| words(step, at))).collect()
}

#[tokio::test]
async fn a_visit_is_noted_step_by_step_and_both_sides_see_who_when_and_why() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "15:00", "16:00", 30).await;
    let appointment = world.a.patient.books_and_pays(&slots[0]).await;
    world.set("2030-12-02T14:50:00+05:30");
    let (admin, doctor, patient) = (
        world.a.admin.refreshed().await,
        world.a.doctor.refreshed().await,
        world.a.patient.refreshed().await,
    );
    for who in [&doctor, &admin] {
        does(who, &appointment, "complete").await.refused(409, "NOT_STARTED");
    }
    let path = |what: &str| format!("/appointments/{}/{what}", text(&appointment, "/id"));
    let noted = admin.post(path("check-in"), json!({ "reason": "By the north door" })).await;
    assert_eq!(text(&noted.is(200), "/appointment/status"), "checked_in");
    // He is still of today, and still to come.
    for list in ["/appointments/today", "/appointments/upcoming", "/appointments?status=checked_in"]
    {
        assert_eq!(ids(&patient.get(list).await.is(200)), [text(&appointment, "/id")], "{list}");
    }
    does(&admin, &appointment, "no-show").await.refused(409, "CHECKED_IN");
    world.set("2030-12-02T15:20:00+05:30");
    let doctor = doctor.refreshed().await;
    let seen = does(&doctor, &appointment, "complete").await.is(200);
    assert_eq!(does(&doctor, &appointment, "complete").await.is(200), seen);
    does(&doctor, &appointment, "undo").await.refused(409, "NOT_CONFIRMED");
    doctor.cancels(&appointment).await.refused(409, "NOT_CANCELLABLE");
    let (patient, admin) = (patient.refreshed().await, admin.refreshed().await);
    let expected = [
        ["booked", "patient", "2030-12-02T09:00:00+05:30", ""],
        ["confirmed", "", "2030-12-02T09:00:00+05:30", ""],
        ["checked_in", "hospital", "2030-12-02T14:50:00+05:30", "By the north door"],
        ["completed", "doctor", "2030-12-02T15:20:00+05:30", ""],
    ]
    .map(|step| step.map(str::to_owned));
    for who in [&patient, &doctor, &admin] {
        assert_eq!(history(who, &appointment).await, expected);
    }
    assert_eq!(ids(&patient.get("/appointments/today").await.is(200)), Vec::<String>::new());
    world.check().await;
}

#[tokio::test]
async fn only_those_who_run_the_day_note_what_happens_on_it() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "09:10").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    for what in ["check-in", "complete", "no-show", "undo"] {
        does(&world.a.patient, &appointment, what).await.refused(403, "FORBIDDEN");
        does(&world.admin, &appointment, what).await.refused(403, "FORBIDDEN");
        for who in [&colleague, &world.b.doctor, &world.b.admin] {
            does(who, &appointment, what).await.refused(404, "NOT_FOUND");
        }
        let path = format!("/appointments/{}/{what}", text(&appointment, "/id"));
        let fields = world.a.doctor.post(path, json!({ "reason": "", "by": "me" })).await;
        let fields = fields.bad_fields();
        assert_eq!(fields.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), ["by", "reason"]);
    }
    // What is not paid is not there to be visited.
    let other = world.a.new_patient("other").await;
    let held = other.books(&world.a.doctor.sets_slot("2030-12-02", "10:00").await).await;
    does(&world.a.doctor, &held, "check-in").await.refused(409, "NOT_CONFIRMED");
    let tomorrow = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let tomorrow = other.books_and_pays(&tomorrow).await;
    does(&world.a.doctor, &tomorrow, "check-in").await.refused(409, "NOT_TODAY");
    does(&world.a.doctor, &tomorrow, "undo").await.refused(409, "NOTHING_TO_UNDO");
}

#[tokio::test]
async fn a_mistake_is_taken_back_on_its_day_and_money_stays() {
    let world = World::new().await;
    let terms = json!({ "tiers": [], "noShowPercent": 50 });
    world.a.admin.patch("/hospital", json!({ "cancellation": terms })).await.is(200);
    let slot = world.a.doctor.sets_slot("2030-12-02", "15:00").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    world.set("2030-12-02T15:30:00+05:30");
    let doctor = world.a.doctor.refreshed().await;
    for what in ["check-in", "no-show"] {
        does(&doctor, &appointment, what).await.is(200);
        let undone = does(&doctor, &appointment, "undo").await.is(200);
        assert_eq!(text(&undone, "/appointment/status"), "confirmed");
        assert_eq!(does(&doctor, &appointment, "undo").await.is(200), undone);
        world.check().await;
    }
    does(&doctor, &appointment, "no-show").await.is(200);
    does(&doctor, &appointment, "undo").await.is(200);
    world.set("2030-12-03T00:00:00+05:30");
    for _ in 0..2 {
        world.run(Job::Effects).await;
    }
    let payment = text(&appointment, "/payment/paymentId");
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 0);
    // Noted on the day after, it is taken back on that day; another day later it is not.
    let doctor = doctor.comes_back().await;
    does(&doctor, &appointment, "no-show").await.is(200);
    world.set("2030-12-04T00:00:00+05:30");
    let doctor = doctor.comes_back().await;
    does(&doctor, &appointment, "undo").await.refused(409, "TOO_LATE_TO_UNDO");
    world.run(Job::Effects).await;
    does(&doctor, &appointment, "undo").await.refused(409, "TOO_LATE_TO_UNDO");
    world.run(Job::Effects).await;
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn of_many_who_note_different_things_at_once_one_is_heard() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "09:10").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    world.set("2030-12-02T09:11:00+05:30");
    let whats = ["check-in", "no-show", "check-in", "no-show", "complete", "check-in"];
    let asked = whats.iter().map(|what| does(&world.a.doctor, &appointment, what));
    for answer in join_all(asked).await {
        answer.is_one_of(&[200, 409]);
    }
    let steps = history(&world.a.doctor, &appointment).await;
    let steps: Vec<&str> = steps.iter().skip(2).map(|step| step[0].as_str()).collect();
    let lives: [&[&str]; 4] =
        [&["checked_in"], &["no_show"], &["completed"], &["checked_in", "completed"]];
    assert!(lives.contains(&&*steps), "{steps:?}");
    world.check().await;
}

#[tokio::test]
async fn a_patient_who_is_elsewhere_by_now_is_not_brought_back() {
    let world = World::new().await;
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "09:10").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    let elsewhere = colleague.sets_slot("2030-12-02", "09:30").await;
    world.set("2030-12-02T09:14:00+05:30");
    does(&world.a.doctor, &appointment, "no-show").await.is(200);
    let other = world.a.patient.books(&elsewhere).await;
    does(&world.a.doctor, &appointment, "undo").await.refused(409, "PATIENT_BUSY");
    // A hold that ran out is in nobody's way.
    world.pass(600);
    let doctor = world.a.doctor.refreshed().await;
    does(&doctor, &appointment, "undo").await.is(200);
    assert_eq!(world.a.patient.refreshed().await.status_of(&other).await, "expired");
    world.check().await;
}

#[tokio::test]
async fn what_is_undone_over_and_over_is_undone_no_more() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-02", "09:10").await;
    let appointment = world.a.patient.books_and_pays(&slot).await;
    for _ in 0..24 {
        does(&world.a.doctor, &appointment, "check-in").await.is(200);
        does(&world.a.doctor, &appointment, "undo").await.is(200);
    }
    does(&world.a.doctor, &appointment, "check-in").await.is(200);
    does(&world.a.doctor, &appointment, "undo").await.refused(409, "UNDONE_TOO_OFTEN");
    assert_eq!(history(&world.a.doctor, &appointment).await.len(), 51);
    does(&world.a.doctor, &appointment, "complete").await.is(200);
}

#[tokio::test]
async fn what_is_noted_around_midnight_is_taken_back_as_long_as_the_visits_day_lasts() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let body = json!({
        "date": "2030-12-02", "from": "23:45", "to": "00:45", "slotMinutes": 30, "overnight": true,
    });
    let slots = doctor.post("/slots/set", body).await.is(201)["slots"].clone();
    let other = world.a.new_patient("other").await;
    let late = patient.books_and_pays(&slots[0]).await;
    let early = other.books_and_pays(&slots[1]).await;
    world.set("2030-12-02T23:40:00+05:30");
    let doctor = doctor.refreshed().await;
    does(&doctor, &early, "check-in").await.is(200);
    world.set("2030-12-02T23:50:00+05:30");
    does(&doctor, &late, "no-show").await.is(200);
    // He comes within his slot, past midnight; and the other is not there after all.
    world.set("2030-12-03T00:05:00+05:30");
    world.run(Job::Effects).await;
    let doctor = doctor.refreshed().await;
    does(&doctor, &late, "undo").await.is(200);
    does(&doctor, &late, "check-in").await.is(200);
    does(&doctor, &early, "undo").await.is(200);
    world.set("2030-12-03T00:40:00+05:30");
    let doctor = doctor.refreshed().await;
    does(&doctor, &early, "no-show").await.is(200);
    does(&doctor, &late, "complete").await.is(200);
    world.check().await;
    // Once that day is over too, it stands.
    world.set("2030-12-04T00:00:00+05:30");
    let doctor = doctor.comes_back().await;
    does(&doctor, &early, "undo").await.refused(409, "TOO_LATE_TO_UNDO");
    world.check().await;
}
