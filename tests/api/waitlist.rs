//! The waiting list: what becomes free goes to the first who waits for it, and to nobody before.

use crate::leave::link_in;
use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, items, text},
    answer::Answer,
    api::Api,
    call::Call,
    imports::Imports,
    wire::Wire,
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

/// The same world, in which nobody offers what is kept but the job.
fn unheard(world: &World) -> Api {
    world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")])
}

/// What a patient could book.
async fn open(who: &Actor) -> Vec<String> {
    ids(&who.get("/slots").await.is(200))
}

/// The slots somebody is offered at this moment.
async fn offers(who: &Actor) -> Vec<String> {
    let entries = items(&who.get("/waitlist").await.is(200));
    let offered = entries.iter().filter(|entry| entry.get("offer").is_some());
    offered.map(|entry| text(entry, "/offer/slotId")).collect()
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
    let slot = group_of_two(doctor).await;
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

#[tokio::test]
async fn a_person_has_one_offer_at_a_time_and_no_slot_twice_whatever_he_waits_for() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots(DAY, "10:00", "12:00", 30).await;
    let people = world.a.new_patients(2).await;
    for who in &people {
        world.pass(1);
        waits(who, doctor).await;
        let field = json!({ "speciality": "Cardiology", "from": DAY, "to": DAY });
        let longer = json!({ "doctorId": doctor.account, "from": DAY, "to": "2030-12-09" });
        for wish in [field, longer] {
            who.post("/waitlist", wish).await.is(201);
        }
    }
    let mut booked = Vec::new();
    for slot in &slots {
        booked.push(patient.books_and_pays(slot).await);
    }
    let unheard = patient.at(&unheard(&world));
    for cancelled in join_all(booked.iter().map(|one| unheard.cancels(one))).await {
        cancelled.is(200);
    }
    let (mut people, mut patient) = (people, patient.clone());
    for round in 1..=2 {
        // Several run at the same time; the last sees to what they left to each other.
        join_all((0..4).map(|_| world.run(Job::Waitlist))).await;
        world.run(Job::Waitlist).await;
        for who in &people {
            assert_eq!((offers(who).await.len(), told(&world, who).await), (1, round));
        }
        assert_ne!(offers(&people[0]).await, offers(&people[1]).await);
        assert_eq!(open(&patient).await.len(), 2, "nobody waits for the others");
        world.pass(900);
        people = join_all(people.iter().map(Actor::refreshed)).await;
        patient = patient.refreshed().await;
    }
    // Each has let both pass.
    world.run(Job::Waitlist).await;
    for who in &people {
        assert_eq!((offers(who).await.len(), told(&world, who).await), (0, 2));
    }
    assert_eq!(open(&patient).await.len(), 4);
    world.check().await;
}

#[tokio::test]
async fn what_somebody_leaves_is_not_offered_to_him_by_another_wish() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let booked = patient.books_and_pays(&slot).await;
    let who = world.a.new_patient("waits").await;
    let first = waits(&who, doctor).await;
    world.pass(1);
    let field = json!({ "speciality": "Cardiology", "from": DAY, "to": DAY });
    who.post("/waitlist", field).await.is(201);
    patient.cancels(&booked).await.is(200);
    assert_eq!(offers(&who).await, [text(&slot, "/id")]);
    who.delete(format!("/waitlist/{}", text(&first, "/id"))).await.is(204);
    assert_eq!(open(patient).await, [text(&slot, "/id")]);
    assert_eq!((offers(&who).await, told(&world, &who).await), (Vec::<String>::new(), 1));
    // Nor if he takes it and gives it back.
    let other = doctor.sets_slot(DAY, "11:00").await;
    let taken = accepts(&world, &link(&world, &who).await).await.is(200);
    assert_eq!(taken["appointment"]["start"], other["start"]);
    who.post("/waitlist", wish(doctor)).await.is(201);
    who.cancels(&taken["appointment"]).await.is(200);
    assert_eq!(open(patient).await, [text(&slot, "/id"), text(&other, "/id")]);
    assert_eq!(told(&world, &who).await, 2);
    world.check().await;
}

#[tokio::test]
async fn what_is_offered_is_told_to_whoever_acts_for_the_patient_by_now() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slots = doctor.sets_slots(DAY, "10:00", "11:00", 30).await;
    let who = world.a.new_patient("waits").await;
    let mut booked = Vec::new();
    for slot in &slots {
        booked.push(patient.books_and_pays(slot).await);
    }
    let entry = waits(&who, doctor).await;
    let moved = world.a.address("moved");
    let file = format!("name,email,identifier,mobile\nRavi Rao,{moved},MRN-waits,9876522222\n");
    let key = format!("imports/{}/list.csv", world.a.code);
    Imports::of(&world).arrives(&key, file.as_bytes()).await;
    assert_eq!(items(&who.get("/waitlist").await.is(200)), Vec::<Value>::new());
    patient.cancels(&booked[0]).await.is(200);
    let mails = async |address: &str| world.mail().count(address, "slot is free").await;
    assert_eq!((mails(&who.email).await, mails(&moved).await), (0, 1));
    // So it is where he came to the list while the file was read.
    world.pass(900);
    world.run(Job::Waitlist).await;
    let own = doc! { "_id": text(&entry, "/id") };
    let before = doc! { "$set": { "accountId": &who.account } };
    world.books().change("waitlist", own, before).await;
    let patient = patient.refreshed().await;
    patient.cancels(&booked[1]).await.is(200);
    assert_eq!((mails(&who.email).await, mails(&moved).await), (0, 2));
    let who = who.refreshed().await;
    assert_eq!(items(&who.get("/waitlist").await.is(200)), Vec::<Value>::new());
    world.check().await;
}

#[tokio::test]
async fn what_is_published_is_offered_to_those_who_wait_and_the_rest_is_anybodys() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let waiting = world.a.new_patients(2).await;
    for who in &waiting {
        world.pass(1);
        waits(who, doctor).await;
    }
    let set = doctor.at(&unheard(&world)).sets_slots(DAY, "10:00", "13:00", 30).await;
    // As many as there are people, the earliest; the others are not shut for them.
    let statuses: Vec<String> = set.iter().map(|slot| text(slot, "/status")).collect();
    assert_eq!(statuses, ["held", "held", "open", "open", "open", "open"]);
    patient.tries_to_book(&set[0]).await.refused(409, "SLOT_TAKEN");
    let rest: Vec<String> = set[2..].iter().map(|slot| text(slot, "/id")).collect();
    assert_eq!(open(patient).await, rest);
    world.run(Job::Waitlist).await;
    for (who, slot) in waiting.iter().zip(&set) {
        assert_eq!((offers(who).await, told(&world, who).await), (vec![text(slot, "/id")], 1));
    }
    // Who has an offer gets no other, and the same once more changes nothing.
    let more = doctor.sets_slots(DAY, "15:00", "16:00", 30).await;
    assert!(more.iter().all(|slot| slot["status"] == "open"), "{more:?}");
    doctor.sets_slots(DAY, "10:00", "13:00", 30).await;
    assert_eq!(open(patient).await.len(), 6);
    // Where somebody can be offered one, that is done at once.
    let third = world.a.new_patient("third").await;
    waits(&third, doctor).await;
    let last = doctor.sets_slots(DAY, "17:00", "18:00", 30).await;
    assert_eq!(offers(&third).await, [text(&last[0], "/id")]);
    world.check().await;
}

#[tokio::test]
async fn what_cannot_be_booked_yet_is_not_kept_when_it_is_published() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let who = world.a.new_patient("waits").await;
    let wish = json!({ "doctorId": doctor.account, "from": "2030-12-02", "to": "2030-12-09" });
    who.post("/waitlist", wish).await.is(201);
    let rules = json!({ "minNoticeMinutes": 120, "maxDaysAhead": 3 });
    world.a.admin.patch("/hospital", json!({ "booking": rules })).await.is(200);
    // It is nine in the morning: too soon, just right, too far ahead.
    let week = json!({
        "startDate": "2030-12-02", "endDate": "2030-12-06", "slotMinutes": 30, "weekly": [
            { "day": "mon", "from": "10:00", "to": "11:00" },
            { "day": "tue", "from": "10:00", "to": "11:00" },
            { "day": "fri", "from": "10:00", "to": "11:00" },
        ],
    });
    let set = doctor.at(&unheard(&world)).post("/slots/set", week).await.is(201);
    let slots = set["slots"].as_array().unwrap();
    let statuses: Vec<String> = slots.iter().map(|slot| text(slot, "/status")).collect();
    assert_eq!(statuses, ["open", "open", "held", "open", "open", "open"]);
    world.run(Job::Waitlist).await;
    assert_eq!(offers(&who).await, [text(&slots[2], "/id")]);
    world.check().await;
}

#[tokio::test]
async fn of_a_group_that_is_published_each_who_waits_is_offered_a_seat() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let waiting = world.a.new_patients(3).await;
    for who in &waiting {
        world.pass(1);
        waits(who, doctor).await;
    }
    let group = |from: &str, to: &str, capacity: u32| {
        json!({
            "date": DAY, "from": from, "to": to, "slotMinutes": 60, "capacity": capacity,
        })
    };
    let small = doctor.post("/slots/set", group("10:00", "11:00", 2)).await.is(201);
    let small = small["slots"][0].clone();
    for (who, offered) in waiting.iter().zip([1, 1, 0]) {
        assert_eq!(offers(who).await.len(), offered);
    }
    patient.tries_to_book(&small).await.refused(409, "SLOT_TAKEN");
    // The third is offered a seat of another, and what he leaves of it is anybody's.
    let large = doctor.post("/slots/set", group("12:00", "13:00", 4)).await.is(201);
    let large = large["slots"][0].clone();
    assert_eq!(offers(&waiting[2]).await, [text(&large, "/id")]);
    for name in ["q0", "q1", "q2"] {
        world.a.new_patient(name).await.books_and_pays(&large).await;
    }
    patient.tries_to_book(&large).await.refused(409, "SLOT_TAKEN");
    let taken = accepts(&world, &link(&world, &waiting[2]).await).await.is(200);
    waiting[2].pays(&taken["appointment"]).await;
    world.check().await;
}

#[tokio::test]
async fn time_that_opens_again_is_kept_for_those_who_wait() {
    for way in ["a leave is taken back", "a doctor is let in again"] {
        let world = World::new().await;
        let (doctor, patient, admin) = (&world.a.doctor, &world.a.patient, &world.a.admin);
        let slots = doctor.sets_slots(DAY, "10:00", "11:30", 30).await;
        let who = world.a.new_patient("waits").await;
        waits(&who, doctor).await;
        let unheard = unheard(&world);
        if way.contains("leave") {
            let body =
                json!({ "from": "2030-12-05T10:00:00+05:30", "to": "2030-12-05T11:30:00+05:30" });
            let leave = doctor.post("/doctor/leave", body).await.is(201);
            assert_eq!(open(patient).await, Vec::<String>::new(), "{way}");
            let path = format!("/doctor/leave/{}", text(&leave, "/leaveId"));
            doctor.at(&unheard).delete(path).await.is(204);
        } else {
            admin.act(format!("/users/{}/block", doctor.account)).await.is(200);
            assert_eq!(open(patient).await, Vec::<String>::new(), "{way}");
            admin.at(&unheard).act(format!("/users/{}/unblock", doctor.account)).await.is(200);
        }
        // Nobody passes by, but for one person one slot is kept and no more.
        patient.tries_to_book(&slots[0]).await.refused(409, "SLOT_TAKEN");
        let rest: Vec<String> = slots[1..].iter().map(|slot| text(slot, "/id")).collect();
        assert_eq!(open(patient).await, rest, "{way}");
        world.run(if way.contains("leave") { Job::Leave } else { Job::Waitlist }).await;
        assert_eq!(offers(&who).await, [text(&slots[0], "/id")], "{way}");
        world.check().await;
    }
}

#[tokio::test]
async fn who_joins_while_slots_are_published_waits_for_them() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let people = world.a.new_patients(3).await;
    for day in 5..13 {
        let date = format!("2030-12-{day:02}");
        let wish = json!({ "doctorId": doctor.account, "from": date, "to": date });
        let joins = people.iter().map(|who| who.post("/waitlist", wish.clone()));
        let (joined, _) =
            tokio::join!(join_all(joins), doctor.sets_slots(&date, "10:00", "12:00", 30));
        for one in joined {
            one.is(201);
        }
        let unmarked = doc! { "day": &date, "wanted": { "$exists": false } };
        assert_eq!(world.books().find("slots", unmarked).await, Vec::new(), "{date}");
    }
    world.check().await;
}

#[tokio::test]
async fn a_hold_that_ran_out_is_kept_for_the_list_when_its_patient_books_on() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let theirs = colleague.sets_slot(DAY, "10:15").await;
    patient.books(&slot).await;
    let who = world.a.new_patient("waits").await;
    waits(&who, doctor).await;
    world.pass(600);
    // It is in his own way, and nobody has swept it.
    patient.books(&theirs).await;
    world.run(Job::Waitlist).await;
    assert_eq!(offers(&who).await, [text(&slot, "/id")]);
    world.check().await;
}

#[tokio::test]
async fn who_took_it_and_did_not_pay_may_leave_the_list_or_wait_anew() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let booked = patient.books_and_pays(&slot).await;
    let who = world.a.new_patient("waits").await;
    let entry = waits(&who, doctor).await;
    patient.cancels(&booked).await.is(200);
    accepts(&world, &link(&world, &who).await).await.is(200);
    let path = format!("/waitlist/{}", text(&entry, "/id"));
    who.delete(&path).await.refused(409, "ALREADY_BOOKED");
    world.pass(600);
    who.delete(&path).await.is(204);
    assert_ne!(waits(&who, doctor).await["id"], entry["id"]);
    world.check().await;
}

/// Five who wait, and what is kept for them, two slots and one with so many seats, while nobody is
/// there to offer it.
async fn kept_for_five(world: &World, seats: usize) -> (Vec<Actor>, Vec<Value>) {
    let people = world.a.new_patients(5).await;
    for who in &people {
        world.pass(1);
        waits(who, &world.a.doctor).await;
    }
    let doctor = world.a.doctor.at(&unheard(world));
    let mut slots = doctor.sets_slots(DAY, "10:00", "11:00", 30).await;
    let group = json!({
        "date": DAY, "from": "11:00", "to": "12:00", "slotMinutes": 60, "capacity": seats,
    });
    slots.push(doctor.post("/slots/set", group).await.is(201)["slots"][0].clone());
    assert_eq!(open(&world.a.patient).await, Vec::<String>::new());
    (people, slots)
}

/// How many offers each has. No slot is offered to more than it is for, and whatever is offered to
/// nobody is open.
async fn offered_or_open(people: &[Actor], passing: &Actor, slots: &[Value]) -> Vec<usize> {
    let offered = join_all(people.iter().map(offers)).await;
    let free = open(passing).await;
    for slot in slots {
        let (id, room) = (text(slot, "/id"), slot["capacity"].as_u64().unwrap_or(1));
        let had = offered.iter().flatten().filter(|one| **one == id).count();
        let room = usize::try_from(room).unwrap();
        assert!(had <= room, "{slot} {offered:?}");
        assert_eq!(free.contains(&id), had < room, "{slot} {offered:?}");
    }
    offered.iter().map(Vec::len).collect()
}

#[tokio::test]
async fn two_runs_at_once_offer_nothing_twice_and_keep_nothing_for_nobody() {
    for seats in [2, 3, 4] {
        let world = World::new().await;
        let (mut people, slots) = kept_for_five(&world, seats).await;
        let (mut passing, mut mails) = (world.a.patient.clone(), [0; 5]);
        for round in 0..2 {
            tokio::join!(world.run(Job::Waitlist), world.run(Job::Waitlist));
            // The last sees to what they left to each other.
            world.run(Job::Waitlist).await;
            let offered = offered_or_open(&people, &passing, &slots).await;
            assert!(offered.iter().all(|offers| *offers <= 1), "{seats} {round}: {offered:?}");
            if round == 0 {
                assert_eq!(offered.iter().sum::<usize>(), (seats + 2).min(5), "{offered:?}");
            }
            for ((who, mails), offers) in people.iter().zip(&mut mails).zip(offered) {
                *mails += offers;
                assert_eq!(told(&world, who).await, *mails, "{seats} {round}");
            }
            // Nobody takes any of it.
            world.pass(900);
            people = join_all(people.iter().map(Actor::refreshed)).await;
            passing = passing.refreshed().await;
        }
        world.check().await;
    }
}

#[tokio::test]
async fn a_run_that_comes_between_two_steps_of_another_leaves_it_nothing_to_offer_twice() {
    for step in 0..5 {
        let world = World::new().await;
        let (people, slots) = kept_for_five(&world, 4).await;
        // So many are offered something, and it is decided who is the next.
        let held = Wire::holding(&vec![("findAndModify", "slots"); step + 1]).await;
        let late = world.with(&[("MONGODB_URI", &held.uri)]);
        let (first, second) = tokio::join!(late.run(Job::Waitlist), async {
            for _ in 0..step {
                held.meanwhile(async {}).await;
            }
            held.meanwhile(world.run(Job::Waitlist)).await
        });
        assert_eq!((first, second), (step, 5 - step));
        let offered = offered_or_open(&people, &world.a.patient, &slots).await;
        assert_eq!(offered, [1; 5], "{step}");
        for who in &people {
            assert_eq!(told(&world, who).await, 1, "{step}");
        }
        world.check().await;
    }
}

async fn group_of_two(doctor: &Actor) -> Value {
    let body = json!({
        "date": DAY, "from": "10:00", "to": "11:00", "slotMinutes": 60, "capacity": 2,
    });
    doctor.post("/slots/set", body).await.is(201)["slots"][0].clone()
}

#[tokio::test]
async fn seats_of_a_full_group_that_go_back_together_are_all_kept() {
    let world = World::new().await;
    let (doctor, away) = (&world.a.doctor, unheard(&world));
    let slot = group_of_two(doctor).await;
    let people = world.a.new_patients(5).await;
    let (one, two) = (people[0].books_and_pays(&slot).await, people[1].books_and_pays(&slot).await);
    for who in &people[2..4] {
        world.pass(1);
        waits(who, doctor).await;
    }
    people[0].at(&away).cancels(&one).await.is(200);
    people[1].at(&away).cancels(&two).await.is(200);
    people[4].tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    world.run(Job::Waitlist).await;
    for who in &people[2..4] {
        assert_eq!(offers(who).await, [text(&slot, "/id")]);
    }
    world.check().await;
}

#[tokio::test]
async fn a_seat_whose_hold_ran_out_is_kept_though_another_pays_before_that_is_seen() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slot = group_of_two(doctor).await;
    let people = world.a.new_patients(4).await;
    people[0].books(&slot).await;
    world.pass(300);
    let pays = people[1].books(&slot).await;
    waits(&people[2], doctor).await;
    world.pass(301);
    people[1].pays(&pays).await;
    people[3].tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    world.run(Job::Waitlist).await;
    assert_eq!(offers(&people[2]).await, [text(&slot, "/id")]);
    world.check().await;
}

#[tokio::test]
async fn nobody_is_offered_what_he_has_just_given_back() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots(DAY, "10:00", "11:00", 30).await;
    let people = world.a.new_patients(3).await;
    let booked = people[0].books_and_pays(&slots[0]).await;
    people[2].books_and_pays(&slots[1]).await;
    // He waits for something earlier that day.
    for who in &people[..2] {
        world.pass(1);
        waits(who, doctor).await;
    }
    people[0].cancels(&booked).await.is(200);
    assert_eq!(offers(&people[0]).await, Vec::<String>::new());
    assert_eq!(offers(&people[1]).await, [text(&slots[0], "/id")]);
    world.check().await;
}

#[tokio::test]
async fn nobody_is_offered_what_he_has_just_left_for_another_slot() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots(DAY, "10:00", "11:00", 30).await;
    let people = world.a.new_patients(2).await;
    let booked = people[0].books_and_pays(&slots[0]).await;
    for who in &people {
        world.pass(1);
        waits(who, doctor).await;
    }
    let path = format!("/appointments/{}/reschedule", text(&booked, "/id"));
    people[0].post(path, json!({ "slotId": slots[1]["id"] })).await.is(200);
    world.run(Job::Waitlist).await;
    assert_eq!(offers(&people[0]).await, Vec::<String>::new());
    assert_eq!(offers(&people[1]).await, [text(&slots[0], "/id")]);
    world.check().await;
}

#[tokio::test]
async fn what_the_hospital_called_off_is_offered_to_him_who_had_it() {
    let world = World::new().await;
    let doctor = &world.a.doctor;
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let who = world.a.new_patient("waits").await;
    let booked = who.books_and_pays(&slot).await;
    waits(&who, doctor).await;
    world.a.admin.cancels(&booked).await.is(200);
    assert_eq!(offers(&who).await, [text(&slot, "/id")]);
    world.check().await;
}

#[tokio::test]
async fn who_is_shut_out_takes_no_offer() {
    let world = World::new().await;
    let (doctor, patient) = (&world.a.doctor, &world.a.patient);
    let slot = doctor.sets_slot(DAY, "10:00").await;
    let booked = patient.books_and_pays(&slot).await;
    let who = world.a.new_patient("waits").await;
    waits(&who, doctor).await;
    patient.cancels(&booked).await.is(200);
    let link = link(&world, &who).await;
    world.a.admin.act(format!("/users/{}/block", who.account)).await.is(200);
    accepts(&world, &link).await.refused(409, "WAITLIST_OFFER_OVER");
    world.check().await;
}
