//! Bookings, payments, callbacks, webhooks, cancellations, expiries and jobs in random order, three
//! at a time, over the real store: whatever happens, the books are whole. The models' own test
//! plays many more of them, with crashes.

use futures_util::future::join_all;
use scheduled::Job;
use serde_json::{Value, json};
use tests::{
    actor::{Actor, number, text},
    razorpay::delivery,
    world::World,
};

/// A generator of our own, so that a number names a whole story.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        // Knuth's MMIX constants.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

struct Story {
    world: World,
    patients: Vec<Actor>,
    admin: Actor,
    slots: Vec<Value>,
    booked: Vec<(usize, Value)>,
    callbacks: Vec<(usize, Value)>,
}

impl Story {
    async fn begin() -> Self {
        let world = World::new().await;
        let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
        let patients = vec![world.a.patient.clone(), world.a.new_patient("other").await];
        let admin = world.a.admin.clone();
        Self { world, patients, admin, slots, booked: Vec::new(), callbacks: Vec::new() }
    }

    /// Ten minutes and a second: holds run out. Everybody's tokens are renewed.
    async fn wait(&mut self) {
        self.world.pass(601);
        self.admin = self.admin.refreshed().await;
        self.patients = join_all(self.patients.iter().map(Actor::refreshed)).await;
    }

    async fn book(&mut self, patient: usize, slot: usize) {
        let answer = self.patients[patient].tries_to_book(&self.slots[slot]).await;
        if answer.status == 201 {
            self.booked.push((patient, answer.body["appointment"].clone()));
        }
    }

    async fn pay(&mut self, at: usize) {
        let (patient, appointment) = self.booked[at].clone();
        let body = json!({ "appointmentId": appointment["id"] });
        let order = self.patients[patient].post("/payment/create-order", body).await;
        let Some(order) = order.body["orderId"].as_str() else { return };
        let there = self.world.razorpay().payments_of(order).await;
        if there.iter().all(|payment| payment["status"] == "failed") {
            let callback = self.world.razorpay().checkout(order, "captured").await;
            self.callbacks.push((patient, callback));
        }
    }

    /// One of the things that may happen at the same time as others.
    async fn happens(&self, what: usize, which: usize) {
        if what == 7 {
            self.world.run(Job::Holds).await;
        }
        if what == 6 {
            self.world.run(Job::Effects).await;
        }
        if let (Some((patient, callback)), 0..=2) =
            (self.callbacks.get(which % self.callbacks.len().max(1)), what)
        {
            let payment = text(callback, "/razorpay_payment_id");
            let answer = match what {
                0 => self.patients[*patient].post("/payment/verify", callback.clone()).await,
                1 => self.world.is_told("payment.captured", &payment).await,
                _ => {
                    let told = self.world.razorpay().event("order.paid", &payment).await;
                    self.world.call(&delivery(&told, &format!("{payment}-{which}"))).await
                }
            };
            answer.is(200);
        }
        if let (Some((patient, appointment)), 3..=5) =
            (self.booked.get(which % self.booked.len().max(1)), what)
        {
            let answer = match what {
                3 => self.patients[*patient].cancels(appointment).await,
                4 => {
                    let body = json!({ "appointmentId": appointment["id"], "method": "cash" });
                    self.admin.post("/payments/counter", body).await
                }
                _ => self.admin.act("/payments/reconciliation").await,
            };
            assert!(matches!(answer.status, 200 | 201 | 409), "{}", answer.text);
        }
    }

    /// All that is due is done; then every payment at Razorpay is on one appointment, or back.
    async fn end(&mut self) {
        for _ in 0..3 {
            self.world.pass(3600);
            for job in [Job::Reconcile, Job::Effects, Job::Holds] {
                self.world.run(job).await;
            }
        }
        self.world.check().await;
        for (_, callback) in &self.callbacks {
            let payment = text(callback, "/razorpay_payment_id");
            let held = self
                .world
                .books()
                .find("appointments", mongodb::bson::doc! { "payments.id": &payment })
                .await;
            assert_eq!(held.len(), 1, "{payment} is on one appointment");
            let owed: i64 = held[0]
                .get_array("refunds")
                .unwrap()
                .iter()
                .filter_map(|refund| refund.as_document())
                .filter(|refund| refund.get_str("paymentId").ok() == Some(payment.as_str()))
                .map(|refund| refund.get_document("amount").unwrap().get_i64("amount").unwrap())
                .sum();
            let back = self.world.razorpay().refunds_of(&payment).await;
            let back: i64 = back.iter().map(|refund| number(refund, "/amount")).sum();
            assert_eq!(back, owed, "what is owed of {payment} went back, once");
        }
    }
}

#[tokio::test]
async fn whatever_happens_at_once_the_books_are_whole() {
    for seed in 1..=4 {
        let (mut story, mut dice) = (Story::begin().await, Dice(seed));
        for _ in 0..14 {
            match dice.throw(6) {
                0 | 1 => story.book(dice.throw(2), dice.throw(2)).await,
                2 if !story.booked.is_empty() => story.pay(dice.throw(story.booked.len())).await,
                3 => story.wait().await,
                _ => {}
            }
            let three: Vec<(usize, usize)> =
                (0..3).map(|_| (dice.throw(8), dice.throw(16))).collect();
            join_all(three.iter().map(|(what, which)| story.happens(*what, *which))).await;
            story.world.check().await;
        }
        story.end().await;
    }
}
