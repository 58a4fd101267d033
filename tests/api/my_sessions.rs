//! One's own sessions: where one is logged in, and logging out somewhere else.

use futures_util::future::join_all;
use serde_json::json;
use tests::{
    actor::{Actor, ids, items, text},
    world::World,
};

use crate::passwords::{PASSWORD, logs_in, with_password};

async fn another(one: &Actor) -> Actor {
    one.becomes(&logs_in(&one.elsewhere(), PASSWORD).await.is(200))
}

#[tokio::test]
async fn one_sees_where_one_is_logged_in() {
    let world = World::new().await;
    let first = with_password(&world).await;
    world.pass(60);
    let elsewhere = first.elsewhere();
    let second = elsewhere.becomes(&logs_in(&elsewhere, PASSWORD).await.is(200));
    let list = items(&second.get("/me/sessions").await.is(200));
    assert_eq!(list.len(), 2);
    assert_eq!((&list[0]["current"], &list[1]["current"]), (&json!(true), &json!(false)));
    assert_eq!(list[0]["address"], json!(elsewhere.ip));
    assert_eq!(list[1]["address"], json!(first.ip));
    assert_eq!(list[0]["agent"], "tests");
    assert_eq!(list[0]["startedAt"], "2030-12-02T09:01:00+05:30");
}

#[tokio::test]
async fn one_ends_another_of_ones_sessions_at_once() {
    let world = World::new().await;
    let first = with_password(&world).await;
    let second = another(&first).await;
    assert!(second.is_in().await, "so that it is remembered as live");
    let list = items(&first.get("/me/sessions").await.is(200));
    let other = list.iter().find(|session| session["current"] == json!(false)).unwrap();
    let path = format!("/me/sessions/{}", text(other, "/id"));
    first.delete(&*path).await.is(204);
    assert!(!second.is_in().await);
    assert!(first.is_in().await);
    let body = json!({ "refreshToken": second.refresh });
    second.post("/token/refresh", body).await.refused(401, "UNAUTHENTICATED");
    first.delete(&*path).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn nobody_ends_anothers_session() {
    let world = World::new().await;
    let theirs = ids(&world.b.patient.get("/me/sessions").await.is(200));
    let path = format!("/me/sessions/{}", theirs[0]);
    for other in [&world.a.patient, &world.b.doctor, &world.b.admin, &world.admin] {
        other.delete(&*path).await.refused(404, "NOT_FOUND");
    }
    assert!(world.b.patient.is_in().await);
}

#[tokio::test]
async fn the_twenty_first_log_in_ends_the_first_session_at_once() {
    let world = World::new().await;
    let oldest = with_password(&world).await;
    assert!(oldest.is_in().await);
    for _ in 0..19 {
        another(&oldest).await;
    }
    assert!(oldest.is_in().await);
    let latest = another(&oldest).await;
    assert!(!oldest.is_in().await);
    assert_eq!(items(&latest.get("/me/sessions").await.is(200)).len(), 20);
}

#[tokio::test]
async fn many_log_ins_at_once_are_a_session_each() {
    let world = World::new().await;
    let one = with_password(&world).await;
    // The fifth at the same instant would be one too many to compare.
    let all = join_all((0..4).map(|_| another(&one))).await;
    for session in &all {
        assert!(session.is_in().await);
    }
    assert_eq!(items(&one.get("/me/sessions").await.is(200)).len(), 5);
}
