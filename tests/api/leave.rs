//! A doctor is away: nobody new comes then, and whoever was to come takes another time or has all
//! his money back.

use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, items, number, text},
    answer::Answer,
    call::Call,
    world::World,
};

const FROM: &str = "2030-12-05T00:00:00+05:30";
const TO: &str = "2030-12-06T00:00:00+05:30";

fn wish(offer: &str) -> Value {
    json!({ "from": FROM, "to": TO, "offer": offer, "reason": "A conference" })
}

async fn leaves(doctor: &Actor, offer: &str) -> Value {
    doctor.post("/doctor/leave", wish(offer)).await.is(201)
}

async fn now(who: &Actor, leave: &Value) -> Value {
    who.get(format!("/doctor/leave/{}", text(leave, "/leaveId"))).await.is(200)
}

/// The counts of a leave: offered, moved, cancelled, refunded, kept.
async fn counts(who: &Actor, leave: &Value) -> [i64; 5] {
    let seen = now(who, leave).await;
    ["offered", "moved", "cancelled", "refunded", "kept"]
        .map(|name| number(&seen, &format!("/counts/{name}")))
}

/// The link in the latest mail that asks somebody to choose.
pub(crate) async fn link_in(world: &World, patient: &Actor, path: &str) -> String {
    world.run(Job::Effects).await;
    let mails = world.mail().to(&patient.email).await;
    let mark = format!("{path}?link=");
    let link = mails.iter().rev().find_map(|mail| {
        let (_, rest) = mail.text.split_once(&mark)?;
        rest.split_whitespace().next().map(str::to_owned)
    });
    link.unwrap_or_else(|| panic!("{} has no mail with {path}", patient.email))
}

pub(crate) async fn link(world: &World, patient: &Actor) -> String {
    link_in(world, patient, "/leave/offer").await
}

async fn accepts(world: &World, link: &str, slot: &Value) -> Answer {
    let body = json!({ "link": link, "slotId": slot["id"] });
    world.call(&Call::post("/leave/accept", &body)).await
}

async fn declines(world: &World, link: &str) -> Answer {
    world.call(&Call::post("/leave/decline", &json!({ "link": link }))).await
}

async fn offer(world: &World, link: &str) -> Value {
    world.visitor().get(format!("/leave/offer?link={link}")).await.is(200)
}

#[tokio::test]
async fn a_trial_tells_whom_it_concerns_and_changes_nothing() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let paid = patient.books_and_pays(&slots[0]).await;
    let held = world.a.new_patient("other").await.books(&slots[1]).await;
    let before = world.books().everything().await;
    let mut body = wish("alternatives");
    body["dryRun"] = json!(true);
    let trial = doctor.post("/doctor/leave", body.clone()).await.is(200);
    assert_eq!(number(&trial, "/openSlots"), 2);
    let concerned = trial["appointments"].as_array().unwrap();
    assert_eq!((&concerned[0]["id"], &concerned[1]["id"]), (&paid["id"], &held["id"]));
    assert_eq!(concerned[0]["patient"], "Asha Rao");
    assert_eq!((&concerned[0]["paid"], &concerned[0]["start"]), (&paid["fee"], &paid["start"]));
    assert_eq!(number(&concerned[1], "/paid/amount"), 0);
    body["doctorId"] = json!(doctor.account);
    assert_eq!(world.a.admin.post("/doctor/leave", body).await.is(200), trial);
    assert_eq!(world.books().everything().await, before);
    assert_eq!(items(&doctor.get("/doctor/leave").await.is(200)), Vec::<Value>::new());
}

#[tokio::test]
async fn its_time_is_blocked_whatever_becomes_of_it() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let night = json!({
        "date": "2030-12-04", "from": "23:30", "to": "00:30", "overnight": true, "slotMinutes": 60,
    });
    let reaching = doctor.post("/slots/set", night).await.is(201)["slots"][0].clone();
    let later = doctor.sets_slots("2030-12-06", "10:00", "10:30", 30).await;
    let group = json!({
        "date": "2030-12-05", "from": "14:00", "to": "15:00", "slotMinutes": 60, "capacity": 3,
    });
    let group = doctor.post("/slots/set", group).await.is(201)["slots"][0].clone();
    let held = patient.books(&slots[0]).await;
    let seat = world.a.new_patient("seat").await.books_and_pays(&group).await;
    let leave = leaves(doctor, "alternatives").await;
    assert_eq!(number(&leave, "/counts/slotsBlocked"), 5, "three, the night's, the group's");
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&later[0], "/id")]);
    for slot in slots.iter().chain([&reaching, &group]) {
        patient.tries_to_book(slot).await.refused(409, "SLOT_TAKEN");
    }
    // The hold is called off, and its slot is nobody's.
    assert_eq!(patient.status_of(&held).await, "cancelled");
    let moved = format!("/appointments/{}/reschedule", text(&seat, "/id"));
    let to = json!({ "slotId": slots[2]["id"] });
    world.a.admin.post(&*moved, to).await.refused(409, "SLOT_TAKEN");
    let seen = items(&doctor.get("/slots?from=2030-12-05&to=2030-12-05").await.is(200));
    assert!(seen.iter().all(|slot| slot["status"] == "blocked"), "{seen:#?}");
    // So is what is published for that time, whether new or in the place of what was.
    let set = doctor.sets_slots("2030-12-05", "16:00", "17:00", 30).await;
    assert!(set.iter().all(|slot| slot["status"] == "blocked"));
    let body = json!({
        "date": "2030-12-05", "from": "10:00", "to": "12:00", "slotMinutes": 20, "replace": true,
    });
    let replaced = doctor.post("/slots/set", body).await.is(201);
    assert_eq!(number(&replaced, "/removed"), 6);
    let open = ids(&patient.get("/slots").await.is(200));
    assert_eq!(open, [text(&later[0], "/id")]);
    assert_eq!(
        items(&patient.get("/doctors").await.is(200))[0]["nextAvailable"],
        later[0]["start"]
    );
    world.check().await;
}

#[tokio::test]
async fn all_money_goes_back_where_that_is_what_is_offered() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let patients = world.a.new_patients(3).await;
    let mut booked = Vec::new();
    for (patient, slot) in patients.iter().zip(&slots) {
        booked.push(patient.books_and_pays(slot).await);
    }
    // It is the day itself by now: a patient's own cancelling would give back nothing.
    world.set("2030-12-05T09:00:00+05:30");
    let doctor = doctor.comes_back().await;
    let path = format!("/appointments/{}/check-in", text(&booked[2], "/id"));
    doctor.act(path).await.is(200);
    let leave = leaves(&doctor, "refund").await;
    assert_eq!(leave["status"], "running");
    let seen = now(&doctor, &leave).await;
    assert_eq!((&seen["status"], &seen["staying"]), (&json!("done"), &json!([booked[2]["id"]])));
    assert_eq!(counts(&doctor, &leave).await, [0, 0, 2, 2, 0]);
    for _ in 0..2 {
        world.run(Job::Effects).await;
        world.run(Job::Leave).await;
    }
    for (patient, appointment) in patients.iter().zip(&booked).take(2) {
        let payment = text(appointment, "/payment/paymentId");
        let back = world.razorpay().refunds_of(&payment).await;
        assert_eq!(back.iter().map(|one| number(one, "/amount")).collect::<Vec<_>>(), [50_000]);
        assert_eq!(world.mail().count(&patient.email, "was cancelled").await, 1);
        let mails = world.mail().to(&patient.email).await;
        let told = mails.iter().rev().find(|mail| mail.subject.contains("was cancelled")).unwrap();
        let told = told.text.replace('\n', " ");
        assert!(told.contains("the doctor is away") && !told.contains("conference"), "{told}");
    }
    assert_eq!(doctor.status_of(&booked[2]).await, "checked_in");
    assert_eq!(now(&doctor, &leave).await, seen, "nothing more");
    world.check().await;
}

#[tokio::test]
async fn a_patient_takes_another_time_with_one_click() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let own = doctor.sets_slots("2030-12-07", "10:00", "11:00", 30).await;
    let theirs = colleague.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let before = colleague.sets_slot("2030-12-04", "10:00").await;
    let appointment = patient.books_and_pays(&slots[0]).await;
    let leave = leaves(doctor, "alternatives").await;
    assert_eq!(counts(doctor, &leave).await, [1, 0, 0, 0, 0]);
    let link = link(&world, patient).await;
    let shown = offer(&world, &link).await;
    assert_eq!(shown["until"], "2030-12-04T09:00:00+05:30");
    assert_eq!(shown["appointment"]["outcome"], "offered");
    assert!(!shown.to_string().contains("Asha"), "the link tells no name");
    let free: Vec<&Value> =
        shown["alternatives"].as_array().unwrap().iter().map(|one| &one["slotId"]).collect();
    assert_eq!(free, [&own[0]["id"], &own[1]["id"], &theirs[0]["id"]], "his own first");

    let foreign = world.b.doctor.sets_slot("2030-12-07", "10:00").await;
    accepts(&world, &link, &foreign).await.refused(404, "NOT_FOUND");
    accepts(&world, &link, &slots[1]).await.refused(409, "SLOT_TAKEN");
    accepts(&world, &format!("{link}A"), &own[0]).await.refused(404, "NOT_FOUND");
    let moved = accepts(&world, &link, &theirs[0]).await.is(200);
    let now = &moved["appointment"];
    assert_eq!((&now["id"], &now["start"]), (&appointment["id"], &theirs[0]["start"]));
    assert_eq!(now["outcome"], "moved");
    assert_eq!(accepts(&world, &link, &theirs[0]).await.is(200), moved, "twice is the same");
    accepts(&world, &link, &before).await.refused(409, "LEAVE_OFFER_USED");
    declines(&world, &link).await.refused(409, "LEAVE_OFFER_USED");
    assert_eq!(counts(doctor, &leave).await, [0, 1, 0, 0, 0]);
    let seen = patient.sees(&appointment).await;
    assert_eq!((&seen["status"], &seen["payment"]), (&json!("confirmed"), &appointment["payment"]));
    let step = seen["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&step["what"], &step["by"]["role"]), (&json!("rescheduled"), &json!("patient")));
    // After the time to choose nothing more happens.
    world.pass(3 * 24 * 3600 - 3600);
    world.run(Job::Effects).await;
    assert_eq!(world.mail().count(&patient.email, "was moved").await, 1);
    let patient = patient.comes_back().await;
    assert_eq!(patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn a_cheaper_time_gives_the_difference_back_and_a_dearer_one_costs_nothing_more() {
    let world = World::new().await;
    let (doctor, admin) = (&world.a.doctor, &world.a.admin);
    let mut others = Vec::new();
    for (name, fee) in [("cheap", 30_000), ("dear", 80_000)] {
        let mut body = world.a.doctor_body(name);
        body["fee"] = json!({ "amount": fee, "currency": "INR" });
        admin.post("/create/doctor", body).await.is(201);
        let other = world.visitor().activated(&world.a.address(name), &world.a.code).await;
        others.push(other.sets_slot("2030-12-05", "11:00").await);
    }
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let patients = world.a.new_patients(2).await;
    for (patient, slot) in patients.iter().zip(&slots) {
        patient.books_and_pays(slot).await;
    }
    leaves(doctor, "alternatives").await;
    let refunds = [json!({ "amount": 20_000, "currency": "INR" }), Value::Null];
    for ((patient, slot), refund) in patients.iter().zip(&others).zip(&refunds) {
        let link = link(&world, patient).await;
        let moved = accepts(&world, &link, slot).await.is(200);
        assert_eq!(moved["appointment"]["refund"], *refund);
    }
    world.check().await;
}

#[tokio::test]
async fn who_is_logged_in_chooses_by_the_same_rules_as_by_the_link() {
    let world = World::new().await;
    let (doctor, admin) = (&world.a.doctor, &world.a.admin);
    let mut dear = Vec::new();
    for (name, speciality) in [("dear", "Cardiology"), ("other", "Neurology")] {
        let mut body = world.a.doctor_body(name);
        body["fee"] = json!({ "amount": 80_000, "currency": "INR" });
        body["speciality"] = json!(speciality);
        admin.post("/create/doctor", body).await.is(201);
        let other = world.visitor().activated(&world.a.address(name), &world.a.code).await;
        dear.push(other.sets_slot("2030-12-05", "11:00").await);
    }
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let patients = world.a.new_patients(2).await;
    let asked = patients[0].books_and_pays(&slots[0]).await;
    let later = doctor.sets_slot("2030-12-20", "10:00").await;
    let left_alone = patients[1].books_and_pays(&later).await;
    let moves = async |who: &Actor, appointment: &Value, slot: &Value| {
        let path = format!("/appointments/{}/reschedule", text(appointment, "/id"));
        who.post(path, json!({ "slotId": slot["id"] })).await
    };
    moves(&patients[0], &asked, &dear[0]).await.refused(409, "SLOT_COSTS_MORE");
    let leave = leaves(doctor, "alternatives").await;
    // What the link would not give costs more still, and so does all to whom nobody has asked.
    moves(&patients[0], &asked, &dear[1]).await.refused(409, "SLOT_COSTS_MORE");
    moves(&patients[1], &left_alone, &dear[0]).await.refused(409, "SLOT_COSTS_MORE");
    let moved = moves(&patients[0], &asked, &dear[0]).await.is(200);
    assert_eq!((&moved["refund"], &moved["appointment"]["fee"]), (&Value::Null, &asked["fee"]));
    assert_eq!(moved["appointment"]["start"], dear[0]["start"]);
    assert_eq!(counts(doctor, &leave).await, [0, 1, 0, 0, 0]);
    moves(&patients[0], &asked, &dear[1]).await.refused(409, "SLOT_COSTS_MORE");
    world.check().await;
}

#[tokio::test]
async fn the_history_says_that_the_doctor_is_away_and_not_why() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let own = doctor.sets_slot("2030-12-07", "10:00").await;
    let (one, two) = (patient.books_and_pays(&slots[0]).await, patient.books(&slots[1]).await);
    let three = patient.books_and_pays(&slots[2]).await;
    let leave = leaves(doctor, "alternatives").await;
    let link = link(&world, patient).await;
    let steps = async |who: &Actor, appointment: &Value| -> Vec<[String; 3]> {
        let seen = who.sees(appointment).await;
        assert!(!seen.to_string().contains("A conference"), "{seen}");
        let words = |step: &Value, pointer: &str| {
            step.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let all = seen["history"].as_array().unwrap().iter();
        all.map(|step| ["/what", "/by/role", "/reason"].map(|at| words(step, at))).collect()
    };
    let away = "The doctor is away";
    // What is not paid is called off at once, and who has paid is asked.
    let expected = [["booked", "patient", ""], ["cancelled", "doctor", away]];
    for who in [patient, doctor] {
        assert_eq!(steps(who, &two).await, expected.map(|step| step.map(str::to_owned)));
    }
    // One of the two takes another time, by whichever mail came last.
    accepts(&world, &link, &own).await.is(200);
    let (first, third) = (steps(patient, &one).await, steps(patient, &three).await);
    let chose = ["rescheduled", "patient", away].map(str::to_owned);
    let moved = if first.last() == Some(&chose) { &one } else { &three };
    assert!(first.last() == Some(&chose) || third.last() == Some(&chose), "{first:?} {third:?}");
    doctor.delete(format!("/doctor/leave/{}", text(&leave, "/leaveId"))).await.is(204);
    assert_eq!(steps(patient, moved).await.last(), Some(&chose), "what was moved stays so");
    world.check().await;
}

#[tokio::test]
async fn a_patient_has_his_money_back_with_one_click_or_by_saying_nothing() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let other = world.a.new_patient("other").await;
    let third = world.a.new_patient("third").await;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let free = doctor.sets_slot("2030-12-07", "10:00").await;
    let one = patient.books_and_pays(&slots[0]).await;
    let two = other.books_and_pays(&slots[1]).await;
    let three = third.books_and_pays(&slots[2]).await;
    let leave = leaves(doctor, "alternatives").await;
    let (first, second) = (link(&world, patient).await, link(&world, &other).await);
    let declined = declines(&world, &first).await.is(200);
    assert_eq!(declined["appointment"]["refund"], one["fee"]);
    let again = declines(&world, &first).await.is(200);
    assert_eq!(again["appointment"], declined["appointment"]);
    accepts(&world, &first, &free).await.refused(409, "LEAVE_OFFER_USED");
    assert_eq!(counts(doctor, &leave).await, [2, 0, 1, 1, 0]);
    // Whoever logs in and cancels loses nothing either.
    let quote = format!("/appointments/{}/cancel-quote", text(&three, "/id"));
    assert_eq!(number(&third.get(quote).await.is(200), "/percent"), 100);
    assert_eq!(third.cancels(&three).await.is(200)["refund"]["amount"], 50_000);
    // A second before, the offer is good; then it is over, whether or not anything has run.
    world.set("2030-12-04T08:59:59+05:30");
    world.run(Job::Effects).await;
    assert!(offer(&world, &second).await["until"].is_string());
    world.pass(1);
    accepts(&world, &second, &free).await.refused(409, "LEAVE_OFFER_OVER");
    assert_eq!(offer(&world, &second).await["until"], Value::Null);
    for _ in 0..3 {
        world.run(Job::Effects).await;
    }
    accepts(&world, &second, &free).await.refused(409, "LEAVE_OFFER_OVER");
    let doctor = doctor.comes_back().await;
    assert_eq!(doctor.status_of(&two).await, "cancelled");
    assert_eq!(counts(&doctor, &leave).await, [0, 0, 3, 3, 0]);
    let back = world.razorpay().refunds_of(&text(&two, "/payment/paymentId")).await;
    assert_eq!(back.iter().map(|one| number(one, "/amount")).collect::<Vec<_>>(), [50_000]);
    assert_eq!(world.mail().count(&other.email, "was cancelled").await, 1);
    world.check().await;
}

#[tokio::test]
async fn whoever_would_have_no_time_to_choose_is_not_asked() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "09:30", "10:30", 30).await;
    let patients = world.a.new_patients(2).await;
    let soon = patients[0].books_and_pays(&slots[0]).await;
    let later = patients[1].books_and_pays(&slots[1]).await;
    let body = json!({ "from": "2030-12-02T09:00:00+05:30", "to": TO });
    world.a.doctor.post("/doctor/leave", body).await.is(201);
    assert_eq!(patients[0].status_of(&soon).await, "cancelled");
    assert_eq!(patients[1].status_of(&later).await, "confirmed");
    let link = link(&world, &patients[1]).await;
    assert_eq!(offer(&world, &link).await["until"], later["start"], "never beyond the start");
    world.check().await;
}

#[tokio::test]
async fn nobody_fails_to_come_to_a_doctor_who_is_away() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    // Less than two days before: he may choose until it begins.
    world.set("2030-12-04T12:00:00+05:30");
    leaves(&world.a.doctor.refreshed().await, "alternatives").await;
    world.set("2030-12-05T10:00:10+05:30");
    let missed = format!("/appointments/{}/no-show", text(&paid, "/id"));
    world.a.admin.refreshed().await.act(missed).await.refused(409, "NOT_CONFIRMED");
    for _ in 0..2 {
        world.run(Job::Effects).await;
    }
    let refunds = world.razorpay().refunds_of(&text(&paid, "/payment/paymentId")).await;
    assert_eq!(refunds.iter().map(|one| number(one, "/amount")).collect::<Vec<_>>(), [50_000]);
    world.check().await;
}

#[tokio::test]
async fn who_was_checked_in_by_mistake_is_asked_after_all() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "17:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    world.set("2030-12-05T09:00:00+05:30");
    let (admin, doctor) = (world.a.admin.refreshed().await, world.a.doctor.refreshed().await);
    let step = |what: &str| format!("/appointments/{}/{what}", text(&paid, "/id"));
    admin.act(step("check-in")).await.is(200);
    let leave = leaves(&doctor, "alternatives").await;
    world.run(Job::Leave).await;
    assert_eq!(counts(&doctor, &leave).await, [0, 0, 0, 0, 0]);
    admin.act(step("undo")).await.is(200);
    assert_eq!(world.run(Job::Leave).await, 1);
    assert_eq!(counts(&doctor, &leave).await, [1, 0, 0, 0, 0]);
    assert_eq!(now(&doctor, &leave).await["status"], "done");
    assert!(!link(&world, &world.a.patient).await.is_empty());
    world.check().await;
}

#[tokio::test]
async fn a_leave_that_is_taken_back_opens_its_time_and_lets_appointments_stand() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let appointment = patient.books_and_pays(&slots[0]).await;
    let first = leaves(doctor, "alternatives").await;
    world.pass(1);
    let body = json!({ "from": "2030-12-05T11:00:00+05:30", "to": TO });
    let second = doctor.post("/doctor/leave", body).await.is(201);
    let link = link(&world, patient).await;
    let path = format!("/doctor/leave/{}", text(&first, "/leaveId"));
    world.b.admin.delete(&*path).await.refused(404, "NOT_FOUND");
    for _ in 0..2 {
        doctor.delete(&*path).await.is(204);
    }
    // The other leave holds on.
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&slots[1], "/id")]);
    patient.tries_to_book(&slots[2]).await.refused(409, "SLOT_TAKEN");
    assert_eq!(counts(doctor, &first).await, [0, 0, 0, 0, 1]);
    assert_eq!(now(doctor, &first).await["status"], "taken_back");
    accepts(&world, &link, &slots[1]).await.refused(409, "APPOINTMENT_STANDS");
    declines(&world, &link).await.refused(409, "APPOINTMENT_STANDS");
    world.run(Job::Effects).await;
    assert_eq!(world.mail().count(&patient.email, "takes place after all").await, 1);
    let path = format!("/doctor/leave/{}", text(&second, "/leaveId"));
    doctor.delete(&*path).await.is(204);
    assert_eq!(ids(&patient.get("/slots").await.is(200)).len(), 3);
    world.pass(3 * 24 * 3600);
    world.run(Job::Effects).await;
    let doctor = doctor.comes_back().await;
    assert_eq!(doctor.status_of(&appointment).await, "confirmed");
    let listed = items(&doctor.get("/doctor/leave").await.is(200));
    assert_eq!(
        listed.iter().map(|one| &one["leaveId"]).collect::<Vec<_>>(),
        [&second["leaveId"], &first["leaveId"]]
    );
    world.check().await;
}

#[tokio::test]
async fn a_payment_that_comes_too_late_is_no_way_into_a_leave() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let late = patient.books(&slots[0]).await;
    let paid = patient.checks_out(&late).await;
    world.pass(600);
    let other = world.a.new_patient("other").await;
    let held = other.books(&slots[1]).await;
    let in_time = other.checks_out(&held).await;
    // Nobody is told yet when the payments come.
    let alone = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let leave = leaves(&doctor.at(&alone), "alternatives").await;
    let answer = patient.post("/payment/verify", paid).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "expired");
    let answer = other.post("/payment/verify", in_time).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "confirmed");
    world.run(Job::Leave).await;
    assert_eq!(counts(doctor, &leave).await, [1, 0, 0, 0, 0]);
    world.check().await;
}

#[tokio::test]
async fn who_takes_leave_for_whom_and_from_when_to_when() {
    let world = World::new().await;
    let (doctor, patient, admin) = (&world.a.doctor, &world.a.patient, &world.a.admin);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let of = |who: &Actor| {
        let mut body = wish("refund");
        body["doctorId"] = json!(who.account);
        body
    };
    for who in [patient, &world.admin] {
        who.post("/doctor/leave", of(doctor)).await.refused(403, "FORBIDDEN");
        who.get("/doctor/leave").await.refused(403, "FORBIDDEN");
    }
    colleague.post("/doctor/leave", of(doctor)).await.refused(403, "FORBIDDEN");
    for who in [doctor, patient] {
        world.b.admin.post("/doctor/leave", of(who)).await.refused(404, "NOT_FOUND");
    }
    admin.post("/doctor/leave", of(patient)).await.refused(404, "NOT_FOUND");
    let fields = admin.post("/doctor/leave", wish("refund")).await.bad_fields();
    assert_eq!(fields, [("doctorId".to_owned(), "REQUIRED".to_owned())]);
    for (from, to) in [
        (TO, FROM),
        (FROM, FROM),
        ("2030-11-01T00:00:00+05:30", "2030-12-02T09:00:00+05:30"),
        ("2030-12-05T00:00:00+05:30", "2031-12-07T00:00:00+05:30"),
        ("2030-12-05T00:00:00", TO),
        ("2030-12-05", TO),
    ] {
        let body = json!({ "from": from, "to": to });
        doctor.post("/doctor/leave", body).await.refused(422, "VALIDATION_FAILED");
    }
    let leave = admin.post("/doctor/leave", of(doctor)).await.is(201);
    // The same once more is the same, with a key and without.
    assert_eq!(leaves(doctor, "refund").await["leaveId"], leave["leaveId"]);
    let one = doctor.post_once("k", "/doctor/leave", &wish("refund")).await.is(201);
    assert_eq!(one["leaveId"], leave["leaveId"]);
    let path = format!("/doctor/leave/{}", text(&leave, "/leaveId"));
    for who in [&colleague, &world.b.admin, &world.b.doctor] {
        who.get(&*path).await.refused(404, "NOT_FOUND");
        who.delete(&*path).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(items(&colleague.get("/doctor/leave").await.is(200)), Vec::<Value>::new());
    let listed = items(&admin.get("/doctor/leave").await.is(200));
    assert_eq!(listed[0]["leaveId"], leave["leaveId"]);
    let entries = items(&admin.get("/audit?limit=100").await.is(200));
    let entered =
        |entry: &&Value| entry["act"] == "POST /doctor/leave" && entry["result"] == "done";
    let entry = entries.iter().find(entered).unwrap();
    assert_eq!(entry["about"], json!([leave["leaveId"]]));
}

#[tokio::test]
async fn what_is_done_by_a_link_is_in_the_trail_and_good_in_its_hospital_alone() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = patient.books_and_pays(&slot).await;
    leaves(doctor, "alternatives").await;
    let link = link(&world, patient).await;
    offer(&world, &link).await;
    declines(&world, &link).await.is(200);
    let about = format!("/audit?limit=100&about={}", text(&appointment, "/id"));
    let entries = items(&world.a.admin.get(about).await.is(200));
    let by = |act: &str| {
        entries.iter().find(|entry| entry["act"] == act).map(|entry| entry["actor"].clone())
    };
    for act in ["GET /leave/offer", "POST /leave/decline"] {
        assert_eq!(by(act).unwrap()["service"], "link", "{act}");
    }
    assert_eq!(by("leave").unwrap()["service"], "scheduled");
    // A link for something else is none.
    let queue = json!({ "patientId": patient.patient });
    let ticket = doctor.post("/queue/walk-in", queue).await.is(201);
    let other = text(&ticket, "/queue/link");
    world.visitor().get(format!("/leave/offer?link={other}")).await.refused(404, "NOT_FOUND");
    world.visitor().get(format!("/queue/status?link={link}")).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_leave_races_bookings_moves_and_publishing() {
    for round in 0..6 {
        let world = World::new().await;
        let doctor = &world.a.doctor;
        let slots = doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
        let elsewhere = doctor.sets_slots("2030-12-07", "10:00", "11:00", 30).await;
        let patients = world.a.new_patients(6).await;
        let own = patients[5].books_and_pays(&elsewhere[0]).await;
        let path = format!("/appointments/{}/reschedule", text(&own, "/id"));
        let publishing = json!({
            "date": "2030-12-05", "from": "14:00", "to": "16:00", "slotMinutes": 30,
        });
        let booking = patients.iter().take(5).zip(slots.iter().cycle());
        let booking = booking.map(|(patient, slot)| patient.tries_to_book(slot));
        let offer = if round % 2 == 0 { "refund" } else { "alternatives" };
        let (leave, set, moved, booked) = tokio::join!(
            leaves(doctor, offer),
            doctor.post("/slots/set", publishing),
            patients[5].post(path, json!({ "slotId": slots[3]["id"] })),
            join_all(booking),
        );
        set.is(201);
        moved.is_one_of(&[200, 409]);
        for answer in booked {
            answer.is_one_of(&[201, 409]);
        }
        world.run(Job::Leave).await;
        world.check().await;
        let open = doc! {
            "status": "open", "leaves": { "$exists": false },
            "start": { "$gte": 1_922_639_400_000_i64, "$lt": 1_922_725_800_000_i64 },
            "doctor.id": &doctor.account,
        };
        assert_eq!(world.books().find("slots", open).await.len(), 0, "round {round}");
        // Whoever was faster is told like all others.
        let [offered, _, cancelled, ..] = counts(doctor, &leave).await;
        let live = doc! {
            "status": { "$in": ["held", "confirmed"] }, "leaves": { "$exists": false },
            "start": { "$gte": 1_922_639_400_000_i64, "$lt": 1_922_725_800_000_i64 },
        };
        let untold = world.books().find("appointments", live).await;
        assert!(untold.is_empty(), "round {round}: {offered} {cancelled} {untold:#?}");
    }
}

#[tokio::test]
async fn an_acceptance_races_another_the_end_of_its_time_and_the_leaves_own_end() {
    for round in 0..6 {
        let world = World::new().await;
        let (doctor, patient) = (&world.a.doctor, &world.a.patient);
        let slot = doctor.sets_slot("2030-12-05", "10:00").await;
        let free = doctor.sets_slots("2030-12-07", "10:00", "11:00", 30).await;
        let appointment = patient.books_and_pays(&slot).await;
        let leave = leaves(doctor, "alternatives").await;
        let link = link(&world, patient).await;
        let path = format!("/doctor/leave/{}", text(&leave, "/leaveId"));
        let (one, two, declined, over) = tokio::join!(
            accepts(&world, &link, &free[0]),
            accepts(&world, &link, &free[1]),
            async { if round % 2 == 0 { Some(declines(&world, &link).await) } else { None } },
            async { if round % 3 == 0 { Some(doctor.delete(&*path).await) } else { None } },
        );
        let won = [&one, &two].iter().filter(|answer| answer.status == 200).count();
        assert!(won <= 1, "round {round}");
        for answer in [one, two].into_iter().chain(declined) {
            answer.is_one_of(&[200, 409]);
        }
        over.map(|answer| answer.is(204));
        world.pass(48 * 3600);
        world.run(Job::Leave).await;
        world.run(Job::Effects).await;
        let doctor = doctor.comes_back().await;
        let sum: i64 = counts(&doctor, &leave).await[..3].iter().sum();
        let kept = counts(&doctor, &leave).await[4];
        assert_eq!(sum + kept, 1, "round {round}");
        let status = doctor.status_of(&appointment).await;
        assert_eq!(status == "confirmed", won == 1 || kept == 1, "round {round}: {status}");
        world.check().await;
    }
}

#[tokio::test]
async fn a_payment_that_comes_too_late_is_no_way_to_a_doctor_who_is_shut_out_or_has_other_hours() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let late = world.a.patient.books(&slots[0]).await;
    let other = world.a.new_patient("other").await;
    let in_time = other.books(&slots[1]).await;
    // He keeps no hours any more; what is held stays while it is.
    let body = json!({
        "date": "2030-12-05", "from": "15:00", "to": "15:30", "slotMinutes": 30, "replace": true,
    });
    doctor.post("/slots/set", body).await.is(201);
    let (first, second) =
        (world.a.patient.checks_out(&late).await, other.checks_out(&in_time).await);
    let answer = other.post("/payment/verify", second).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "confirmed");
    world.pass(600);
    let answer = world.a.patient.post("/payment/verify", first).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "expired");

    let slot = doctor.sets_slot("2030-12-06", "10:00").await;
    let late = world.a.patient.books(&slot).await;
    let paid = world.a.patient.checks_out(&late).await;
    world.pass(600);
    let admin = world.a.admin.comes_back().await;
    admin.act(format!("/users/{}/block", doctor.account)).await.is(200);
    let patient = world.a.patient.comes_back().await;
    let answer = patient.post("/payment/verify", paid).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "expired");
    world.check().await;
}

#[tokio::test]
async fn who_takes_another_time_because_the_doctor_is_away_keeps_his_right_to_his_money() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let near =
        world.a.new_doctor("vikram", "Vikram Shah").await.sets_slot("2030-12-03", "08:00").await;
    let appointment = patient.books_and_pays(&slots[0]).await;
    leaves(doctor, "alternatives").await;
    let link = link(&world, patient).await;
    accepts(&world, &link, &near).await.is(200);
    let path = format!("/appointments/{}/cancel-quote", text(&appointment, "/id"));
    assert_eq!(patient.get(path).await.is(200)["percent"], 100);
    let cancelled = patient.cancels(&appointment).await.is(200);
    assert_eq!(cancelled["refund"]["amount"], 50_000);
    world.check().await;
}
