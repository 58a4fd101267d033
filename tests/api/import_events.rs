//! S3's events as they come: twice, late, in the wrong order, while the file changes, and to a
//! function that is killed wherever it is.

use crate::importing::{file, form, rows, shown};
use futures_util::future::join_all;
use mongodb::bson::doc;
use serde_json::{Value, json};
use std::{future::Future as _, task::Poll};
use tests::{
    imports::{Imports, NO_HURRY, event},
    lambda::STRETCH_ROWS,
    world::World,
};

async fn imports_of(world: &World) -> Vec<Value> {
    let list = world.a.admin.get("/patients/import").await.is(200);
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_event_that_comes_again_and_at_the_same_time_changes_nothing() {
    let world = World::new().await;
    let mut imports = Imports::of(&world);
    imports.function.stretch_rows = STRETCH_ROWS;
    let key = format!("imports/{}/list.csv", world.a.code);
    let told = event(&key, &imports.bucket.put(&key, &file(0, 10)).await, world.clock().now());
    let all = join_all((0..4).map(|_| imports.told(&told, NO_HURRY))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    imports.told(&told, NO_HURRY).await.unwrap();
    let all = imports_of(&world).await;
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0]["status"], &all[0]["rows"]), (&json!("done"), &rows(10, 0, 0, 0)));
}

/// Kills the function at its first wait, then at a later one, and so on: a future that is dropped
/// does nothing more, as a process that is gone.
#[tokio::test]
async fn killed_at_any_of_its_waits_an_import_counts_each_row_once() {
    let world = World::new().await;
    let mut imports = Imports::of(&world);
    imports.function.stretch_rows = STRETCH_ROWS;
    let mut text = String::from_utf8(file(0, 7)).unwrap();
    text.push_str("Asha,nobody,N-9000,9876543210\nPatient 0,p0@mail.example,N-0000,9876543210\n");
    let mut waits = 0;
    loop {
        let key = format!("imports/{}/{waits}.csv", world.a.code);
        // Each file's people are its own.
        let text = text.replace("N-", &format!("N{waits}-"));
        let e_tag = imports.bucket.put(&key, text.as_bytes()).await;
        let told = event(&key, &e_tag, world.clock().now());
        let mut run = Box::pin(imports.told(&told, NO_HURRY));
        let mut left = waits;
        let ended = std::future::poll_fn(|context| match run.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        });
        let ended = ended.await;
        drop(run);
        imports.told(&told, NO_HURRY).await.unwrap();
        let import = world.books().find("imports", doc! { "key": &key }).await.remove(0);
        let counts = import.get_document("rows").unwrap();
        let of = |member: &str| counts.get_i64(member).unwrap();
        let all = ["total", "created", "updated", "unchanged", "rejected"].map(of);
        assert_eq!(all, [9, 7, 0, 0, 2], "killed at its wait {waits}");
        let patients = doc! { "identifier": { "$regex": format!("^N{waits}-") } };
        assert_eq!(world.books().find("patients", patients).await.len(), 7);
        if ended.is_some() {
            assert!(waits > 10, "it had {waits} waits");
            return;
        }
        // Each of the first, then fewer: what comes later are stretches like the first.
        waits += 1 + waits / 8;
    }
}

#[tokio::test]
async fn of_a_file_written_twice_the_later_one_counts_in_whatever_order_it_is_told() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let (id, key) = form(&world).await;
    let now = world.clock().now();
    let first = event(&key, &imports.bucket.put(&key, &file(0, 2)).await, now);
    let second = event(&key, &imports.bucket.put(&key, &file(0, 5)).await, now);
    // The first is told when it is gone already; the second is still to come.
    imports.told(&first, NO_HURRY).await.unwrap();
    assert_eq!(shown(&world, &id).await["status"], "waiting");
    imports.told(&second, NO_HURRY).await.unwrap();
    assert_eq!(shown(&world, &id).await["rows"], rows(5, 0, 0, 0));
    imports.told(&first, NO_HURRY).await.unwrap();
    imports.told(&second, NO_HURRY).await.unwrap();
    let import = shown(&world, &id).await;
    assert_eq!((&import["status"], &import["rows"]), (&json!("done"), &rows(5, 0, 0, 0)));
    // What is sent with the form once more is an import of its own; no row is lost without a word.
    let third = event(&key, &imports.bucket.put(&key, &file(3, 4)).await, now);
    imports.told(&third, NO_HURRY).await.unwrap();
    let all = imports_of(&world).await;
    let counted = all.iter().filter(|import| import["rows"] == rows(2, 0, 2, 0)).count();
    assert_eq!((counted, shown(&world, &id).await["rows"].clone()), (1, rows(5, 0, 0, 0)));
}

#[tokio::test]
async fn a_file_replaced_while_it_is_read_fails_with_what_was_written_and_the_next_is_read() {
    let world = World::new().await;
    let mut imports =
        Imports::of(&world.with(&[("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")]));
    imports.function.stretch_rows = STRETCH_ROWS;
    let key = format!("imports/{}/list.csv", world.a.code);
    let first = event(&key, &imports.bucket.put(&key, &file(0, 8)).await, world.clock().now());
    imports.told(&first, world.clock().now()).await.unwrap_err();
    let second = event(&key, &imports.bucket.put(&key, &file(2, 4)).await, world.clock().now());
    imports.told(&first, NO_HURRY).await.unwrap();
    let all = imports_of(&world).await;
    assert_eq!((&all[0]["status"], &all[0]["rows"]), (&json!("failed"), &rows(3, 0, 0, 0)));
    assert!(all[0]["problem"].as_str().unwrap().contains("replaced"), "{}", all[0]);
    assert!(all[0]["reportUrl"].is_string() && all[0]["summaryUrl"].is_string());
    imports.told(&second, NO_HURRY).await.unwrap();
    let all = imports_of(&world).await;
    assert!(all.iter().any(|import| import["rows"] == rows(3, 0, 1, 0)), "{all:?}");
    // One that nobody read before it was replaced is told of too, once.
    let third = event(&key, "00000000000000000000000000000000", world.clock().now());
    for _ in 0..2 {
        imports.told(&third, NO_HURRY).await.unwrap();
    }
    let all = imports_of(&world).await;
    let told = |import: &&Value| import["problem"].as_str().unwrap_or("").contains("came before");
    assert_eq!((all.len(), all.iter().filter(told).count()), (3, 1), "{all:?}");
}

#[tokio::test]
async fn two_files_at_one_patient_both_count_and_the_database_stays_whole() {
    let world = World::new().await;
    let mut imports = Imports::of(&world);
    imports.function.stretch_rows = STRETCH_ROWS;
    let list = |mobile: &str, family: &str| {
        let row = |n: usize| format!("Patient {n},{family}{}@mail.example,N-{n},{mobile}\n", n / 2);
        let rows: String = (0..12).map(row).collect();
        format!("name,email,identifier,mobile\n{rows}")
    };
    for round in 0..3 {
        let told = join_all(["a", "b"].map(|name| {
            let text = list(&format!("987654321{round}"), name);
            let (imports, world) = (&imports, &world);
            async move {
                let key = format!("imports/{}/{name}-{round}.csv", world.a.code);
                imports.arrives(&key, text.as_bytes()).await;
            }
        }));
        told.await;
        world.check().await;
    }
    for import in imports_of(&world).await {
        let rows = &import["rows"];
        assert_eq!((&import["status"], &rows["total"]), (&json!("done"), &json!(12)), "{import}");
    }
    let patients = world.books().find("patients", doc! { "hospitalId": &world.a.id }).await;
    assert_eq!(patients.len(), 13);
    // Each is with the account of its own address.
    for patient in patients {
        let of = |member: &str| patient.get_str(member).unwrap().to_owned();
        let account = world.books().find("accounts", doc! { "_id": of("accountId") }).await;
        assert_eq!(account[0].get_str("email").unwrap(), of("email"));
    }
}

#[tokio::test]
async fn a_test_message_and_a_removal_are_heard_and_forgotten() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-12-01T00:00:00.000Z", "Bucket": "b", "RequestId": "r", "HostId": "h" });
    imports.told(&test, NO_HURRY).await.unwrap();
    let key = format!("imports/{}/list.csv", world.a.code);
    let mut removal = event(&key, "", world.clock().now());
    removal["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
    imports.told(&removal, NO_HURRY).await.unwrap();
    // Dropped and removed again before anybody looked.
    imports.told(&event(&key, "abc", world.clock().now()), NO_HURRY).await.unwrap();
    assert!(imports_of(&world).await.is_empty());
}
