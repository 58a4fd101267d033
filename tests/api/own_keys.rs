//! A hospital's own account at Razorpay.

use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, text},
    alarms::Alarms,
    answer::Answer,
    razorpay::{Merchant, delivery_to, event_of},
    world::World,
};

async fn puts(who: &Actor, merchant: &Merchant) -> Answer {
    who.put("/hospital/payment-account", merchant.body()).await
}

/// A hospital that has handed in its own account; the account's id.
async fn own(world: &World) -> (Merchant, String) {
    let merchant = world.razorpay().merchant().await;
    let reply = puts(&world.a.admin, &merchant).await.is(200);
    (merchant, text(&reply, "/account/id"))
}

#[tokio::test]
async fn keys_are_never_readable_back() {
    let world = World::new().await;
    let none = world.a.admin.get("/hospital/payment-account").await.is(200);
    assert_eq!(none, json!({ "account": null }));
    let (merchant, id) = own(&world).await;
    let seen = world.a.admin.get("/hospital/payment-account").await.is(200);
    let expected = json!({ "account": {
        "id": id,
        "merchantId": merchant.id,
        "keyId": merchant.key_id,
        "keySecretEndsWith": &merchant.key_secret[merchant.key_secret.len() - 4..],
        "webhookSecretEndsWith": &merchant.webhook_secret[merchant.webhook_secret.len() - 4..],
        "webhookPath": format!("/webhooks/razorpay/{id}"),
        "changedAt": "2030-12-02T09:00:00+05:30",
    } });
    assert_eq!(seen, expected);
    let stored =
        format!("{:?}", world.books().find("paymentAccounts", mongodb::bson::doc! {}).await);
    for secret in [&merchant.key_secret, &merchant.webhook_secret] {
        assert!(!stored.contains(secret.as_str()), "secrets are stored sealed");
    }
    let elsewhere = world.b.admin.get("/hospital/payment-account").await.is(200);
    assert_eq!(elsewhere, none);
    for who in [&world.a.doctor, &world.a.patient, &world.admin] {
        who.get("/hospital/payment-account").await.refused(403, "FORBIDDEN");
        puts(who, &merchant).await.refused(403, "FORBIDDEN");
        who.delete("/hospital/payment-account").await.refused(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn keys_razorpay_does_not_know_are_refused() {
    let world = World::new().await;
    let mut merchant = world.razorpay().merchant().await;
    merchant.key_secret.push('x');
    let fields = puts(&world.a.admin, &merchant).await.bad_fields();
    assert_eq!(fields, [("keySecret".to_owned(), "KEY_REFUSED".to_owned())]);
    let body = json!({ "merchantId": "x", "keyId": "rzp_x", "keySecret": "short", "webhookSecret": "s p a c e" });
    let fields = world.a.admin.put("/hospital/payment-account", body).await.bad_fields();
    assert_eq!(fields.len(), 4);
    assert_eq!(world.books().count("paymentAccounts").await, 0);
}

#[tokio::test]
async fn keys_that_could_not_be_tried_are_not_kept() {
    let world = World::new().await;
    let merchant = world.razorpay().merchant().await;
    let away = world.with(&[("RAZORPAY_API_URL", "http://127.0.0.1:9")]);
    puts(&world.a.admin.at(&away), &merchant).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    world.razorpay().at(&merchant).fails("/v1/orders", 500, 1).await;
    puts(&world.a.admin, &merchant).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    assert_eq!(world.books().count("paymentAccounts").await, 0);
    puts(&world.a.admin, &merchant).await.is(200);
}

#[tokio::test]
async fn a_webhook_that_names_another_merchant_is_refused() {
    let world = World::new().await;
    let mut merchant = world.razorpay().merchant().await;
    let own = merchant.id.clone();
    // The right keys under somebody else's id.
    merchant.id = world.razorpay().merchant().await.id;
    let reply = puts(&world.a.admin, &merchant).await.is(200);
    let id = text(&reply, "/account/id");
    merchant.id = own;
    let there = world.razorpay().at(&merchant);
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let paid = there.checkout(&order, "captured").await;
    let told = there.event("payment.captured", &text(&paid, "/razorpay_payment_id")).await;
    let mut nameless = told.clone();
    nameless.as_object_mut().unwrap().remove("account_id");
    let alarms = Alarms::listen();
    for body in [&told, &nameless] {
        let call = delivery_to(&id, &merchant.webhook_secret, body, "e1");
        world.call(&call).await.refused(400, "ACCOUNT_MISMATCH");
        assert_eq!(alarms.heard(), ["webhook-account"]);
    }
    assert_eq!(world.books().count("webhookEvents").await, 0, "it may come again");
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    // Put right: it is another account, and the payment of the first goes on by asking.
    let reply = puts(&world.a.admin, &merchant).await.is(200);
    assert_ne!(text(&reply, "/account/id"), id);
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    let patient = world.a.patient.refreshed().await;
    assert_eq!(patient.status_of(&appointment).await, "confirmed");
}

#[tokio::test]
async fn the_secret_before_can_be_dropped_after_a_migration() {
    let world = World::new().await;
    let (merchant, id) = own(&world).await;
    let there = world.razorpay().at(&merchant);
    // A replaced webhook secret is sealed too.
    let new =
        Merchant { webhook_secret: "another-secret-of-the-webhook".to_owned(), ..merchant.clone() };
    puts(&world.a.admin, &new).await.is(200);
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let mut told = Vec::new();
    for slot in &slots {
        let order = world.a.patient.orders(&world.a.patient.books(slot).await).await;
        let paid = there.checkout(&order, "captured").await;
        told.push(there.event("payment.captured", &text(&paid, "/razorpay_payment_id")).await);
    }
    let secret = "the secret of the day after the change";
    let alone = world.with(&[("KEYS_SECRET", secret)]);
    let calls = [&merchant, &new].map(|with| with.webhook_secret.clone());
    let call = |n: usize| delivery_to(&id, &calls[n], &told[n], &format!("e{n}"));
    alone.call(&call(0)).await.refused(503, "DEPENDENCY_UNAVAILABLE");
    assert_eq!(alone.migrates().await.accounts_resealed, 0, "what does not open is left alone");
    let before = world.setting("KEYS_SECRET").to_owned();
    let both = world.with(&[("KEYS_SECRET", secret), ("KEYS_PREVIOUS_SECRET", &before)]);
    assert_eq!(both.migrates().await.accounts_resealed, 1);
    assert_eq!(both.migrates().await.accounts_resealed, 0);
    for n in 0..2 {
        alone.call(&call(n)).await.is(200);
    }
    let seen = world.a.patient.at(&alone).get("/appointments").await.is(200);
    for appointment in tests::actor::items(&seen) {
        assert_eq!(text(&appointment, "/status"), "confirmed");
        world.a.patient.at(&alone).cancels(&appointment).await.is(200);
        let payment = text(&appointment, "/payment/paymentId");
        assert_eq!(there.refunds_of(&payment).await.len(), 1);
    }
    world.check().await;
}

#[tokio::test]
async fn money_comes_to_the_own_account_and_goes_back_from_it_after_the_hospital_left() {
    let world = World::new().await;
    let (merchant, id) = own(&world).await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "12:00", 30).await;
    let appointment = world.a.patient.books(&slots[0]).await;
    let body = json!({ "appointmentId": appointment["id"] });
    let order = world.a.patient.post("/payment/create-order", body).await.is(201);
    assert_eq!(order["keyId"], json!(merchant.key_id));
    let order = text(&order, "/orderId");
    let there = world.razorpay().at(&merchant);
    let callback = there.checkout(&order, "authorized").await;
    let verified = world.a.patient.post("/payment/verify", callback.clone()).await.is(200);
    assert_eq!(text(&verified, "/appointment/status"), "confirmed");
    let payment = text(&callback, "/razorpay_payment_id");
    // The other hospital's patients pay into the platform's account.
    let slot = world.b.doctor.sets_slot("2030-12-05", "10:00").await;
    let theirs = world.b.patient.books_and_pays(&slot).await;
    assert_eq!(theirs["status"], "confirmed");
    world.a.admin.delete("/hospital/payment-account").await.is(204);
    let none = world.a.admin.get("/hospital/payment-account").await.is(200);
    assert_eq!(none, json!({ "account": null }));
    world.a.patient.cancels(&appointment).await.is(200);
    assert_eq!(there.refunds_of(&payment).await.len(), 1);
    let again = world.a.patient.books(&slots[1]).await;
    let body = json!({ "appointmentId": again["id"] });
    let order = world.a.patient.post("/payment/create-order", body).await.is(201);
    assert_eq!(order["keyId"], json!(world.setting("RAZORPAY_KEY_ID")));
    // Coming back to the same merchant is the same account.
    let back = puts(&world.a.admin, &merchant).await.is(200);
    assert_eq!(text(&back, "/account/id"), id);
    world.check().await;
}

#[tokio::test]
async fn webhooks_come_by_the_accounts_path_and_concern_its_own_payments_alone() {
    let world = World::new().await;
    let (merchant, id) = own(&world).await;
    let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let there = world.razorpay().at(&merchant);
    let callback = there.checkout(&order, "captured").await;
    let told = there.event("payment.captured", &text(&callback, "/razorpay_payment_id")).await;
    let tell = async |id: &str, secret: &str, body: &Value, event: &str| {
        world.call(&delivery_to(id, secret, body, event)).await
    };
    let platform = tests::stack::of("/razorpay/webhookSecret");
    tell(&id, platform, &told, "e1").await.refused(400, "INVALID_SIGNATURE");
    let unknown = id.replace(&id[id.len() - 4..], "0000");
    let secret = &merchant.webhook_secret;
    tell(&unknown, secret, &told, "e1").await.refused(400, "INVALID_SIGNATURE");
    tell("pac_x", secret, &told, "e1").await.refused(404, "NOT_FOUND");
    // Rightly signed by the platform's secret, on the platform's path: not its payment.
    world.call(&tests::razorpay::delivery(&told, "e1")).await.is(200);
    assert_eq!(world.a.patient.status_of(&appointment).await, "held");
    // A hospital tells of another's order through its own account: not its payment either.
    let slot = world.b.doctor.sets_slot("2030-12-05", "10:00").await;
    let theirs = world.b.patient.books(&slot).await;
    let foreign = world.b.patient.checks_out(&theirs).await;
    let payment = text(&foreign, "/razorpay_payment_id");
    let entity = world.razorpay().payment(&payment).await;
    let forged = event_of(&merchant.id, "payment.captured", &[("payment", entity)]);
    tell(&id, secret, &forged, "e2").await.is(200);
    assert_eq!(world.b.patient.status_of(&theirs).await, "held");
    // Nor does it take the name of the platform's event.
    world.call(&tests::razorpay::delivery(&forged, "e2")).await.is(200);
    assert_eq!(world.b.patient.status_of(&theirs).await, "confirmed");
    for _ in 0..2 {
        tell(&id, secret, &told, "e3").await.is(200);
    }
    assert_eq!(world.a.patient.status_of(&appointment).await, "confirmed");
    world.check().await;
}

#[tokio::test]
async fn a_replaced_webhook_secret_is_taken_for_a_day() {
    let world = World::new().await;
    let (old, id) = own(&world).await;
    let slot = world.a.doctor.sets_slot("2030-12-09", "10:00").await;
    let appointment = world.a.patient.books(&slot).await;
    let order = world.a.patient.orders(&appointment).await;
    let there = world.razorpay().at(&old);
    let callback = there.checkout(&order, "captured").await;
    let told = there.event("payment.captured", &text(&callback, "/razorpay_payment_id")).await;
    let new =
        Merchant { webhook_secret: "another-secret-of-the-webhook".to_owned(), ..old.clone() };
    let reply = puts(&world.a.admin, &new).await.is(200);
    assert_eq!(text(&reply, "/account/previousWebhookSecretUntil"), "2030-12-03T09:00:00+05:30");
    // Handing in the same again does not begin another day.
    world.pass(3600);
    let reply = puts(&world.a.admin.refreshed().await, &new).await.is(200);
    assert_eq!(text(&reply, "/account/previousWebhookSecretUntil"), "2030-12-03T09:00:00+05:30");
    let call = |secret: &str, event: &str| delivery_to(&id, secret, &told, event);
    world.pass(23 * 3600 - 1);
    world.call(&call(&old.webhook_secret, "e1")).await.is(200);
    assert_eq!(
        world.books().appointment(&text(&appointment, "/id")).await.get_str("status").unwrap(),
        "confirmed"
    );
    world.pass(1);
    world.call(&call(&old.webhook_secret, "e2")).await.refused(400, "INVALID_SIGNATURE");
    world.call(&call(&new.webhook_secret, "e3")).await.is(200);
}

#[tokio::test]
async fn reconciliation_and_links_use_the_own_account() {
    let world = World::new().await;
    let (merchant, _) = own(&world).await;
    let there = world.razorpay().at(&merchant);
    let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
    let ordered = world.a.patient.books(&slots[0]).await;
    let order = world.a.patient.orders(&ordered).await;
    there.checkout(&order, "captured").await;
    let linked = world.a.patient.books(&slots[1]).await;
    let body = json!({ "appointmentId": linked["id"] });
    let made = world.a.admin.post("/payments/link", body).await.is(201);
    let link = there.link(&text(&made, "/linkId")).await;
    there.checkout(&text(&link, "/order_id"), "captured").await;
    world.a.admin.delete("/hospital/payment-account").await.is(204);
    world.pass(15 * 60);
    world.run(Job::Reconcile).await;
    let patient = world.a.patient.refreshed().await;
    for appointment in [&ordered, &linked] {
        assert_eq!(patient.status_of(appointment).await, "confirmed");
    }
    world.check().await;
}
