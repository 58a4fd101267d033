//! Slots with room for several: never more come than there is room for.

use crate::interleaving::Dice;
use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, number, text},
    world::World,
};

/// A group's slot of an hour.
async fn group(doctor: &Actor, date: &str, seats: u32) -> Value {
    let body = json!({
        "date": date, "from": "10:00", "to": "11:00", "slotMinutes": 60, "capacity": seats,
    });
    doctor.post("/slots/set", body).await.is(201)["slots"][0].clone()
}

async fn seen(who: &Actor, slot: &Value) -> (String, i64) {
    let list = who.get("/slots").await.is(200);
    let all = list["items"].as_array().unwrap();
    let found = all.iter().find(|one| one["id"] == slot["id"]).unwrap();
    (text(found, "/status"), number(found, "/free"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_forty_at_once_as_many_get_a_seat_as_there_are() {
    let world = World::with_instances(16).await;
    let slot = group(&world.a.doctor, "2030-12-03", 5).await;
    assert_eq!((number(&slot, "/capacity"), number(&slot, "/free")), (5, 5));
    let patients = world.a.new_patients(10).await;
    let callers: Vec<Actor> = patients.iter().cycle().take(40).map(Actor::elsewhere).collect();
    let answers = join_all(callers.iter().map(|caller| caller.tries_to_book(&slot))).await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(won, 5);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!(matches!(answer.code(), "SLOT_TAKEN" | "PATIENT_BUSY"), "{}", answer.text);
    }
    assert_eq!(seen(&world.a.doctor, &slot).await, ("booked".to_owned(), 0));
    assert_eq!(ids(&patients[0].get("/slots").await.is(200)), Vec::<String>::new());
    world.check().await;
}

#[tokio::test]
async fn a_seat_that_is_given_back_or_not_paid_is_anybodys() {
    let world = World::new().await;
    let slot = group(&world.a.doctor, "2030-12-03", 2).await;
    let patients = world.a.new_patients(4).await;
    let paid = patients[0].books_and_pays(&slot).await;
    let held = patients[1].books(&slot).await;
    patients[2].tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    // One patient has one seat.
    patients[0].tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    let doctor = &world.a.doctor;
    doctor.delete(format!("/slots/{}", text(&slot, "/id"))).await.refused(409, "SLOT_NOT_OPEN");
    world.pass(600);
    assert_eq!(seen(&patients[2], &slot).await, ("open".to_owned(), 1));
    assert_eq!(patients[1].status_of(&held).await, "expired");
    let third = patients[2].books(&slot).await;
    world.run(Job::Holds).await;
    assert_eq!(patients[2].status_of(&third).await, "held");
    patients[3].tries_to_book(&slot).await.refused(409, "SLOT_TAKEN");
    patients[0].cancels(&paid).await.is(200);
    patients[3].books_and_pays(&slot).await;
    // A payment that comes too late for its seat goes back.
    assert_eq!(seen(doctor, &slot).await, ("booked".to_owned(), 0));
    let patient = patients[2].clone();
    patient.pays(&third).await;
    world.check().await;
}

#[tokio::test]
async fn a_late_payment_has_its_seat_if_there_is_one_and_else_goes_back() {
    let world = World::new().await;
    let slot = group(&world.a.doctor, "2030-12-03", 2).await;
    let patients = world.a.new_patients(3).await;
    let first = patients[0].books(&slot).await;
    let second = patients[1].books(&slot).await;
    let (one, two) = (patients[0].checks_out(&first).await, patients[1].checks_out(&second).await);
    world.pass(600);
    patients[2].books_and_pays(&slot).await;
    let answer = patients[0].post("/payment/verify", one).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "confirmed");
    let answer = patients[1].post("/payment/verify", two).await.is(200);
    assert_eq!(text(&answer, "/appointment/status"), "expired");
    assert_eq!(seen(&world.a.doctor, &slot).await, ("booked".to_owned(), 0));
    world.check().await;
}

#[tokio::test]
async fn whatever_happens_at_once_no_seat_is_sold_twice() {
    for seed in 1..=3 {
        let (world, mut dice) = (World::new().await, Dice(seed));
        let slot = group(&world.a.doctor, "2030-12-05", 3).await;
        let mut patients = world.a.new_patients(5).await;
        let mut booked: Vec<(usize, Value)> = Vec::new();
        for _ in 0..12 {
            // Four of the five, each with something else in mind.
            let first = dice.throw(5);
            let deeds: Vec<(usize, usize)> =
                (0..4).map(|n| (dice.throw(4), (first + n) % 5)).collect();
            let answers = join_all(deeds.iter().map(async |(what, who)| {
                let patient = &patients[*who];
                let own = booked.iter().rev().find(|(of, _)| of == who).map(|(_, one)| one);
                match (what, own) {
                    (0 | 1, _) | (_, None) => {
                        let answer = patient.tries_to_book(&slot).await;
                        answer.is_one_of(&[201, 409]).get("appointment").cloned()
                    }
                    (2, Some(own)) => {
                        patient.cancels(own).await.is_one_of(&[200, 409]);
                        None
                    }
                    (_, Some(own)) => {
                        let body = json!({ "appointmentId": own["id"] });
                        let order = patient.post("/payment/create-order", body).await;
                        if let Some(order) = order.body["orderId"].as_str()
                            && world.razorpay().payments_of(order).await.is_empty()
                        {
                            let paid = world.razorpay().checkout(order, "captured").await;
                            patient.post("/payment/verify", paid).await.is(200);
                        }
                        None
                    }
                }
            }))
            .await;
            let new = deeds.iter().zip(answers);
            booked.extend(new.filter_map(|((_, who), answer)| answer.map(|one| (*who, one))));
            world.check().await;
            if dice.throw(3) == 0 {
                world.pass(601);
                patients = join_all(patients.iter().map(Actor::refreshed)).await;
                world.run(Job::Holds).await;
                world.check().await;
            }
        }
    }
}

#[tokio::test]
async fn a_changed_rule_leaves_a_group_that_somebody_comes_to() {
    let world = World::new().await;
    let slot = group(&world.a.doctor, "2030-12-03", 3).await;
    world.a.patient.books(&slot).await;
    let mut body = json!({
        "date": "2030-12-03", "from": "10:00", "to": "12:00", "slotMinutes": 60, "capacity": 2, "replace": true,
    });
    let set = world.a.doctor.post("/slots/set", body.clone()).await.is(201);
    assert_eq!((number(&set, "/created"), number(&set, "/unchanged")), (1, 1));
    // It is sold as it was; what nobody comes to is sold anew.
    assert_eq!(number(&set["slots"][0], "/capacity"), 3);
    body["capacity"] = json!(1);
    let set = world.a.doctor.post("/slots/set", body.clone()).await.is(201);
    assert_eq!((number(&set, "/created"), number(&set, "/removed")), (1, 1));
    body["capacity"] = json!(101);
    let fields = world.a.doctor.post("/slots/set", body).await.bad_fields();
    assert_eq!(fields[0].0, "capacity");
    world.check().await;
}
