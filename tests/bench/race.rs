//! Many who want one slot, again and again.

use crate::table::{Bar, Figure, Table};
use serde_json::json;
use std::collections::BTreeMap;
use tests::{actor::text, world::World};
use tokio::{runtime::Runtime, task::JoinSet};

const ROUNDS: usize = 100;
const RACERS: usize = 64;

/// Measures: each racer is a patient of his own, and each request has an instance of the function
/// for itself.
pub(crate) fn measure(table: &mut Table) {
    let runtime = Runtime::new().expect("there are threads");
    let (fair, ends) = runtime.block_on(race());
    table.add(Figure {
        what: format!("of {ROUNDS} rounds of {RACERS} bookings of one slot, with one winner"),
        measured: fair,
        unit: "",
        bar: Bar::AtLeast(ROUNDS as f64),
        reference: format!("answers by status: {ends:?}"),
    });
}

async fn race() -> (f64, BTreeMap<u16, usize>) {
    let world = World::with_instances(RACERS).await;
    let mut slots = Vec::new();
    for day in ["2030-12-09", "2030-12-10"] {
        slots.extend(world.a.doctor.sets_slots(day, "08:00", "21:00", 15).await);
    }
    let racers = world.a.new_patients(RACERS).await;
    let one_wins: BTreeMap<u16, usize> = BTreeMap::from([(201, 1), (409, RACERS - 1)]);
    let (mut fair, mut ends) = (0.0, BTreeMap::new());
    for slot in slots.iter().take(ROUNDS) {
        let mut under_way = JoinSet::new();
        for racer in &racers {
            let (racer, body) = (racer.clone(), json!({ "slotId": text(slot, "/id") }));
            under_way.spawn(async move { racer.post("/slots/book", body).await.status });
        }
        let mut round = BTreeMap::new();
        while let Some(status) = under_way.join_next().await {
            let status = status.expect("it is answered");
            *ends.entry(status).or_default() += 1;
            *round.entry(status).or_default() += 1;
        }
        fair += if round == one_wins { 1.0 } else { 0.0 };
    }
    world.check().await;
    (fair, ends)
}
