//! The waiting list: what becomes free goes to the first who waits for it, and to nobody before.

use crate::leave::link_in;
use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, items, text},
    answer::Answer,
    call::Call,
    world::World,
};

const DAY: &str = "2030-12-05";

fn wish(doctor: &Actor) -> Value {
    json!({ "doctorId": doctor.account, "from": DAY, "to": DAY })
}

async fn waits(who: &Actor, doctor: &Actor) -> Value {
    who.post("/waitlist", wish(doctor)).await.is(201)
}

async fn link(world: &World, patient: &Actor) -> String {
    link_in(world, patient, "/waitlist/offer").await
}

async fn accepts(world: &World, link: &str) -> Answer {
    world.call(&Call::post("/waitlist/accept", &json!({ "link": link }))).await
}

/// How many mails told somebody of a free slot.
async fn told(world: &World, who: &Actor) -> usize {
    world.mail().count(&who.email, "slot is free").await
}

/// Where somebody's only entry stands.
async fn stands(who: &Actor) -> String {
    text(&items(&who.get("/waitlist").await.is(200))[0], "/status")
}

#[tokio::test]
async fn what_is_given_back_goes_to_the_first_who_waits() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots(DAY, "10:00", "11:00", 30).await;
    let waiting = world.a.new_patients(3).await;
    let booked = patient.books_and_pays(&slots[0]).await;
    for who in &waiting[..2] {
        world.pass(1);
        waits(who, doctor).await;
    }
    world.pass(1);
    let field = json!({ "speciality": "Cardiology", "from": DAY, "to": DAY });
    let third = waiting[2].post("/waitlist", field).await.is(201);
    assert_eq!((&third["status"], &third["from"]), (&json!("waiting"), &json!(DAY)));
    patient.cancels(&booked).await.is(200);
    assert_eq!(stands(&waiting[0]).await, "offered");
    assert_eq!(stands(&waiting[1]).await, "waiting");
    assert_eq!((told(&world, &waiting[0]).await, told(&world, &waiting[1]).await), (1, 0));
    for who in [patient, &waiting[0], &waiting[1]] {
        who.tries_to_book(&slots[0]).await.refused(409, "SLOT_TAKEN");
    }
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&slots[1], "/id")]);
    let link = link(&world, &waiting[0]).await;
    let shown = world.visitor().get(format!("/waitlist/offer?link={link}")).await.is(200);
    assert_eq!((&shown["slotId"], &shown["fee"]), (&slots[0]["id"], &slots[0]["fee"]));
    assert_eq!(shown["until"], "2030-12-02T09:15:03+05:30");
    let taken = accepts(&world, &link).await.is(200);
    assert_eq!(taken["appointment"]["status"], "held");
    assert_eq!(taken["payment"]["until"], "2030-12-02T09:10:03+05:30");
    assert_eq!(accepts(&world, &link).await.is(200), taken, "twice is the same");
    let entry = &items(&waiting[0].get("/waitlist").await.is(200))[0];
    assert_eq!(entry["appointmentId"], taken["appointment"]["id"]);
    assert_eq!(entry["status"], "booked");
    waiting[0].pays(&taken["appointment"]).await;
    world.check().await;
    // What he gives back goes to the next.
    waiting[0].cancels(&taken["appointment"]).await.is(200);
    assert_eq!(stands(&waiting[1]).await, "offered");
    world.check().await;
}

#[tokio::test]
async fn what_is_not_taken_goes_to_the_next_and_then_to_anybody() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let waiting = world.a.new_patients(2).await;
    let booked = patient.books_and_pays(&slot).await;
    for who in &waiting {
        world.pass(1);
        waits(who, doctor).await;
    }
    patient.cancels(&booked).await.is(200);
    let first = link(&world, &waiting[0]).await;
    // To the second it is his, whatever has run.
    world.pass(899);
    world.run(Job::Waitlist).await;
    world.visitor().get(format!("/waitlist/offer?link={first}")).await.is(200);
    world.pass(1);
    accepts(&world, &first).await.refused(409, "WAITLIST_OFFER_OVER");
    let patient = patient.refreshed().await;
    patient.tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    world.run(Job::Waitlist).await;
    let second = waiting[1].refreshed().await;
    assert_eq!(stands(&second).await, "offered");
    accepts(&world, &first).await.refused(409, "WAITLIST_OFFER_OVER");
    world.pass(900);
    world.run(Job::Waitlist).await;
    world.run(Job::Waitlist).await;
    // Both let it pass: it is not offered to them again, and they wait on.
    let patient = patient.comes_back().await;
    let mine = patient.books_and_pays(&slot).await;
    patient.cancels(&mine).await.is(200);
    let second = second.comes_back().await;
    assert_eq!((stands(&second).await, told(&world, &second).await), ("waiting".to_owned(), 1));
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&slot, "/id")]);
    world.check().await;
}

#[tokio::test]
async fn a_kept_slot_opens_by_itself_if_nobody_offers_it() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let booked = patient.books_and_pays(&slot).await;
    waits(&world.a.new_patient("waits").await, doctor).await;
    let alone = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    patient.at(&alone).cancels(&booked).await.is(200);
    world.pass(179);
    patient.tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    world.pass(1);
    patient.books(&slot).await;
    world.run(Job::Waitlist).await;
    world.check().await;
}

#[tokio::test]
async fn a_hold_that_runs_out_and_a_move_are_given_back_too() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots(DAY, "10:00", "11:00", 30).await;
    let elsewhere = doctor.sets_slot("2030-12-07", "10:00").await;
    let waiting = world.a.new_patients(2).await;
    for who in &waiting {
        world.pass(1);
        waits(who, doctor).await;
    }
    patient.books(&slots[0]).await;
    let moved = patient.books_and_pays(&slots[1]).await;
    world.pass(600);
    // Nobody has swept yet, and still nobody who passes by gets it.
    patient.tries_to_book(&slots[0]).await.refused(409, "SLOT_TAKEN");
    world.run(Job::Holds).await;
    world.run(Job::Waitlist).await;
    assert_eq!(stands(&waiting[0]).await, "offered");
    let path = format!("/appointments/{}/reschedule", text(&moved, "/id"));
    patient.post(path, json!({ "slotId": elsewhere["id"] })).await.is(200);
    patient.tries_to_book(&slots[1]).await.refused(409, "SLOT_TAKEN");
    world.run(Job::Waitlist).await;
    assert_eq!(stands(&waiting[1]).await, "offered");
    world.check().await;
}

#[tokio::test]
async fn without_a_fee_one_click_is_all() {
    let world = World::new().await;
    let mut body = world.a.doctor_body("free");
    body["fee"] = json!({ "amount": 0, "currency": "INR" });
    world.a.admin.post("/create/doctor", body).await.is(201);
    let doctor = world.visitor().activated(&world.a.address("free"), &world.a.code).await;
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let booked = world.a.patient.books(&slot).await;
    let who = world.a.new_patient("waits").await;
    waits(&who, &doctor).await;
    world.a.patient.cancels(&booked).await.is(200);
    let taken = accepts(&world, &link(&world, &who).await).await.is(200);
    assert_eq!(
        (&taken["appointment"]["status"], &taken["payment"]),
        (&json!("confirmed"), &Value::Null)
    );
    world.run(Job::Effects).await;
    assert_eq!(world.mail().count(&who.email, "is confirmed").await, 1);
    world.check().await;
}

#[tokio::test]
async fn it_is_not_offered_to_whom_or_when_it_is_of_no_use() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let theirs = colleague.sets_slot(DAY, "10:15").await;
    let waiting = world.a.new_patients(2).await;
    let booked = patient.books_and_pays(&slot).await;
    // The first is busy then, the second waits for another day, the third gets it.
    waits(&waiting[0], doctor).await;
    waiting[0].books_and_pays(&theirs).await;
    let shut_out = world.a.new_patient("shut-out").await;
    waits(&shut_out, doctor).await;
    world.a.admin.act(format!("/users/{}/block", shut_out.account)).await.is(200);
    let other = json!({ "doctorId": doctor.account, "from": "2030-12-06", "to": "2030-12-09" });
    waiting[1].post("/waitlist", other).await.is(201);
    world.pass(1);
    let third = world.a.new_patient("third").await;
    waits(&third, doctor).await;
    patient.cancels(&booked).await.is(200);
    assert_eq!(stands(&third).await, "offered");
    // It is left as it is offered; then nobody is left.
    let entry = text(&items(&third.get("/waitlist").await.is(200))[0], "/id");
    third.delete(format!("/waitlist/{entry}")).await.is(204);
    assert_eq!(ids(&patient.get("/slots").await.is(200)), [text(&slot, "/id")]);
    // One that begins within a quarter of an hour is anybody's.
    let late = patient.books_and_pays(&slot).await;
    world.pass(1);
    waits(&third, doctor).await;
    world.set("2030-12-05T09:45:00+05:30");
    let (patient, third) = (patient.comes_back().await, third.comes_back().await);
    world.a.admin.comes_back().await.cancels(&late).await.is(200);
    assert_eq!(told(&world, &third).await, 1);
    patient.books(&slot).await;
    // When the day is over, nobody waits any longer.
    world.set("2030-12-06T00:00:00+05:30");
    let third = third.comes_back().await;
    let all = items(&third.get("/waitlist").await.is(200));
    let statuses: Vec<&Value> = all.iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, ["withdrawn", "over"]);
    world.check().await;
}

#[tokio::test]
async fn a_leave_takes_back_what_is_offered_and_blocks_what_is_kept() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots(DAY, "10:00", "11:00", 30).await;
    let waiting = world.a.new_patients(2).await;
    let mut booked = Vec::new();
    for slot in &slots {
        booked.push(patient.books_and_pays(slot).await);
    }
    for who in &waiting {
        world.pass(1);
        waits(who, doctor).await;
    }
    patient.cancels(&booked[0]).await.is(200);
    let link = link(&world, &waiting[0]).await;
    let body = json!({ "from": "2030-12-05T00:00:00+05:30", "to": "2030-12-06T00:00:00+05:30" });
    doctor.post("/doctor/leave", body).await.is(201);
    accepts(&world, &link).await.refused(409, "WAITLIST_OFFER_OVER");
    patient.cancels(&booked[1]).await.is(200);
    assert_eq!(told(&world, &waiting[1]).await, 0);
    world.pass(1000);
    world.run(Job::Waitlist).await;
    let patient = patient.refreshed().await;
    assert_eq!(ids(&patient.get("/slots").await.is(200)), Vec::<String>::new());
    world.check().await;
}

#[tokio::test]
async fn of_a_group_that_was_full_a_seat_is_kept() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let body = json!({
        "date": DAY, "from": "10:00", "to": "11:00", "slotMinutes": 60, "capacity": 2,
    });
    let slot = doctor.post("/slots/set", body).await.is(201)["slots"][0].clone();
    let patients = world.a.new_patients(4).await;
    let one = patients[0].books_and_pays(&slot).await;
    waits(&patients[2], doctor).await;
    // While there is room, nothing is kept.
    patients[0].cancels(&one).await.is(200);
    let one = patients[0].books_and_pays(&slot).await;
    let two = patients[1].books_and_pays(&slot).await;
    patients[0].cancels(&one).await.is(200);
    patients[3].tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    let taken = accepts(&world, &link(&world, &patients[2]).await).await.is(200);
    patients[2].pays(&taken["appointment"]).await;
    patients[1].cancels(&two).await.is(200);
    patients[3].books_and_pays(&slot).await;
    world.check().await;
}

#[tokio::test]
async fn who_waits_for_what_and_who_sees_it() {
    let world = World::new().await;
    let (doctor, patient, admin) = (&world.a.doctor, &world.a.patient, &world.a.admin);
    for who in [doctor, admin, &world.admin] {
        who.post("/waitlist", wish(doctor)).await.refused(403, "FORBIDDEN");
    }
    doctor.get("/waitlist").await.refused(403, "FORBIDDEN");
    for unknown in [&world.b.doctor, patient] {
        patient.post("/waitlist", wish(unknown)).await.refused(404, "NOT_FOUND");
    }
    for body in [
        json!({ "from": DAY, "to": DAY }),
        json!({ "from": DAY, "to": DAY, "speciality": "Cardiology", "doctorId": doctor.account }),
        json!({ "from": DAY, "to": "2030-12-04", "doctorId": doctor.account }),
        json!({ "from": DAY, "to": "2031-03-07", "doctorId": doctor.account }),
        json!({ "from": "2030-11-01", "to": "2030-12-01", "doctorId": doctor.account }),
    ] {
        patient.post("/waitlist", body).await.refused(422, "VALIDATION_FAILED");
    }
    let entry = waits(patient, doctor).await;
    assert_eq!(waits(patient, doctor).await["id"], entry["id"], "the same wish");
    let many = join_all((0..4).map(|_| waits(patient, doctor))).await;
    assert!(many.iter().all(|one| one["id"] == entry["id"]));
    let other = world.a.new_patient("other").await;
    waits(&other, doctor).await;
    let theirs = waits(&world.b.patient, &world.b.doctor).await;
    assert_eq!(ids(&patient.get("/waitlist").await.is(200)), [text(&entry, "/id")]);
    assert_eq!(ids(&admin.get("/waitlist").await.is(200)).len(), 2);
    let path = format!("/waitlist/{}", text(&entry, "/id"));
    for who in [&other, &world.b.patient] {
        who.delete(&*path).await.refused(404, "NOT_FOUND");
    }
    for _ in 0..2 {
        patient.delete(&*path).await.is(204);
    }
    assert_ne!(waits(patient, doctor).await["id"], entry["id"], "he waits anew");
    let path = format!("/waitlist/{}", text(&theirs, "/id"));
    patient.delete(path).await.refused(404, "NOT_FOUND");
    for day in 6..25 {
        let date = format!("2030-12-{day:02}");
        let body = json!({ "doctorId": doctor.account, "from": date, "to": date });
        patient.post("/waitlist", body).await.is(201);
    }
    let body = json!({ "doctorId": doctor.account, "from": "2030-12-30", "to": "2030-12-30" });
    patient.post("/waitlist", body).await.refused(409, "WAITLIST_FULL");
    waits(patient, doctor).await;
    // Links are good for what they are for.
    for path in ["/waitlist/offer?link=AAAA", "/leave/offer?link=AAAA"] {
        world.visitor().get(path).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn nobody_passes_by_and_one_of_many_acceptances_books() {
    for round in 0..4 {
        let world = World::new().await;
        let (doctor, patient) = (&world.a.doctor, &world.a.patient);
        let slot = doctor.sets_slot(DAY, "10:00").await;
        let people = world.a.new_patients(5).await;
        let booked = patient.books_and_pays(&slot).await;
        waits(&people[0], doctor).await;
        let passing = people[1..].iter().map(|who| who.tries_to_book(&slot));
        let (cancelled, passed, _) =
            tokio::join!(patient.cancels(&booked), join_all(passing), world.run(Job::Waitlist),);
        cancelled.is(200);
        for answer in passed {
            answer.refused(409, "SLOT_TAKEN");
        }
        let link = link(&world, &people[0]).await;
        world.pass(if round % 2 == 0 { 899 } else { 900 });
        let passer = people[1].refreshed().await;
        let (answers, _, again) = tokio::join!(
            join_all((0..4).map(|_| accepts(&world, &link))),
            world.run(Job::Waitlist),
            passer.tries_to_book(&slot),
        );
        let won: Vec<Value> =
            answers.iter().filter(|one| one.status == 200).map(|one| one.body.clone()).collect();
        assert_eq!(won.len(), if round % 2 == 0 { 4 } else { 0 }, "round {round}");
        assert!(
            won.windows(2).all(|pair| pair[0]["appointment"]["id"] == pair[1]["appointment"]["id"])
        );
        again.is_one_of(&[201, 409]);
        let here = doc! { "slotId": text(&slot, "/id"), "status": "held" };
        assert!(world.books().find("appointments", here).await.len() <= 1);
        world.check().await;
    }
}
