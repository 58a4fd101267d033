//! The hospital's books: every paisa twice, with its cause.

use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{items, number, text},
    razorpay::{delivery, delivery_to},
    world::World,
};

async fn ledger(world: &World, query: &str) -> Value {
    world.a.admin.get(format!("/payments/ledger{query}")).await.is(200)
}

fn causes(ledger: &Value) -> Vec<String> {
    items(ledger).iter().map(|entry| text(entry, "/cause")).collect()
}

/// Paid and kept, paid and half refunded, paid at the desk, paid too late. The hospital has an
/// account of its own, whose bank says of refunds what the test says, and no sooner.
async fn busy_day(world: &World) -> Vec<Value> {
    let merchant = world.razorpay().merchant().await;
    let reply = world.a.admin.put("/hospital/payment-account", merchant.body()).await.is(200);
    let there = world.razorpay().at(&merchant);
    there.banks_say("pending").await;
    let slots = world.a.doctor.sets_slots("2030-12-02", "15:00", "17:00", 30).await;
    let pays = async |appointment: &Value| {
        let order = world.a.patient.orders(appointment).await;
        let callback = there.checkout(&order, "captured").await;
        let verified = world.a.patient.post("/payment/verify", callback).await.is(200);
        world.pass(1);
        verified["appointment"].clone()
    };
    let kept = pays(&world.a.patient.books(&slots[0]).await).await;
    let half = pays(&world.a.patient.books(&slots[1]).await).await;
    let desk = world.a.patient.books(&slots[2]).await;
    let body = json!({ "appointmentId": desk["id"], "method": "cash" });
    world.a.admin.post("/payments/counter", body).await.is(201);
    world.pass(1);
    let late = world.a.patient.books(&slots[3]).await;
    let order = world.a.patient.orders(&late).await;
    world.pass(601);
    world.run(Job::Holds).await;
    world.a.new_patient("other").await.books(&slots[3]).await;
    let callback = there.checkout(&order, "captured").await;
    world.a.patient.post("/payment/verify", callback).await.is(200);
    world.pass(1);
    world.a.patient.cancels(&half).await.is(200);
    world.run(Job::Effects).await;
    let payment = text(&half, "/payment/paymentId");
    let told = there.refund_event("refund.processed", &payment, "processed").await;
    world.pass(1);
    let account = text(&reply, "/account/id");
    let call = delivery_to(&account, &merchant.webhook_secret, &told, "refund-1");
    world.call(&call).await.is(200);
    vec![kept, half, desk, late]
}

#[tokio::test]
async fn every_entry_names_its_cause_and_the_balances_are_proved() {
    let world = World::new().await;
    let all = busy_day(&world).await;
    let books = ledger(&world, "").await;
    assert_eq!(causes(&books), ["paid", "paid", "paid", "late", "cancelled", "refunded"]);
    let first = items(&books)[0].clone();
    let expected = json!({
        "id": format!("{}-1", text(&all[0], "/id")),
        "at": "2030-12-02T09:00:00+05:30",
        "cause": "paid",
        "amount": { "amount": 50_000, "currency": "INR" },
        "debit": "razorpay", "credit": "appointments",
        "appointmentId": all[0]["id"], "paymentId": all[0]["payment"]["paymentId"],
    });
    assert_eq!(first, expected);
    let balance = |account: &str, debit: i64, credit: i64| {
        json!({
            "account": account, "currency": "INR",
            "debit": debit, "credit": credit, "balance": debit - credit,
        })
    };
    assert_eq!(
        books["balances"],
        json!([
            balance("razorpay", 150_000, 25_000),
            balance("desk", 50_000, 0),
            balance("appointments", 25_000, 150_000),
            balance("owed", 25_000, 75_000),
        ])
    );
    let proof = json!({
        "currency": "INR", "debits": 250_000, "credits": 250_000,
        "captured": 200_000, "attached": 125_000, "refunded": 25_000, "owed": 50_000,
        "chargedBack": 0, "balanced": true,
    });
    assert_eq!(books["proofs"], json!([proof]));
    world.check().await;
}

#[tokio::test]
async fn days_and_pages_leave_nothing_out_and_nothing_twice() {
    let world = World::new().await;
    busy_day(&world).await;
    let whole = items(&ledger(&world, "").await);
    let mut paged = Vec::new();
    let mut query = "?limit=1".to_owned();
    loop {
        let page = ledger(&world, &query).await;
        paged.extend(items(&page));
        match page["nextCursor"].as_str() {
            Some(cursor) => query = format!("?limit=1&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(paged, whole);
    let day = "?from=2030-12-02&to=2030-12-02";
    assert_eq!(items(&ledger(&world, day).await), whole);
    for other in ["?to=2030-12-01", "?from=2030-12-03"] {
        let books = ledger(&world, other).await;
        assert_eq!((items(&books).len(), &books["proofs"]), (0, &json!([])));
    }
    let elsewhere = world.b.admin.get("/payments/ledger").await.is(200);
    assert!(items(&elsewhere).is_empty());
    for who in [&world.a.doctor, &world.a.patient, &world.admin] {
        who.get("/payments/ledger").await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_lost_dispute_is_in_the_books_whatever_order_it_is_told_in() {
    let world = World::new().await;
    let slots = world.a.doctor.sets_slots("2030-12-03", "10:00", "12:00", 30).await;
    let mut ends = Vec::new();
    for (slot, order) in slots.iter().zip([[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
        let appointment = world.a.patient.books(slot).await;
        let callback = world.a.patient.checks_out(&appointment).await;
        let payment = text(&callback, "/razorpay_payment_id");
        let entity = world.razorpay().payment(&payment).await;
        let id = payment.replace("pay_", "disp_");
        for index in order {
            let status = ["open", "under_review", "lost"][index];
            let name = ["created", "under_review", "lost"][index];
            let dispute = json!({
                "id": id, "entity": "dispute", "payment_id": payment, "amount": 50_000,
                "currency": "INR", "amount_deducted": 0, "reason_code": "goods_not_received",
                "respond_by": 1, "status": status, "phase": "chargeback", "created_at": 1,
            });
            let told = tests::razorpay::event(
                &format!("payment.dispute.{name}"),
                &[("payment", entity.clone()), ("dispute", dispute)],
            );
            // Not even that the payment was captured has been told before.
            world.call(&delivery(&told, &format!("{id}-{index}"))).await.is(200);
        }
        let stored = world.books().appointment(&text(&appointment, "/id")).await;
        let dispute = stored.get_array("disputes").unwrap()[0].as_document().unwrap().clone();
        let status = dispute.get_str("status").unwrap().to_owned();
        ends.push((stored.get_str("status").unwrap().to_owned(), status));
        // The money is gone: cancelling gives nothing back of it.
        let cancelled = world.a.admin.cancels(&appointment).await.is(200);
        assert_eq!(cancelled["refund"], Value::Null);
    }
    assert_eq!(ends, vec![("confirmed".to_owned(), "lost".to_owned()); 3]);
    let proof = ledger(&world, "").await["proofs"][0].clone();
    assert_eq!(number(&proof, "/chargedBack"), 150_000);
    assert_eq!(proof["balanced"], true);
}
