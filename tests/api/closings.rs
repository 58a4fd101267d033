//! Closed days of the ledger: what is read of it does not grow with its history, and nothing is
//! left out or counted twice.

use crate::interleaving::Dice;
use futures_util::future::join_all;
use mongodb::bson::{Bson, Document, doc};
use scheduled::Job;
use serde_json::{Value, json};
use shared::models::{AppointmentId, Instant};
use std::collections::BTreeMap;
use tests::{
    actor::{Actor, items, text},
    api::instant,
    wire::Wire,
    world::World,
};

const DAY: i64 = 24 * 3600 * 1000;

/// The midnight in Kolkata so many days after the hospital joined.
fn midnight(day: usize) -> i64 {
    instant("2030-12-02T00:00:00+05:30").millis() + i64::try_from(day).unwrap() * DAY
}

/// The books of hospital A and what a payment looks like in them.
struct Story {
    world: World,
    paid: Document,
    entered: u128,
}

impl Story {
    async fn begin() -> Self {
        let world = World::new().await;
        let slot = world.a.doctor.sets_slot("2030-12-05", "10:00").await;
        let appointment = world.a.patient.books_and_pays(&slot).await;
        let mut paid = world.books().appointment(&text(&appointment, "/id")).await;
        for unique in ["busy", "order", "nextEffectAt", "reconcileAt"] {
            paid.remove(unique);
        }
        Self { world, paid, entered: 0 }
    }

    /// A payment that came at this instant, as its own appointment has it.
    async fn enters(&mut self, at: i64) {
        self.entered += 1;
        let id = AppointmentId::from_parts(Instant::from_millis(at), self.entered);
        let mut copy = self.paid.clone();
        copy.insert("_id", id.as_str());
        let entries = copy.get_array_mut("ledger").unwrap();
        entries[0].as_document_mut().unwrap().insert("at", at);
        self.world.books().enter("appointments", copy).await;
    }

    /// Time goes on; the hospital's administrator as of then.
    async fn at(&self, millis: i64) -> Actor {
        self.world.clock().set(Instant::from_millis(millis));
        self.world.a.admin.comes_back().await
    }

    /// Hospital A's entries of a stretch of time, read and added up without our own code.
    async fn added_up(&self, from: i64, to: i64) -> (Value, Vec<String>) {
        let mut sides = BTreeMap::<usize, (i64, i64)>::new();
        let mut lines = Vec::new();
        let accounts = ["razorpay", "desk", "chargebacks", "appointments", "owed"];
        let own = doc! { "hospitalId": &self.world.a.id };
        for appointment in self.world.books().find("appointments", own).await {
            let id = appointment.get_str("_id").unwrap();
            for entry in appointment.get_array("ledger").into_iter().flatten() {
                let entry = entry.as_document().unwrap();
                let (at, number) = (whole(entry, "at"), whole(entry, "number"));
                if !(from..to).contains(&at) {
                    continue;
                }
                lines.push((at, id.to_owned(), number));
                let amount = whole(entry.get_document("amount").unwrap(), "amount");
                for name in ["debit", "credit"] {
                    let account = entry.get_str(name).unwrap();
                    let place = accounts.iter().position(|known| *known == account).unwrap();
                    let side = sides.entry(place).or_default();
                    *(if name == "debit" { &mut side.0 } else { &mut side.1 }) += amount;
                }
            }
        }
        lines.sort();
        let balances = sides.into_iter().map(|(place, (debit, credit))| {
            json!({
                "account": accounts[place], "currency": "INR",
                "debit": debit, "credit": credit, "balance": debit - credit,
            })
        });
        let lines = lines.into_iter().map(|(_, id, number)| format!("{id}-{number}"));
        (balances.collect(), lines.collect())
    }

    /// Reads the days of a query, page by page, and compares.
    async fn compare(&self, admin: &Actor, from: Option<usize>, to: Option<usize>, limit: usize) {
        let day = |day: usize| Instant::from_millis(midnight(day) + DAY / 2).timestamp();
        let day = |number: usize| day(number).strftime("%Y-%m-%d").to_string();
        let mut query = format!("/payments/ledger?limit={limit}");
        query.extend(from.map(|from| format!("&from={}", day(from))));
        query.extend(to.map(|to| format!("&to={}", day(to))));
        let (from, to) = (from.map_or(0, midnight), to.map_or(i64::MAX, |to| midnight(to + 1)));
        let (balances, expected) = self.added_up(from, to).await;
        let mut lines = Vec::new();
        let mut next = query.clone();
        loop {
            let page = admin.get(next).await.is(200);
            assert_eq!(page["balances"], balances, "{query}");
            assert!(page["proofs"].as_array().unwrap().iter().all(|one| one["balanced"] == true));
            let some = items(&page);
            lines.extend(some.iter().map(|entry| text(entry, "/id")));
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            assert_eq!(some.len(), limit, "{query}");
            next = format!("{query}&cursor={cursor}");
        }
        assert_eq!(lines, expected, "{query}");
    }
}

fn whole(document: &Document, name: &str) -> i64 {
    match document.get(name) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        other => panic!("{name} is {other:?}"),
    }
}

/// How many documents the queries of a request can touch: those the index finds for each, as far
/// as its limit.
async fn touched(world: &World, wire: &Wire, admin: &Actor, query: &str) -> (usize, Value) {
    wire.documents();
    let page = admin.get(format!("/payments/ledger{query}")).await.is(200);
    let mut all = 0;
    for (name, command) in wire.documents() {
        let matched: Vec<Document> = match name.as_str() {
            "find" => vec![command.get_document("filter").unwrap().clone()],
            "aggregate" => {
                let stages = command.get_array("pipeline").unwrap().iter();
                stages
                    .map_while(|stage| stage.as_document()?.get_document("$match").ok().cloned())
                    .collect()
            }
            other => panic!("{other} reads no ledger"),
        };
        let collection = command.get_str(&name).unwrap();
        let found = world.books().find(collection, doc! { "$and": matched }).await.len();
        let limit = command.get_i64("limit").map_or(usize::MAX, |it| usize::try_from(it).unwrap());
        all += found.min(limit);
    }
    (all, page)
}

#[tokio::test]
async fn what_is_read_does_not_grow_with_the_history() {
    let mut story = Story::begin().await;
    let wire = Wire::new().await;
    let counted = story.world.with(&[("MONGODB_URI", &wire.uri)]);
    let mut all = Vec::new();
    for (days, until) in [(1..20, 20), (20..90, 90)] {
        for day in days {
            for part in 1..=3 {
                story.enters(midnight(day) + part * DAY / 4).await;
            }
        }
        let admin = story.at(midnight(until) + DAY / 2).await.at(&counted);
        story.world.run(Job::Close).await;
        admin.get("/hospital").await.is(200);
        let mut most = Vec::new();
        for query in
            ["?limit=5", "?limit=5&from=2030-12-08", "?limit=5&from=2030-12-08&to=2030-12-20"]
        {
            let (first, page) = touched(&story.world, &wire, &admin, query).await;
            let cursor = page["nextCursor"].as_str().unwrap();
            let next = format!("{query}&cursor={cursor}");
            most.push((first, touched(&story.world, &wire, &admin, &next).await.0));
        }
        all.push(most);
    }
    assert_eq!(all[0], all[1], "of twenty days and of ninety, the same is read");
    for (first, next) in &all[0] {
        // A page, what is left of a day at its either end, and the closings it is found by.
        assert!(*first.max(next) <= 6 + 2 * 3 + 4, "{all:?}");
    }
}

#[tokio::test]
async fn closed_days_change_no_balance_and_no_page() {
    let mut story = Story::begin().await;
    let mut dice = Dice(7);
    // Some to the millisecond at midnight, or the one before.
    for _ in 0..90 {
        let within = match dice.throw(4) {
            0 => 0,
            1 => DAY - 1,
            _ => i64::try_from(dice.throw(86_400_000)).unwrap(),
        };
        story.enters(midnight(1 + dice.throw(28)) + within).await;
    }
    for days in [0, 9, 10, 31] {
        let admin = story.at(midnight(days) + DAY / 3).await;
        if days > 0 {
            // Of two runs at the same time, each day is closed once.
            tokio::join!(story.world.run(Job::Close), story.world.run(Job::Close));
            let own = doc! { "hospitalId": &story.world.a.id };
            let closings = story.world.books().find("ledgerClosings", own).await.len();
            assert_eq!(closings, days + 1);
            assert_eq!(story.world.run(Job::Close).await, 0);
        }
        story.compare(&admin, None, None, 17).await;
        for _ in 0..5 {
            let from = Some(dice.throw(30)).filter(|day| day % 5 > 0);
            let to = Some(from.unwrap_or(0) + dice.throw(12)).filter(|day| day % 5 > 0);
            story.compare(&admin, from, to, [3, 8, 100][dice.throw(3)]).await;
        }
    }
}

#[tokio::test]
async fn days_are_closed_and_read_while_money_moves() {
    let story = Story::begin().await;
    let world = &story.world;
    let slots = world.a.doctor.sets_slots("2030-12-06", "10:00", "15:00", 30).await;
    let admin = story.at(midnight(2) + 3600 * 1000).await;
    let patient = world.a.patient.comes_back().await;
    let pays = slots.iter().map(|slot| patient.books_and_pays(slot));
    let reads = (0..8).map(|_| async {
        let books = admin.get("/payments/ledger").await.is(200);
        assert!(books["proofs"].as_array().unwrap().iter().all(|one| one["balanced"] == true));
    });
    let closes = (0..4).map(|_| world.run(Job::Close));
    tokio::join!(join_all(pays), join_all(reads), join_all(closes));
    story.compare(&admin, None, None, 4).await;
    let admin = story.at(midnight(4)).await;
    world.run(Job::Close).await;
    story.compare(&admin, None, None, 4).await;
    assert_eq!(story.added_up(0, i64::MAX).await.1.len(), 11);
    world.check().await;
}

#[tokio::test]
async fn a_day_is_closed_an_hour_after_its_end_and_what_comes_into_it_later_is_told() {
    let mut story = Story::begin().await;
    let to = |millis: i64| story.world.clock().set(Instant::from_millis(millis));
    to(midnight(1) + 3600 * 1000 - 1);
    story.world.run(Job::Close).await;
    assert_eq!(story.world.run(Job::Close).await, 0);
    story.world.pass(1);
    assert_eq!(story.world.run(Job::Close).await, 2, "a day of each hospital");
    // It takes a clock that is an hour wrong.
    story.enters(midnight(1) - 1).await;
    let admin = story.at(midnight(2) + DAY / 2).await;
    let told = story.world.tries(Job::Close).await.unwrap_err();
    assert!(format!("{told:?}").contains("2030-12-02"), "{told:?}");
    // Closings are a cache: without them, all is added up anew.
    story.world.books().remove("ledgerClosings", doc! {}).await;
    story.world.run(Job::Close).await;
    story.compare(&admin, None, None, 3).await;
}

#[tokio::test]
async fn a_run_closes_no_more_days_once_its_time_is_over_and_the_next_closes_the_rest() {
    let mut story = Story::begin().await;
    for day in 1..6 {
        story.enters(midnight(day) + DAY / 2).await;
    }
    let admin = story.at(midnight(6) + DAY / 3).await;
    let world = &story.world;
    let held = Wire::holding(&[("insert", "ledgerClosings"); 2]).await;
    let slow = world.with(&[("MONGODB_URI", &held.uri)]);
    let (closed, ()) = tokio::join!(slow.run(Job::Close), async {
        // A second before its time is over it takes up another day, and then no more.
        held.meanwhile(async { world.pass(79) }).await;
        held.meanwhile(async { world.pass(1) }).await;
    });
    assert_eq!((closed, world.books().count("ledgerClosings").await), (2, 2));
    story.compare(&admin, None, None, 3).await;
    story.compare(&admin, Some(1), Some(4), 3).await;
    // Six days of each hospital, and where they begin.
    assert_eq!((world.run(Job::Close).await, world.run(Job::Close).await), (12, 0));
    assert_eq!(world.books().count("ledgerClosings").await, 14);
    story.compare(&admin, None, None, 3).await;
    story.compare(&admin, Some(1), Some(4), 3).await;
}
