//! Where money needs a person, one is called; where it does not, nobody is.

use mongodb::bson::doc;
use scheduled::Job;
use serde_json::json;
use tests::{
    actor::text,
    alarms::Alarms,
    razorpay::{delivery, event},
    world::World,
};

#[tokio::test]
async fn an_ordinary_day_calls_nobody() {
    let world = World::new().await;
    let alarms = Alarms::listen();
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&paid, "/payment/paymentId");
    world.is_told("payment.captured", &payment).await.is(200);
    world.a.patient.cancels(&paid).await.is(200);
    world.razorpay().until_refund_is(&payment, "processed").await;
    let told = world.razorpay().refund_event("refund.processed", &payment, "processed").await;
    world.call(&delivery(&told, "refund-1")).await.is(200);
    for _ in 0..2 {
        for job in [Job::Effects, Job::Reconcile, Job::Holds, Job::Close] {
            world.run(job).await;
        }
        world.pass(24 * 3600);
    }
    assert_eq!(alarms.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refund_that_does_not_go_for_hours_calls_somebody_once() {
    let world = World::new().await;
    let alarms = Alarms::listen();
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let paid = world.a.patient.books_and_pays(&slot).await;
    let payment = text(&paid, "/payment/paymentId");
    let refund = format!("POST /v1/payments/{payment}/refund");
    world.razorpay().fails(&refund, 502, 100).await;
    world.a.patient.cancels(&paid).await.is(200);
    for attempt in 1..=10 {
        world.run(Job::Effects).await;
        let calls = usize::from(attempt == 8);
        assert_eq!(alarms.heard(), vec!["refund-waits".to_owned(); calls], "attempt {attempt}");
        world.pass(3600);
    }
}

#[tokio::test]
async fn a_refund_that_fails_or_is_refused_calls_somebody() {
    let world = World::new().await;
    let alarms = Alarms::listen();
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let failing = world.a.patient.books_and_pays(&slots[0]).await;
    world.a.patient.cancels(&failing).await.is(200);
    let payment = text(&failing, "/payment/paymentId");
    let told = world.razorpay().refund_event("refund.failed", &payment, "failed").await;
    world.call(&delivery(&told, "refund-1")).await.is(200);
    assert_eq!(alarms.heard(), ["refund-failed"]);
    // Part of it goes back by hand while Razorpay is not asked: then it has not enough left.
    let refused = world.a.patient.books_and_pays(&slots[1]).await;
    let payment = text(&refused, "/payment/paymentId");
    world.razorpay().fails(&format!("POST /v1/payments/{payment}/refund"), 502, 1).await;
    world.a.admin.cancels(&refused).await.is(200);
    world.razorpay().refunds(&payment, &json!({ "amount": 10_000 })).await;
    world.run(Job::Effects).await;
    assert!(alarms.heard().contains(&"refund-refused".to_owned()));
}

#[tokio::test]
async fn money_of_strangers_disputes_and_missed_words_call_somebody() {
    let world = World::new().await;
    let alarms = Alarms::listen();
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let missed = world.a.patient.books(&slots[0]).await;
    let paid = world.a.patient.checks_out(&missed).await;
    let payment = text(&paid, "/razorpay_payment_id");
    let mut strange = world.razorpay().payment(&payment).await;
    strange["order_id"] = json!("order_AAAAAAAAAAAAAA");
    strange["notes"] = json!([]);
    let told = event("payment.captured", &[("payment", strange)]);
    world.call(&delivery(&told, "event-1")).await.is(200);
    assert_eq!(alarms.heard(), ["payment-unknown"]);
    let mut unsigned = delivery(&told, "event-2");
    unsigned = unsigned.header("x-razorpay-signature", "00");
    world.call(&unsigned).await.refused(400, "INVALID_SIGNATURE");
    assert_eq!(alarms.heard(), ["webhook-signature"]);
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    assert_eq!(alarms.heard(), ["reconciliation-difference"]);
    let dispute = json!({
        "id": payment.replace("pay_", "disp_"), "payment_id": payment, "amount": 50_000,
        "currency": "INR", "status": "open",
    });
    let entity = world.razorpay().payment(&payment).await;
    let told = event("payment.dispute.created", &[("payment", entity), ("dispute", dispute)]);
    world.call(&delivery(&told, "event-3")).await.is(200);
    assert_eq!(alarms.heard(), ["payment-disputed"]);
}

/// A document of a release to come, or one that a hand has been at.
#[tokio::test]
async fn what_cannot_be_read_calls_somebody_and_the_others_are_done() {
    let world = World::new().await;
    let away = world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]);
    let mails = || Job::Mails { mails: Vec::new() };
    for hospital in [&world.a, &world.b] {
        let slots = hospital.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
        hospital.patient.books_and_pays(&slots[0]).await;
        hospital.patient.books(&slots[1]).await;
        let morning =
            json!({ "from": "2030-12-05T10:00:00+05:30", "to": "2030-12-05T10:30:00+05:30" });
        hospital.doctor.at(&away).post("/doctor/leave", morning).await.is(201);
    }
    world.pass(600);
    for hospital in [&world.a, &world.b] {
        let patient = hospital.patient.at(&away);
        patient.post("/otp-login", patient.key()).await.is(202);
    }
    world.pass(10);
    let deeds = [
        ("leaves", Job::Leave, "status"),
        ("appointments", Job::Holds, "status"),
        ("notifications", mails(), "expiresAt"),
    ];
    let alarms = Alarms::listen();
    for (collection, job, field) in deeds {
        let one = doc! { "hospitalId": &world.a.id };
        let kept = world.books().find(collection, one.clone()).await;
        world.books().change(collection, one, doc! { "$set": { field: true } }).await;
        assert_eq!(world.run(job.clone()).await, 1, "{collection} of the other hospital");
        assert_eq!(alarms.heard(), ["document-unreadable"], "{collection}");
        for document in kept {
            let id = doc! { "_id": document.get("_id") };
            world
                .books()
                .change(collection, id, doc! { "$set": { field: document.get(field) } })
                .await;
        }
        world.pass(60);
        assert_eq!(world.run(job).await, 1, "{collection}, once it can be read");
        assert_eq!(alarms.heard(), Vec::<String>::new(), "{collection}");
    }
}

#[tokio::test]
async fn money_nobody_can_be_asked_about_for_a_day_calls_somebody() {
    let world = World::new().await;
    let slot = world.a.doctor.sets_slot("2030-12-09", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    world.a.patient.orders(&appointment).await;
    // The key was withdrawn at Razorpay, and nobody has said so here.
    let withdrawn = world.with(&[("RAZORPAY_KEY_SECRET", "a-key-that-is-no-more")]);
    world.pass(15 * 60);
    let alarms = Alarms::listen();
    for _ in 0..24 {
        withdrawn.run(Job::Reconcile).await;
        world.pass(3600);
    }
    assert_eq!(alarms.heard(), Vec::<String>::new());
    withdrawn.run(Job::Reconcile).await;
    world.pass(4 * 3600);
    withdrawn.run(Job::Reconcile).await;
    assert_eq!(alarms.heard(), ["payment-unasked"]);
    world.run(Job::Reconcile).await;
    world.pass(4 * 3600);
    world.run(Job::Reconcile).await;
    withdrawn.run(Job::Reconcile).await;
    assert_eq!(alarms.heard(), Vec::<String>::new());
}
