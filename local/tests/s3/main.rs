//! The S3 stand-in with AWS's own SDK, and as a browser meets it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects is to end there"
)]

mod world;

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use reqwest::Method;
use serde_json::Value;

use world::{BUCKET, World, start};

#[tokio::test]
async fn an_object_is_put_read_in_parts_listed_and_deleted() {
    let world = World::new().await;
    let e_tag = world.put("imports/h/a.csv", b"hello world").await;
    let get = || world.s3.get_object().bucket(BUCKET).key("imports/h/a.csv");
    let part = get().range("bytes=6-8").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 6-8/11"));
    assert_eq!(part.body.collect().await.unwrap().to_vec(), b"wor");
    assert!(get().if_match(&e_tag).send().await.is_ok());
    let changed = get().if_match("\"another\"").send().await.unwrap_err();
    assert_eq!(changed.raw_response().unwrap().status().as_u16(), 412);
    let head = world.s3.head_object().bucket(BUCKET).key("imports/h/a.csv").send().await.unwrap();
    assert_eq!(head.content_length(), Some(11));
    let list = world.s3.list_objects_v2().bucket(BUCKET).prefix("imports/").send().await.unwrap();
    assert_eq!(list.contents()[0].key(), Some("imports/h/a.csv"));
    world.s3.delete_object().bucket(BUCKET).key("imports/h/a.csv").send().await.unwrap();
    assert!(get().send().await.unwrap_err().into_service_error().is_no_such_key());
    let elsewhere = world.s3.put_object().bucket("another-bucket").key("a").send().await;
    let code = elsewhere.unwrap_err().raw_response().unwrap().status().as_u16();
    assert_eq!(code, 404);
}

#[tokio::test]
async fn each_new_object_is_told_of_in_s3s_words() {
    let mut world = World::new().await;
    let e_tag = world.put("imports/a b+é.csv", b"abc").await;
    let event = world.events.recv().await.unwrap();
    let record = &event["Records"][0];
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["eventSource"], "aws:s3");
    assert_eq!(record["s3"]["object"]["key"], "imports/a+b%2B%C3%A9.csv");
    assert_eq!(record["s3"]["object"]["size"], 3);
    assert_eq!(record["s3"]["object"]["eTag"], e_tag.trim_matches('"'));
    assert!(record["s3"]["object"].get("versionId").is_none());
    let source = format!("{BUCKET}/imports/a%20b%2B%C3%A9.csv");
    let copy = world.s3.copy_object().bucket(BUCKET).key("copy").copy_source(source);
    copy.send().await.unwrap();
    let next = world.events.recv().await.unwrap();
    assert_eq!(next["Records"][0]["eventName"], "ObjectCreated:Copy");
    let sequencer = |event: &Value| {
        event["Records"][0]["s3"]["object"]["sequencer"].as_str().unwrap().to_owned()
    };
    assert!(sequencer(&event) < sequencer(&next));
}

#[tokio::test]
async fn a_multipart_upload_is_one_object_and_one_event() {
    let mut world = World::new().await;
    let upload = world.s3.create_multipart_upload().bucket(BUCKET).key("big").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let mut parts = CompletedMultipartUpload::builder();
    for (number, size) in [(1, 5 * 1024 * 1024), (2, 10)] {
        let part = world.s3.upload_part().bucket(BUCKET).key("big").upload_id(id);
        let body = ByteStream::from(vec![b'x'; size]);
        let sent = part.part_number(number).body(body).send().await.unwrap();
        let done = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build();
        parts = parts.parts(done);
    }
    let complete = world.s3.complete_multipart_upload().bucket(BUCKET).key("big").upload_id(id);
    complete.multipart_upload(parts.build()).send().await.unwrap();
    let event = world.events.recv().await.unwrap();
    assert_eq!(event["Records"][0]["eventName"], "ObjectCreated:CompleteMultipartUpload");
    assert_eq!(event["Records"][0]["s3"]["object"]["size"], 5 * 1024 * 1024 + 10);
    let e_tag = event["Records"][0]["s3"]["object"]["eTag"].as_str().unwrap();
    assert!(e_tag.ends_with("-2"), "{e_tag}");
}

#[tokio::test]
async fn presigned_addresses_hold_for_one_key_and_a_time() {
    let world = World::new().await;
    let signed = async |seconds: u64| {
        let expiry = PresigningConfig::expires_in(Duration::from_secs(seconds)).unwrap();
        let put = world.s3.put_object().bucket(BUCKET).key("pre.csv").presigned(expiry).await;
        put.unwrap().uri().to_owned()
    };
    let url = signed(60).await;
    assert_eq!(world.http.put(&url).body("abc").send().await.unwrap().status(), 200);
    let other = url.replace("pre.csv", "other.csv");
    assert_eq!(world.http.put(&other).body("abc").send().await.unwrap().status(), 403);
    let short = signed(1).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(world.http.put(&short).body("late").send().await.unwrap().status(), 403);
    assert_eq!(world.get("pre.csv").await.unwrap(), b"abc");
    assert_eq!(
        world.http.get(format!("{}/{BUCKET}/pre.csv", world.url)).send().await.unwrap().status(),
        403
    );
}

#[tokio::test]
async fn a_browsers_form_is_held_to_its_policy() {
    let mut world = World::new().await;
    assert_eq!(world.form("imports/1.csv", "name,email", None).await.status(), 204);
    let event = world.events.recv().await.unwrap();
    assert_eq!(event["Records"][0]["eventName"], "ObjectCreated:Post");
    assert_eq!(world.get("imports/1.csv").await.unwrap(), b"name,email");

    let refused = [
        ("x".repeat(21), None, 400, "EntityTooLarge"),
        ("x".repeat(3_000_000), None, 400, "EntityTooLarge"),
        (String::new(), None, 400, "EntityTooSmall"),
        ("abc".to_owned(), Some(("key", "imports/2.csv")), 403, "Invalid according to Policy: "),
        ("abc".to_owned(), Some(("Content-Type", "text/html")), 403, "AccessDenied"),
        ("abc".to_owned(), Some(("acl", "public-read")), 403, "Extra input fields: acl"),
        ("abc".to_owned(), Some(("x-amz-signature", "00")), 403, "SignatureDoesNotMatch"),
    ];
    for (file, change, status, why) in refused {
        let answer = world.form("imports/1.csv", &file, change).await;
        assert_eq!(answer.status(), status, "{why}");
        let body = answer.text().await.unwrap();
        assert!(body.contains(why), "{body}");
    }
    assert_eq!(world.get("imports/1.csv").await.unwrap(), b"name,email");
    assert_eq!(world.get("imports/2.csv").await, None);
    assert!(world.events.try_recv().is_err());
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let world = World::new().await;
    let asked = world.http.request(Method::OPTIONS, format!("{}/{BUCKET}", world.url));
    let asked = asked.header("origin", "http://localhost:5173");
    let answer = asked.header("access-control-request-method", "POST").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://localhost:5173");
}

#[tokio::test]
async fn objects_and_the_order_of_events_survive_a_restart() {
    let mut world = World::new().await;
    world.put("kept.csv", b"kept").await;
    let before = world.events.recv().await.unwrap();
    let (url, s3, events) = start(world.folder.path().to_owned()).await;
    (world.url, world.s3, world.events) = (url, s3, events);
    assert_eq!(world.get("kept.csv").await.unwrap(), b"kept");
    world.put("kept.csv", b"new").await;
    let after = world.events.recv().await.unwrap();
    let sequencer = |event: &Value| {
        event["Records"][0]["s3"]["object"]["sequencer"].as_str().unwrap().to_owned()
    };
    assert!(sequencer(&before) < sequencer(&after));
}
