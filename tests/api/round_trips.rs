//! How often the busiest requests ask the database: what is slow in a Lambda is the network.

use serde_json::{Value, json};
use tests::{
    actor::{Actor, ids, items, number, text},
    razorpay::delivery_to,
    wire::{Silence, Wire},
    world::World,
};

#[tokio::test]
async fn the_ways_of_money_take_few_round_trips() {
    let world = World::with_instances(1).await;
    let wire = Wire::new().await;
    let counted = world.with(&[("MONGODB_URI", &wire.uri)]);
    let (patient, admin): (Actor, Actor) =
        (world.a.patient.at(&counted), world.a.admin.at(&counted));
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    // The driver's first steps, and the sessions' marks.
    patient.get("/slots").await.is(200);
    patient.sees(&patient.books(&slots[1]).await).await;
    admin.get("/hospital").await.is(200);
    wire.commands();

    let booked = patient.books(&slots[0]).await;
    let commands = wire.commands();
    // The three reads go out together: four, one after the other.
    let (mut together, rest) = (commands[..3].to_vec(), &commands[3..]);
    together.sort();
    assert_eq!(together, ["aggregate", "find", "find"]);
    assert_eq!(rest, ["findAndModify", "insert", "commitTransaction"]);

    let body = json!({ "appointmentId": booked["id"] });
    let order = patient.post("/payment/create-order", body).await.is(201);
    let mut commands = wire.commands();
    commands.sort();
    assert_eq!(commands, ["aggregate", "find", "update"]);

    let callback = world.razorpay().checkout(&text(&order, "/orderId"), "captured").await;
    let payment = text(&callback, "/razorpay_payment_id");
    let told = world.razorpay().event("payment.captured", &payment).await;
    counted.call(&tests::razorpay::delivery(&told, "event-1")).await.is(200);
    let expected = ["aggregate", "insert", "findAndModify", "update", "commitTransaction"];
    assert_eq!(wire.commands(), expected);

    patient.cancels(&booked).await.is(200);
    assert_eq!(wire.commands(), ["aggregate", "update", "findAndModify", "commitTransaction"]);
}

#[tokio::test]
async fn rules_of_its_own_cost_a_hospitals_lists_a_second_round_trip_once() {
    let world = World::with_instances(1).await;
    let wire = Wire::new().await;
    let counted = world.with(&[("MONGODB_URI", &wire.uri)]);
    let patient = world.a.patient.at(&counted);
    let slots = world.a.doctor.sets_slots("2030-12-02", "10:00", "12:00", 30).await;
    let list = async |path: &str| {
        let answer = patient.get(path).await.is(200);
        (answer, wire.commands().len())
    };
    list("/slots").await;
    for (minutes, left) in [(90, 3), (120, 2)] {
        let rules = json!({ "minNoticeMinutes": minutes, "maxDaysAhead": 10 });
        world.a.admin.patch("/hospital", json!({ "booking": rules })).await.is(200);
        let (first, cost) = list("/slots").await;
        assert_eq!((ids(&first).len(), cost), (left, 3), "what holds now is shown at once");
        for path in ["/slots", "/doctors"] {
            let (again, cost) = list(path).await;
            assert_eq!(cost, 2, "the list beside the hospital");
            let next = if path == "/slots" { "/items/0/start" } else { "/items/0/nextAvailable" };
            assert_eq!(again.pointer(next), slots[4 - left].get("start"));
        }
    }
}

#[tokio::test]
async fn holidays_cost_a_hospitals_lists_no_second_round_trip_but_once() {
    let world = World::with_instances(1).await;
    let wire = Wire::new().await;
    let patient = world.a.patient.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    let slots = world.a.doctor.sets_slots("2030-12-25", "10:00", "11:00", 30).await;
    let booked = world.a.patient.books_and_pays(&slots[0]).await;
    patient.get("/slots").await.is(200);
    let holidays = json!([{ "date": "2030-12-25", "name": "Christmas" }]);
    world.a.admin.patch("/hospital", json!({ "holidays": holidays })).await.is(200);
    world.a.admin.cancels(&booked).await.is(200);
    wire.commands();
    for cost in [3, 2, 2] {
        assert_eq!(ids(&patient.get("/slots").await.is(200)), Vec::<String>::new());
        assert_eq!(wire.commands().len(), cost, "the list beside the hospital");
    }
    let doctors = patient.get("/doctors").await.is(200);
    assert_eq!(doctors["items"][0]["nextAvailable"], Value::Null);
    assert_eq!(wire.commands().len(), 2);
}

#[tokio::test]
async fn leaves_are_listed_with_their_counts_in_one_round_trip() {
    let world = World::with_instances(1).await;
    let wire = Wire::new().await;
    let doctor = &world.a.doctor;
    let slots = doctor.sets_slots("2030-12-05", "10:00", "11:30", 30).await;
    for (patient, slot) in world.a.new_patients(3).await.iter().zip(&slots) {
        patient.books_and_pays(slot).await;
    }
    let mut leaves = Vec::new();
    for (from, to, offer) in [("10:00", "10:30", "refund"), ("10:30", "12:00", "alternatives")] {
        world.pass(1);
        let at = |time: &str| format!("2030-12-05T{time}:00+05:30");
        let body = json!({ "from": at(from), "to": at(to), "offer": offer });
        leaves.push(text(&doctor.post("/doctor/leave", body).await.is(201), "/leaveId"));
    }
    let counted = doctor.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    counted.get("/doctor/leave").await.is(200);
    wire.commands();
    let list = items(&counted.get("/doctor/leave").await.is(200));
    assert_eq!(wire.commands(), ["aggregate"]);
    let told = |leave: &Value| {
        ["offered", "cancelled", "refunded"].map(|name| number(leave, &format!("/counts/{name}")))
    };
    assert_eq!(list.iter().map(told).collect::<Vec<_>>(), [[2, 0, 0], [0, 1, 1]]);
    for (one, id) in list.iter().zip(leaves.iter().rev()) {
        assert_eq!(*one, doctor.get(format!("/doctor/leave/{id}")).await.is(200));
    }
    // Another page is another, and a doctor without leaves has none.
    let page = counted.get("/doctor/leave?limit=1").await.is(200);
    let next = format!("/doctor/leave?limit=1&cursor={}", text(&page, "/nextCursor"));
    assert_eq!(items(&counted.get(next).await.is(200)), list[1..]);
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    assert_eq!(items(&colleague.get("/doctor/leave").await.is(200)), Vec::<Value>::new());
}

#[tokio::test]
async fn a_webhook_asks_the_database_alone_and_five_times_at_most() {
    let world = World::with_instances(1).await;
    let merchant = world.razorpay().merchant().await;
    let reply = world.a.admin.put("/hospital/payment-account", merchant.body()).await.is(200);
    let (wire, elsewhere) = (Wire::new().await, Silence::new().await);
    let counted = world.with(&[
        ("MONGODB_URI", &wire.uri),
        ("UPSTASH_REDIS_REST_URL", &elsewhere.url),
        ("RAZORPAY_API_URL", &elsewhere.url),
        ("AWS_ENDPOINT_URL_LAMBDA", &elsewhere.url),
    ]);
    let there = world.razorpay().at(&merchant);
    let account = text(&reply, "/account/id");
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let mut last = Vec::new();
    for (number, slot) in slots.iter().enumerate() {
        let order = world.a.patient.orders(&world.a.patient.books(slot).await).await;
        let paid = there.checkout(&order, "captured").await;
        let told = there.event("payment.captured", &text(&paid, "/razorpay_payment_id")).await;
        let event = format!("e{number}");
        let call = delivery_to(&account, &merchant.webhook_secret, &told, &event);
        wire.commands();
        counted.call(&call).await.is(200);
        last = wire.commands();
    }
    // The account comes with the appointment.
    assert_eq!(last, ["aggregate", "insert", "findAndModify", "update", "commitTransaction"]);
    assert_eq!(elsewhere.heard(), 0);
}

#[tokio::test]
async fn an_entry_of_the_audit_trail_is_written_beside_the_read() {
    let world = World::with_instances(1).await;
    let wire = Wire::new().await;
    let doctor = world.a.doctor.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    // Two connections, and the session's mark.
    doctor.get("/doctor/patient-list").await.is(200);
    for path in ["/doctor/patient-list", "/appointments/today", "/appointments", "/me"] {
        wire.makes_them_meet();
        doctor.get(path).await.is(200);
    }
}
