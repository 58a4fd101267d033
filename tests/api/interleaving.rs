//! Bookings, payments, callbacks, webhooks, cancellations, expiries and jobs in random order, three
//! at a time, over the real store: whatever happens, the books are whole. The models' own test
//! plays many more of them, with crashes.

use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use scheduled::Job;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{
    actor::{Actor, number, text},
    razorpay::delivery,
    world::World,
};

/// A generator of our own, so that a number names a whole story.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn throw(&mut self, sides: usize) -> usize {
        // Knuth's MMIX constants.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// A payment at Razorpay, and what Checkout handed the browser of whom; nothing where the bank
/// changed its mind when the browser was gone.
struct Paid {
    id: String,
    callback: Option<(usize, Value)>,
}

struct Story {
    world: World,
    patients: Vec<Actor>,
    admin: Actor,
    slots: Vec<Value>,
    booked: Vec<(usize, Value)>,
    paid: Vec<Paid>,
    failed: Vec<String>,
    /// Appointments that were cancelled: nothing brings them back.
    over: BTreeSet<String>,
}

impl Story {
    async fn begin() -> Self {
        let world = World::new().await;
        let slots = world.a.doctor.sets_slots("2030-12-05", "10:00", "11:00", 30).await;
        let patients = vec![world.a.patient.clone(), world.a.new_patient("other").await];
        let admin = world.a.admin.clone();
        // Parts go back, so that one that went back twice is seen.
        let terms =
            json!({ "tiers": [{ "beforeMinutes": 60, "percent": 40 }], "noShowPercent": 0 });
        admin.patch("/hospital", json!({ "cancellation": terms })).await.is(200);
        let (booked, paid, failed) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, patients, admin, slots, booked, paid, failed, over: BTreeSet::new() }
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

    /// The customer pays, sometimes at the second try.
    async fn pay(&mut self, at: usize, twice: bool) {
        let (patient, appointment) = self.booked[at].clone();
        let body = json!({ "appointmentId": appointment["id"] });
        let order = self.patients[patient].post("/payment/create-order", body).await;
        let Some(order) = order.body["orderId"].as_str() else { return };
        let there = self.world.razorpay().payments_of(order).await;
        if there.iter().any(|payment| payment["status"] != "failed") {
            return;
        }
        if twice {
            let failed = self.world.razorpay().checkout(order, "failed").await;
            self.failed.push(text(&failed, "/razorpay_payment_id"));
        }
        let callback = self.world.razorpay().checkout(order, "captured").await;
        let id = text(&callback, "/razorpay_payment_id");
        self.paid.push(Paid { id, callback: Some((patient, callback)) });
    }

    /// The bank pays after all what it had refused: an order is paid twice.
    async fn changes_its_mind(&mut self) {
        if let Some(id) = self.failed.pop() {
            self.world.razorpay().late(&id, "captured").await;
            self.paid.push(Paid { id, callback: None });
        }
    }

    /// One of the things that may happen at the same time as others.
    async fn happens(&self, what: usize, which: usize) {
        let paid = self.paid.get(which % self.paid.len().max(1));
        let booked = self.booked.get(which % self.booked.len().max(1));
        match (what, paid, booked) {
            (0..=3, Some(paid), _) => self.is_told(what, which, paid).await,
            (4..=5, _, Some((patient, appointment))) => {
                self.patients[*patient].cancels(appointment).await.is_one_of(&[200, 409]);
            }
            (6, _, Some((_, appointment))) => {
                let body = json!({ "appointmentId": appointment["id"], "method": "cash" });
                let answer = self.admin.post("/payments/counter", body).await;
                answer.is_one_of(&[201, 409]);
            }
            (7, ..) => drop(self.admin.act("/payments/reconciliation").await.is(201)),
            (8, ..) => drop(self.world.run(Job::Effects).await),
            (9, ..) => drop(self.world.run(Job::Holds).await),
            _ => {}
        }
    }

    /// By the browser, by one event or another, or of a refund as it began.
    async fn is_told(&self, what: usize, which: usize, paid: &Paid) {
        let (world, id) = (&self.world, &paid.id);
        let answer = match (what, &paid.callback) {
            (0, Some((patient, callback))) => {
                self.patients[*patient].post("/payment/verify", callback.clone()).await
            }
            (3, _) => {
                if world.razorpay().refunds_of(id).await.is_empty() {
                    return;
                }
                let told = world.razorpay().refund_event("refund.created", id, "pending").await;
                world.call(&delivery(&told, &format!("{id}-refund-{which}"))).await
            }
            (2, _) => {
                let told = world.razorpay().event("order.paid", id).await;
                world.call(&delivery(&told, &format!("{id}-{which}"))).await
            }
            _ => world.is_told("payment.captured", id).await,
        };
        answer.is(200);
    }

    /// The books are whole, and what is over stays so.
    async fn check(&mut self) {
        self.world.check().await;
        let cancelled = self.world.books().find("appointments", doc! { "status": "cancelled" });
        let cancelled =
            cancelled.await.into_iter().map(|one| one.get_str("_id").unwrap().to_owned());
        let cancelled: BTreeSet<String> = cancelled.collect();
        assert!(self.over.is_subset(&cancelled), "what was cancelled is alive again");
        self.over = cancelled;
    }

    /// All that is due is done, and the banks have spoken; then every payment at Razorpay is on one
    /// appointment, or back, and nothing is owed any more.
    async fn end(&mut self) {
        for _ in 0..3 {
            self.world.pass(3600);
            for job in [Job::Reconcile, Job::Effects, Job::Holds] {
                self.world.run(job).await;
            }
        }
        for paid in &self.paid {
            if !self.world.razorpay().refunds_of(&paid.id).await.is_empty() {
                self.world.razorpay().until_refund_is(&paid.id, "processed").await;
            }
        }
        for _ in 0..2 {
            self.world.pass(24 * 3600);
            self.world.run(Job::Reconcile).await;
            self.world.run(Job::Effects).await;
        }
        // What was told before, told once more and late, changes nothing.
        for (which, paid) in self.paid.iter().enumerate() {
            self.is_told(3, 100 + which, paid).await;
        }
        let admin = self.admin.comes_back().await;
        for (_, appointment) in &self.booked {
            let body = json!({ "appointmentId": appointment["id"] });
            let answer = admin.post("/payments/counter/refund", body).await;
            answer.is_one_of(&[200, 409]);
        }
        self.check().await;
        for appointment in self.world.books().find("appointments", doc! {}).await {
            for refund in appointment.get_array("refunds").into_iter().flatten() {
                let refund = refund.as_document().unwrap();
                assert_eq!(refund.get_str("status").unwrap(), "processed", "{refund}");
            }
        }
        for paid in &self.paid {
            let payment = &paid.id;
            let held = self.world.books().find("appointments", doc! { "payments.id": payment });
            let held = held.await;
            assert_eq!(held.len(), 1, "{payment} is on one appointment");
            let refunds = held[0].get_array("refunds").unwrap().iter();
            let refunds: Vec<&Document> =
                refunds.filter_map(|refund| refund.as_document()).collect();
            let of = |refund: &&&Document| refund.get_str("paymentId").ok() == Some(payment);
            let owed: i64 = refunds
                .iter()
                .filter(of)
                .map(|refund| refund.get_document("amount").unwrap().get_i64("amount").unwrap())
                .sum();
            let back = self.world.razorpay().refunds_of(payment).await;
            let back: i64 = back.iter().map(|refund| number(refund, "/amount")).sum();
            assert_eq!(back, owed, "what is owed of {payment} went back, once");
        }
    }
}

#[tokio::test]
async fn whatever_happens_at_once_the_books_are_whole() {
    for seed in 1..=5 {
        let (mut story, mut dice) = (Story::begin().await, Dice(seed));
        for _ in 0..16 {
            story.book(dice.throw(2), dice.throw(2)).await;
            if !story.booked.is_empty() && dice.throw(3) > 0 {
                // Mostly what was booked last.
                let back = dice.throw(3).min(story.booked.len() - 1);
                story.pay(story.booked.len() - 1 - back, dice.throw(2) == 0).await;
            }
            match dice.throw(6) {
                0 | 1 => story.wait().await,
                2 | 3 => story.changes_its_mind().await,
                _ => {}
            }
            let three: Vec<(usize, usize)> =
                (0..3).map(|_| (dice.throw(10), dice.throw(16))).collect();
            join_all(three.iter().map(|(what, which)| story.happens(*what, *which))).await;
            story.check().await;
        }
        story.end().await;
    }
}
