//! Our books beside Razorpay's: what was missed is healed, what differs is reported.

use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, items, number, text},
    razorpay::delivery,
    world::World,
};

/// Somebody asks for a run. Reports are in the order of their instants.
async fn run(world: &World) -> Value {
    world.pass(1);
    world.a.admin.act("/payments/reconciliation").await.is(201)
}

async fn report(admin: &Actor) -> Vec<Value> {
    items(&admin.get("/payments/reconciliation").await.is(200))
}

fn kinds(run: &Value) -> Vec<(String, bool)> {
    let differences = run["differences"].as_array().unwrap();
    differences.iter().map(|one| (text(one, "/kind"), one["healed"] == true)).collect()
}

fn one(kind: &str, healed: bool) -> Vec<(String, bool)> {
    vec![(kind.to_owned(), healed)]
}

#[tokio::test]
async fn a_missed_payment_is_healed_on_demand_and_reported() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let callback = world.a.patient.checks_out(&appointment).await;
    let healed = run(&world).await;
    assert_eq!(number(&healed, "/asked"), 1);
    let expected = json!([{
        "kind": "missed_payment", "healed": true,
        "appointmentId": appointment["id"], "paymentId": callback["razorpay_payment_id"],
    }]);
    assert_eq!(healed["differences"], expected);
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    let again = run(&world).await;
    assert_eq!(kinds(&again), []);
    assert_eq!(report(&world.a.admin).await, [again, healed]);
    assert!(items(&world.b.admin.get("/payments/reconciliation").await.is(200)).is_empty());
    world.check().await;
}

#[tokio::test]
async fn the_clock_heals_and_reports_only_what_differs() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "11:00", 30).await;
    let silent = world.a.patient.books(&slots[0]).await;
    world.a.patient.orders(&silent).await;
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    let patient = world.a.patient.refreshed().await;
    let admin = world.a.admin.refreshed().await;
    assert_eq!(report(&admin).await, Vec::<Value>::new());
    let paid = patient.books(&slots[1]).await;
    patient.checks_out(&paid).await;
    world.pass(15 * 60 - 1);
    world.run(Job::Reconcile).await;
    assert_eq!(patient.status_of(&paid).await, "expired");
    world.pass(1);
    world.run(Job::Reconcile).await;
    let (patient, admin) = (patient.refreshed().await, admin.refreshed().await);
    assert_eq!(patient.status_of(&paid).await, "confirmed");
    let all = report(&admin).await;
    assert_eq!((all.len(), kinds(&all[0])), (1, one("missed_payment", true)));
    assert_eq!(all[0]["onDemand"], false);
    world.check().await;
}

#[tokio::test]
async fn a_second_payment_nobody_told_of_goes_back() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let failed = text(&world.razorpay().checkout(&order, "failed").await, "/razorpay_payment_id");
    let callback = world.razorpay().checkout(&order, "captured").await;
    world.a.patient.post("/payment/verify", callback).await.is(200);
    world.razorpay().late(&failed, "captured").await;
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    world.run(Job::Effects).await;
    assert_eq!(world.razorpay().refunds_of(&failed).await.len(), 1);
    let patient = world.a.patient.refreshed().await;
    assert_eq!(patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn a_missed_end_of_a_refund_is_healed() {
    let world = World::new().await;
    let merchant = world.razorpay().merchant().await;
    world.a.admin.put("/hospital/payment-account", merchant.body()).await.is(200);
    let there = world.razorpay().at(&merchant);
    there.banks_say("pending").await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let callback = there.checkout(&order, "captured").await;
    let payment = text(&callback, "/razorpay_payment_id");
    world.a.patient.post("/payment/verify", callback).await.is(200);
    world.a.patient.cancels(&appointment).await.is(200);
    world.run(Job::Effects).await;
    there.banks_say("processed").await;
    there.until_refund_is(&payment, "processed").await;
    assert_eq!(kinds(&run(&world).await), one("missed_refund", true));
    let seen = world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(text(&seen, "/refund/status"), "processed");
    world.check().await;
}

#[tokio::test]
async fn a_refund_in_the_dashboard_is_taken_over_or_reported() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let appointment = world.a.patient.books_and_pays(&slots[0]).await;
    let payment = text(&appointment, "/payment/paymentId");
    let body = json!({ "amount": 20_000 });
    world.razorpay().refunds(&payment, &body).await;
    assert_eq!(kinds(&run(&world).await), one("outside_refund", true));
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    // What went back does not go back again.
    let cancelled = world.a.admin.cancels(&appointment).await.is(200);
    assert_eq!(number(&cancelled, "/refund/amount"), 30_000);
    // The same told by the webhook is known by then.
    let told = world.razorpay().refund_event("refund.created", &payment, "pending").await;
    world.call(&delivery(&told, "outside-1")).await.is(200);
    let stored = world.books().appointment(&text(&appointment, "/id")).await;
    assert_eq!(stored.get_array("refunds").unwrap().len(), 2);
    // A refund we cannot place: more than the payment has left, by what we know.
    let other = world.a.patient.books_and_pays(&slots[1]).await;
    let payment = text(&other, "/payment/paymentId");
    world.razorpay().fails(&format!("POST /v1/payments/{payment}/refund"), 502, 1).await;
    world.a.admin.cancels(&other).await.is(200);
    world.razorpay().refunds(&payment, &json!({ "amount": 10_000 })).await;
    let differences = kinds(&run(&world).await);
    assert!(differences.contains(&("unknown_refund".to_owned(), false)), "{differences:?}");
    world.check().await;
}

/// Keys that open nothing any more are not asked with every minute, before all others.
#[tokio::test]
async fn what_cannot_be_asked_about_is_put_off_and_asked_about_again() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    world.razorpay().checkout(&order, "captured").await;
    world.pass(901);
    world.razorpay().fails(&format!("GET /v1/orders/{order}/payments"), 401, 1).await;
    let patient = world.a.patient.comes_back().await;
    for _ in 0..2 {
        world.run(Job::Reconcile).await;
        assert_ne!(patient.status_of(&appointment).await, "confirmed");
    }
    world.pass(902);
    world.run(Job::Reconcile).await;
    let patient = patient.comes_back().await;
    assert_eq!(patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn while_razorpay_is_down_it_is_asked_again() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-03", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    world.razorpay().checkout(&order, "captured").await;
    world.razorpay().fails(&format!("GET /v1/orders/{order}/payments"), 503, 1).await;
    let unanswered = run(&world).await;
    assert_eq!((number(&unanswered, "/asked"), number(&unanswered, "/unanswered")), (1, 1));
    assert_eq!(kinds(&run(&world).await), one("missed_payment", true));
    for who in [&world.a.doctor, &world.a.patient, &world.admin] {
        who.act("/payments/reconciliation").await.refused(403, "FORBIDDEN");
        who.get("/payments/reconciliation").await.refused(403, "FORBIDDEN");
    }
}
