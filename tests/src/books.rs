//! What the database says, read without our own code, and what must be true of it at any time.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use futures_util::TryStreamExt as _;
use mongodb::{
    Database,
    bson::{Bson, Document, doc},
};
use std::collections::HashMap;

/// A world's database.
#[derive(Debug, Clone)]
pub struct Books(Database);

fn string(document: &Document, path: &str) -> String {
    let mut found = Some(Bson::Document(document.clone()));
    for name in path.split('.') {
        found = found.and_then(|value| value.as_document()?.get(name).cloned());
    }
    found.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A whole number, whichever type the server gives it.
#[expect(clippy::cast_possible_truncation, reason = "amounts and instants are whole numbers")]
fn number(document: &Document, name: &str) -> i64 {
    match document.get(name) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Double(number)) => *number as i64,
        _ => 0,
    }
}

fn list(document: &Document, name: &str) -> Vec<Document> {
    let all = document.get_array(name).cloned().unwrap_or_default();
    all.into_iter().filter_map(|one| one.as_document().cloned()).collect()
}

impl Books {
    /// The database of a world, or of a stack.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }

    /// The documents that fit.
    pub async fn find(&self, collection: &str, filter: Document) -> Vec<Document> {
        let cursor = self.0.collection::<Document>(collection).find(filter).await.expect("a find");
        cursor.try_collect().await.expect("a find")
    }

    /// Changes the documents that fit, as a crash or an intruder would leave them.
    pub async fn change(&self, collection: &str, filter: Document, update: Document) {
        let documents = self.0.collection::<Document>(collection);
        documents.update_many(filter, update).await.expect("an update");
    }

    /// Takes documents away, as an intruder would.
    pub async fn remove(&self, collection: &str, filter: Document) {
        let documents = self.0.collection::<Document>(collection);
        documents.delete_many(filter).await.expect("a deletion");
    }

    /// Enters a document as it is.
    pub async fn enter(&self, collection: &str, document: Document) {
        self.0.collection(collection).insert_one(document).await.expect("an insert");
    }

    /// How many documents a collection has.
    pub async fn count(&self, collection: &str) -> usize {
        self.find(collection, doc! {}).await.len()
    }

    /// How many documents every collection has, to see that nothing was changed.
    pub async fn counts(&self) -> HashMap<&'static str, usize> {
        let mut counts = HashMap::new();
        for name in ["hospitals", "accounts", "patients", "slots", "appointments"] {
            counts.insert(name, self.count(name).await);
        }
        counts
    }

    /// Everything in the collections people's requests can change, to see that nothing was.
    pub async fn everything(&self) -> Vec<Document> {
        let mut all = Vec::new();
        for name in ["hospitals", "accounts", "patients", "slots", "appointments"] {
            let mut found = self.find(name, doc! {}).await;
            found.sort_by_key(|document| string(document, "_id"));
            all.extend(found);
        }
        all
    }

    /// The appointment with this id.
    pub async fn appointment(&self, id: &str) -> Document {
        let mut found = self.find("appointments", doc! { "_id": id }).await;
        found.pop().expect("there is the appointment")
    }

    /// Takes away what idempotent requests answered, as if each had been killed before it could.
    pub async fn forget_answers(&self) {
        let kept = self.0.collection::<Document>("idempotency");
        let forget = doc! { "$unset": { "answer": "" } };
        kept.update_many(doc! {}, forget).await.expect("an update");
    }

    /// Makes an index as somebody with a shell would, or an older version of ours.
    pub async fn add_index(&self, collection: &str, name: &str) {
        let options = mongodb::options::IndexOptions::builder().name(name.to_owned()).build();
        let model = mongodb::IndexModel::builder().keys(doc! { name: 1 }).options(options).build();
        self.0.collection::<Document>(collection).create_index(model).await.expect("an index");
    }

    /// The names of a collection's indexes.
    pub async fn indexes(&self, collection: &str) -> Vec<String> {
        self.0.collection::<Document>(collection).list_index_names().await.expect("names")
    }

    /// Forgets which changes of what is there were made, as if they had not been.
    pub async fn forget_migrations(&self) {
        let made = self.0.collection::<Document>("migrations");
        made.delete_many(doc! {}).await.expect("a deletion");
    }

    /// Checks the invariants of the whole database at an instant, in milliseconds.
    pub async fn check(&self, now: i64) {
        let appointments = self.find("appointments", doc! {}).await;
        let slots = self.find("slots", doc! {}).await;
        let live: Vec<&Document> = appointments.iter().filter(|one| is_live(one, now)).collect();
        one_live_appointment_a_slot(&live, &slots, &appointments);
        nobody_is_in_two_places(&live);
        for appointment in &appointments {
            money_is_somewhere(appointment);
            the_ledger_says_so(appointment);
        }
    }
}

fn is_live(appointment: &Document, now: i64) -> bool {
    match string(appointment, "status").as_str() {
        "confirmed" | "checked_in" => true,
        "held" => number(appointment, "holdExpiresAt") > now,
        _ => false,
    }
}

/// No slot has more live appointments than it has room for; a booked slot has the one it says, and
/// a confirmed appointment has its slot, or a seat of it.
fn one_live_appointment_a_slot(live: &[&Document], slots: &[Document], all: &[Document]) {
    let mut of_slot: HashMap<String, String> = HashMap::new();
    let group = |id: &str| {
        slots.iter().find(|slot| string(slot, "_id") == id && number(slot, "capacity") > 1)
    };
    for appointment in live {
        let (slot, id) = (string(appointment, "slotId"), string(appointment, "_id"));
        if let Some(group) = group(&slot) {
            let there = live.iter().filter(|one| string(one, "slotId") == slot).count();
            let room = usize::try_from(number(group, "capacity")).unwrap_or_default();
            assert!(there <= room, "the slot {slot} has {there} live appointments");
            let seats = list(group, "seats");
            let own = seats.iter().filter(|seat| string(seat, "appointmentId") == id).count();
            assert_eq!(own, 1, "{id} has a seat of {slot}");
            assert!(seats.len() <= room, "the slot {slot} has {} seats", seats.len());
            continue;
        }
        let other = of_slot.insert(slot.clone(), id.clone());
        assert_eq!(other, None, "the slot {slot} has two live appointments: {id}");
    }
    for slot in slots.iter().filter(|slot| string(slot, "status") == "booked") {
        let past = |one: &&Document| {
            matches!(string(one, "status").as_str(), "completed" | "no_show")
                && string(one, "slotId") == string(slot, "_id")
        };
        let past = all.iter().find(past).map(|one| string(one, "_id"));
        let holder = of_slot.get(&string(slot, "_id")).cloned().or(past);
        assert_eq!(
            holder,
            Some(string(slot, "appointmentId")),
            "a booked slot is its appointment's"
        );
    }
    for appointment in live.iter().filter(|one| string(one, "status") != "held") {
        let slot = slots.iter().find(|slot| string(slot, "_id") == string(appointment, "slotId"));
        let slot = slot.expect("a confirmed appointment has a slot");
        if number(slot, "capacity") > 1 {
            continue;
        }
        assert_eq!(string(slot, "status"), "booked", "the slot of {}", string(appointment, "_id"));
    }
}

fn nobody_is_in_two_places(live: &[&Document]) {
    for (index, one) in live.iter().enumerate() {
        for other in live.iter().skip(index + 1) {
            let together = string(one, "slotId") == string(other, "slotId");
            let same = string(one, "patient.id") == string(other, "patient.id")
                || (!together && string(one, "doctor.id") == string(other, "doctor.id"));
            let overlap = number(one, "start") < number(other, "end")
                && number(other, "start") < number(one, "end");
            assert!(!(same && overlap), "{} and {}", string(one, "_id"), string(other, "_id"));
        }
    }
}

/// Captured money is what its one appointment stands on, was kept or given back by the terms of a
/// cancellation, or goes back in full; never more goes back than came.
fn money_is_somewhere(appointment: &Document) {
    let id = string(appointment, "_id");
    let refunds = list(appointment, "refunds");
    let mut standing = 0;
    for payment in list(appointment, "payments") {
        let payment_id = string(&payment, "id");
        let captured = matches!(string(&payment, "status").as_str(), "captured" | "refunded");
        let amount = payment.get_document("amount").map_or(0, |money| number(money, "amount"));
        let of_payment: Vec<&Document> =
            refunds.iter().filter(|refund| string(refund, "paymentId") == payment_id).collect();
        let back: i64 = of_payment
            .iter()
            .map(|refund| refund.get_document("amount").map_or(0, |money| number(money, "amount")))
            .sum();
        assert!(back <= amount, "{id}: more goes back than came");
        if !captured {
            assert_eq!(back, 0, "{id}: nothing goes back of what never came");
        } else if of_payment.iter().any(|refund| {
            !matches!(
                string(refund, "cause").as_str(),
                "cancelled" | "no_show" | "rescheduled" | "outside"
            )
        }) {
            assert_eq!(back, amount, "{id}: a stray payment goes back in full");
        } else {
            standing += 1;
            let status = string(appointment, "status");
            let kept = matches!(
                status.as_str(),
                "confirmed" | "checked_in" | "completed" | "no_show" | "cancelled"
            );
            assert!(kept, "{id} is {status} and keeps {payment_id}");
        }
    }
    assert!(standing <= 1, "{id} stands on {standing} payments");
}

/// The ledger's balances are what payments, refunds and disputes come to, worked out without our
/// own code.
fn the_ledger_says_so(appointment: &Document) {
    let id = string(appointment, "_id");
    let amount =
        |one: &Document| one.get_document("amount").map_or(0, |money| number(money, "amount"));
    let mut said: HashMap<String, i64> = HashMap::new();
    for (index, entry) in list(appointment, "ledger").iter().enumerate() {
        let count = i64::try_from(index).unwrap_or_default() + 1;
        assert_eq!(number(entry, "number"), count, "{id}: entries are counted");
        *said.entry(string(entry, "debit")).or_default() += amount(entry);
        *said.entry(string(entry, "credit")).or_default() -= amount(entry);
    }
    let captured =
        |one: &&Document| matches!(string(one, "status").as_str(), "captured" | "refunded");
    let payments = list(appointment, "payments");
    let came: i64 = payments.iter().filter(captured).map(amount).sum();
    let refunds = list(appointment, "refunds");
    let (gone, owed): (Vec<&Document>, Vec<&Document>) =
        refunds.iter().partition(|refund| string(refund, "status") == "processed");
    let (gone, owed): (i64, i64) =
        (gone.into_iter().map(amount).sum(), owed.into_iter().map(amount).sum());
    let lost = list(appointment, "disputes");
    let lost: i64 = lost.iter().filter(|one| string(one, "status") == "lost").map(amount).sum();
    let of = |name: &str| said.get(name).copied().unwrap_or_default();
    assert_eq!(of("razorpay") + of("desk"), came - gone - lost, "{id}: what is there");
    assert_eq!(-of("owed"), owed, "{id}: what is owed");
    assert_eq!(-of("appointments"), came - gone - owed, "{id}: what is attached");
    assert_eq!(said.values().sum::<i64>(), 0, "{id}: debits are credits");
}
