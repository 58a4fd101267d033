//! Money at the desk, and the payment links it hands out.

use futures_util::future::join_all;
use mongodb::bson::doc;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, number, text},
    answer::Answer,
    razorpay::delivery,
    stack,
    switch::{State, Switch},
    wire::Wire,
    world::World,
};

async fn pays(who: &Actor, appointment: &Value, method: &str) -> Answer {
    let body = json!({ "appointmentId": appointment["id"], "method": method });
    who.post("/payments/counter", body).await
}

async fn links(who: &Actor, appointment: &Value) -> Answer {
    who.post("/payments/link", json!({ "appointmentId": appointment["id"] })).await
}

async fn held(world: &World) -> Value {
    let slot = world.a.doctor.sets_slot("2030-12-04", "10:00").await;
    world.a.patient.books(&slot).await
}

/// The words of the patient's mail with this in its subject.
async fn mail_about(world: &World, subject: &str) -> String {
    let mails = world.mail().to(&world.a.patient.email).await;
    let mail = mails.iter().find(|mail| mail.subject.contains(subject)).unwrap();
    mail.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn mails_say_where_the_money_goes_back_to() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-04", "10:00", "11:00", 30).await;
    // Paid at the desk once the slot had gone, and paid by Razorpay.
    let late = world.a.patient.books(&slots[0]).await;
    world.pass(601);
    world.run(Job::Holds).await;
    world.a.new_patient("other").await.books(&slots[0]).await;
    pays(&world.a.admin, &late, "card").await.is(201);
    let online = world.a.patient.books_and_pays(&slots[1]).await;
    world.a.patient.cancels(&online).await.is(200);
    world.run(Job::Effects).await;
    let returned = mail_about(&world, "returning").await;
    assert!(returned.contains("handed back to you there"), "{returned}");
    let cancelled = mail_about(&world, "cancelled").await;
    assert!(cancelled.contains("where the payment came from"), "{cancelled}");
    assert!(!cancelled.contains("desk"), "{cancelled}");
}

#[tokio::test]
async fn cash_card_and_upi_confirm() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-04", "10:00", "11:30", 30).await;
    for (slot, method) in slots.iter().zip(["cash", "card", "upi"]) {
        let appointment = world.a.patient.books(slot).await;
        let body = json!({
            "appointmentId": appointment["id"], "method": method, "reference": "slip 7",
        });
        let paid = world.a.admin.post("/payments/counter", body).await.is(201);
        assert_eq!(text(&paid, "/appointment/status"), "confirmed");
        assert_eq!(text(&paid, "/appointment/payment/method"), method);
        assert_eq!(number(&paid, "/payment/amount"), 50_000);
        assert_eq!(text(&paid, "/payment/status"), "captured");
        assert_eq!(paid.get("refund"), None);
        pays(&world.a.admin, &appointment, method).await.refused(409, "ALREADY_PAID");
        let body = json!({ "appointmentId": appointment["id"] });
        world.a.patient.post("/payment/create-order", body).await.refused(409, "ALREADY_PAID");
    }
    world.run(Job::Effects).await;
    assert_eq!(world.mail().count(&world.a.patient.email, "appointment is confirmed").await, 3);
    world.check().await;
}

#[tokio::test]
async fn only_the_hospitals_staff_takes_money_and_nobody_names_an_amount() {
    let world = World::new().await;
    let appointment = held(&world).await;
    for who in [&world.a.patient, &world.a.doctor, &world.admin] {
        pays(who, &appointment, "cash").await.refused(403, "FORBIDDEN");
        links(who, &appointment).await.refused(403, "FORBIDDEN");
    }
    pays(&world.b.admin, &appointment, "cash").await.refused(404, "NOT_FOUND");
    links(&world.b.admin, &appointment).await.refused(404, "NOT_FOUND");
    let body = json!({ "appointmentId": appointment["id"], "method": "cheque", "amount": 1 });
    let fields = world.a.admin.post("/payments/counter", body).await.bad_fields();
    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(names, ["amount", "method"]);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
}

#[tokio::test]
async fn twenty_clerks_at_once_take_the_money_once() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let answers = join_all((0..20).map(|_| pays(&world.a.admin, &appointment, "cash"))).await;
    let stored = world.books().appointment(&text(&appointment, "/id")).await;
    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    // Whoever was told 201 has money in hand: one payment stands, the others are handed back.
    assert_eq!(stored.get_array("payments").unwrap().len(), taken);
    assert_eq!(stored.get_array("refunds").unwrap().len(), taken - 1);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn a_run_out_hold_is_paid_if_the_slot_is_free_and_handed_back_if_not() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-04", "10:00", "11:00", 30).await;
    let free = world.a.patient.books(&slots[0]).await;
    let taken = world.a.patient.books(&slots[1]).await;
    world.pass(601);
    world.run(Job::Holds).await;
    world.a.new_patient("other").await.books(&slots[1]).await;
    let paid = pays(&world.a.admin, &free, "upi").await.is(201);
    assert_eq!(text(&paid, "/appointment/status"), "confirmed");
    let lost = pays(&world.a.admin, &taken, "upi").await.is(201);
    assert_eq!(text(&lost, "/appointment/status"), "expired");
    let back = json!({ "amount": 50_000, "currency": "INR", "status": "pending", "atDesk": true });
    assert_eq!(lost["refund"], back);
    world.check().await;
}

#[tokio::test]
async fn what_was_paid_at_the_desk_is_handed_back_there() {
    let world = World::new().await;
    let appointment = held(&world).await;
    pays(&world.a.admin, &appointment, "cash").await.is(201);
    let body = json!({ "appointmentId": appointment["id"] });
    let hand_back = async || world.a.admin.post("/payments/counter/refund", body.clone()).await;
    hand_back().await.refused(409, "NOTHING_TO_REFUND");
    let cancelled = world.a.patient.cancels(&appointment).await.is(200);
    let owed = json!({ "amount": 50_000, "currency": "INR", "status": "pending", "atDesk": true });
    assert_eq!(cancelled["refund"], owed);
    for _ in 0..3 {
        world.run(Job::Effects).await;
        world.pass(60);
    }
    let mail = mail_about(&world, "cancelled").await;
    assert!(mail.contains("handed back to you there"), "{mail}");
    let seen = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(seen["refund"], owed, "Razorpay knows nothing of it");
    world.a.patient.post("/payments/counter/refund", body.clone()).await.refused(403, "FORBIDDEN");
    let handed = hand_back().await.is(200);
    assert_eq!(text(&handed, "/refunds/0/status"), "processed");
    assert_eq!(text(&handed, "/appointment/payment/status"), "refunded");
    assert_eq!(hand_back().await.is(200), handed);
    world.check().await;
}

#[tokio::test]
async fn a_second_payment_online_goes_back_by_razorpay() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let callback = world.a.patient.checks_out(&appointment).await;
    pays(&world.a.admin, &appointment, "cash").await.is(201);
    let payment = text(&callback, "/razorpay_payment_id");
    world.is_told("payment.captured", &payment).await.is(200);
    world.run(Job::Effects).await;
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 1);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn a_link_holds_the_slot_and_confirms_by_webhook() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let made = links(&world.a.admin, &appointment).await.is(201);
    assert_eq!(number(&made, "/amount"), 50_000);
    assert_eq!(links(&world.a.admin, &appointment).await.is(200), made);
    let link = world.razorpay().link(&text(&made, "/linkId")).await;
    assert_eq!(text(&link, "/reference_id"), text(&appointment, "/id"));
    assert_eq!(link["notes"], json!({ "appointment": appointment["id"] }));
    // Past the ten minutes of a hold, the slot is still this patient's.
    world.pass(800);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    let paid = world.razorpay().checkout(&text(&link, "/order_id"), "captured").await;
    let payment = text(&paid, "/razorpay_payment_id");
    world.is_told("payment.captured", &payment).await.is(200);
    let seen = world.a.patient.sees(&appointment).await;
    assert_eq!(seen["status"], "confirmed");
    let expected = json!({ "paymentId": payment, "status": "captured", "method": "link" });
    assert_eq!(seen["payment"], expected);
    world.is_told("order.paid", &payment).await.is(200);
    world.a.admin.cancels(&appointment).await.is(200);
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 1);
    world.check().await;
}

/// Razorpay tells the patient of a link before it tells us.
#[tokio::test]
async fn what_is_paid_by_a_link_that_came_too_late_goes_back() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let razorpay = Switch::to(stack::of("/razorpay/endpoint")).await;
    let slow = world.with(&[("RAZORPAY_API_URL", &format!("http://{}", razorpay.address))]);
    razorpay.turn(State::Slow).await;
    let admin = world.a.admin.at(&slow);
    let (asked, link) = tokio::join!(links(&admin, &appointment), async {
        let reference = text(&appointment, "/id");
        let link = world.razorpay().until_there_is_a_link_of(&reference).await;
        world.a.patient.cancels(&appointment).await.is(200);
        razorpay.turn(State::Well).await;
        link
    });
    asked.refused(409, "NOT_PAYABLE");
    let paid = world.razorpay().checkout(&text(&link, "/order_id"), "captured").await;
    let payment = text(&paid, "/razorpay_payment_id");
    world.is_told("payment.captured", &payment).await.is(200);
    world.run(Job::Effects).await;
    assert_eq!(world.a.patient.status_of(&appointment).await, "cancelled");
    assert_eq!(number(&world.razorpay().refunds_of(&payment).await[0], "/amount"), 50_000);
    world.check().await;
}

#[tokio::test]
async fn an_event_of_a_link_names_its_appointment_by_the_reference() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let made = links(&world.a.admin, &appointment).await.is(201);
    let link = world.razorpay().link(&text(&made, "/linkId")).await;
    let paid = world.razorpay().checkout(&text(&link, "/order_id"), "captured").await;
    let mut payment = world.razorpay().payment(&text(&paid, "/razorpay_payment_id")).await;
    payment["notes"] = json!([]);
    let told = tests::razorpay::event(
        "payment_link.paid",
        &[("payment_link", link), ("payment", payment)],
    );
    world.call(&delivery(&told, "link-1")).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn a_link_whose_payment_nobody_told_of_is_asked_about() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let made = links(&world.a.admin, &appointment).await.is(201);
    let link = world.razorpay().link(&text(&made, "/linkId")).await;
    world.razorpay().checkout(&text(&link, "/order_id"), "captured").await;
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    let patient = world.a.patient.refreshed().await;
    assert_eq!(patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn paid_by_link_and_at_the_desk_one_goes_back() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let made = links(&world.a.admin, &appointment).await.is(201);
    let link = world.razorpay().link(&text(&made, "/linkId")).await;
    pays(&world.a.admin, &appointment, "card").await.is(201);
    let paid = world.razorpay().checkout(&text(&link, "/order_id"), "captured").await;
    let payment = text(&paid, "/razorpay_payment_id");
    world.is_told("payment.captured", &payment).await.is(200);
    world.run(Job::Effects).await;
    assert_eq!(world.razorpay().refunds_of(&payment).await.len(), 1);
    links(&world.a.admin, &appointment).await.refused(409, "ALREADY_PAID");
    world.check().await;
}

/// Razorpay tells the patient of a link at once, whatever becomes of the function that asked for it.
#[tokio::test]
async fn what_is_paid_by_a_link_nobody_kept_confirms_the_appointment() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-04", "10:00", "11:30", 30).await;
    let (mut patient, mut admin) = (world.a.patient.clone(), world.a.admin.clone());
    for (slot, heard) in slots.iter().zip(["by webhook", "by asking", "once it is kept"]) {
        let appointment = patient.books(slot).await;
        let wire = Wire::new().await;
        let frail = admin.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
        frail.get("/payments/reconciliation").await.is(200);
        // The appointment and the patient; what is asked for, in a transaction of three; then the link.
        wire.dies_after(5, false);
        let died = tokio::select! {
            () = wire.death() => true,
            answer = links(&frail, &appointment) => panic!("it is answered {heard}: {}", answer.text),
        };
        assert!(died);
        let reference = text(&appointment, "/id");
        let link = world.razorpay().until_there_is_a_link_of(&reference).await;
        if heard == "once it is kept" {
            let kept = links(&admin, &appointment).await.is(201);
            assert_eq!(kept["linkId"], link["id"]);
        }
        // Past a hold's ten minutes it is still this patient's.
        world.pass(15 * 60);
        let paid = world.razorpay().checkout(&text(&link, "/order_id"), "captured").await;
        if heard == "by asking" {
            world.run(Job::Reconcile).await;
        } else {
            let payment = text(&paid, "/razorpay_payment_id");
            world.is_told("payment.captured", &payment).await.is(200);
        }
        (patient, admin) = (patient.refreshed().await, admin.refreshed().await);
        assert_eq!(patient.status_of(&appointment).await, "confirmed", "{heard}");
        world.check().await;
    }
}

#[tokio::test]
async fn a_link_is_good_as_long_as_the_slot_is_held() {
    let world = World::new().await;
    let rules = json!({ "minNoticeMinutes": 0, "maxDaysAhead": 366, "holdMinutes": 1440 });
    world.a.admin.patch("/hospital", json!({ "booking": rules })).await.is(200);
    let appointment = held(&world).await;
    let made = links(&world.a.admin, &appointment).await.is(201);
    assert_eq!(made["expiresAt"], appointment["holdExpiresAt"]);
    let held = world.a.patient.sees(&appointment).await;
    assert_eq!(held["holdExpiresAt"], appointment["holdExpiresAt"]);
}

/// His own hold, which ran out and nobody has swept, is not in the way of what he pays for.
#[tokio::test]
async fn a_run_out_hold_of_the_same_patient_is_no_reason_to_give_money_back() {
    let world = World::new().await;
    let colleague = world.a.new_doctor("vikram", "Vikram Shah").await;
    let (mine, theirs) = (
        world.a.doctor.sets_slot("2030-12-04", "10:00").await,
        colleague.sets_slot("2030-12-04", "10:15").await,
    );
    let late = world.a.patient.books(&mine).await;
    world.pass(600);
    world.run(Job::Holds).await;
    world.a.patient.refreshed().await.books(&theirs).await;
    world.pass(600);
    let admin = world.a.admin.comes_back().await;
    let paid = pays(&admin, &late, "cash").await.is(201);
    assert_eq!(text(&paid, "/appointment/status"), "confirmed");
    world.check().await;
}

#[tokio::test]
async fn a_link_that_is_refused_holds_nothing_longer_and_is_not_asked_about() {
    let world = World::new().await;
    let appointment = held(&world).await;
    // Razorpay takes no less than a rupee, and neither do we.
    let (one, less) = (doc! { "_id": text(&appointment, "/id") }, doc! { "fee.amount": 50_i64 });
    world.books().change("appointments", one, doc! { "$set": less }).await;
    for _ in 0..2 {
        links(&world.a.admin, &appointment).await.refused(503, "DEPENDENCY_UNAVAILABLE");
        let seen = world.a.patient.sees(&appointment).await;
        assert_eq!(seen["holdExpiresAt"], appointment["holdExpiresAt"]);
    }
    let stored = world.books().appointment(&text(&appointment, "/id")).await;
    assert!(stored.get("linkAsked").is_none(), "{stored}");
}

/// The link was made and nobody kept it; that Razorpay refuses a second, and cannot tell of the first,
/// is no reason to forget it.
#[tokio::test]
async fn a_link_that_may_have_been_made_is_not_forgotten() {
    let world = World::new().await;
    let appointment = held(&world).await;
    let razorpay = Switch::to(stack::of("/razorpay/endpoint")).await;
    let cut = world.with(&[("RAZORPAY_API_URL", &format!("http://{}", razorpay.address))]);
    razorpay.turn(State::Cut).await;
    for _ in 0..2 {
        let answer = links(&world.a.admin.at(&cut), &appointment).await;
        answer.refused(503, "DEPENDENCY_UNAVAILABLE");
    }
    let link = world.razorpay().until_there_is_a_link_of(&text(&appointment, "/id")).await;
    let paid = world.razorpay().checkout(&text(&link, "/order_id"), "captured").await;
    let payment = text(&paid, "/razorpay_payment_id");
    world.is_told("payment.captured", &payment).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}
