//! A function that dies at any step of a booking leaves nothing that the next request does not heal.

use serde_json::{Value, json};
use std::time::Duration;
use tests::{
    actor::{Actor, text},
    answer::Answer,
    wire::Wire,
    world::World,
};

async fn books(who: &Actor, slot: &Value) -> Answer {
    who.post_once(&text(slot, "/id"), "/slots/book", &json!({ "slotId": slot["id"] })).await
}

/// Whose function dies after so many commands; whether it did.
async fn dies(world: &World, slot: &Value, (after, reaches): (usize, bool)) -> bool {
    let wire = Wire::new().await;
    let frail = world.a.patient.at(&world.with(&[("MONGODB_URI", &wire.uri)]));
    // The driver's first steps are not the booking's.
    frail.get("/slots").await.is(200);
    wire.dies_after(after, reaches);
    tokio::select! {
        () = wire.death() => true,
        answer = books(&frail, slot) => {
            answer.is(201);
            false
        }
    }
}

/// Whoever comes next books a slot as soon as that can be done: what a function that died has begun
/// and not ended, the database ends after a while.
async fn comes_next(who: &Actor, slot: &Value) -> Answer {
    for _ in 0..300 {
        let answer = who.tries_to_book(slot).await;
        if answer.status != 503 {
            return answer;
        }
        assert!(answer.header("retry-after").is_some(), "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the slot stays locked");
}

async fn each_step(reaches: bool) {
    let world = World::with_instances(2).await;
    let slots = world.a.doctor.sets_slots("2030-12-05", "09:00", "15:00", 30).await;
    let (patient, other) = (&world.a.patient, world.a.new_patient("other").await);
    let mut known = Vec::new();
    while dies(&world, &slots[known.len()], (known.len(), reaches)).await {
        let slot = &slots[known.len()];
        // Whoever comes next gets the slot, or it is the first one's, whole.
        let next = comes_next(&other, slot).await;
        let own = patient.get("/appointments").await.is(200);
        let has = own["items"].as_array().unwrap().iter().find(|one| one["slotId"] == slot["id"]);
        match (next.status, has) {
            (201, None) => {}
            (409, Some(mine)) => {
                assert_eq!((next.code(), &mine["status"]), ("SLOT_TAKEN", &json!("held")));
            }
            other => panic!("after {}, {reaches}: {other:?} {}", known.len(), next.text),
        }
        known.push(has.map(|one| text(one, "/id")));
        world.check().await;
    }
    // The key, what it reads, the claim, the entry, the commit, and the answer that is kept.
    assert_eq!(known.len(), 8, "{known:?}");
    assert!(known.iter().any(Option::is_some), "a death after the commit is one of them");
    assert!(known.iter().any(Option::is_none), "and so is one before");
    // He who was not answered asks again with his key, and gets what there is: his appointment, or
    // the word that another was faster.
    world.pass(30);
    for (slot, mine) in slots.iter().zip(&known) {
        let again = books(patient, slot).await;
        match mine {
            Some(mine) => assert_eq!(text(&again.is(201), "/appointment/id"), *mine),
            None => _ = again.refused(409, "SLOT_TAKEN"),
        }
    }
    world.check().await;
}

#[tokio::test]
async fn before_a_step_reaches_the_database() {
    each_step(false).await;
}

#[tokio::test]
async fn when_the_answer_to_a_step_is_lost() {
    each_step(true).await;
}
