//! A file in the bucket becomes patients, with a report.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};

use crate::{
    client::{Client, Hospital, text},
    events::invoke,
    stack::{Stack, root, shared},
};

/// The bucket, through AWS's own SDK.
fn bucket(stack: &Stack) -> aws_sdk_s3::Client {
    let key = Credentials::new(
        stack.at("/s3/accessKeyId"),
        stack.at("/s3/secretAccessKey"),
        None,
        None,
        "test",
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(stack.at("/s3/region").to_owned()))
        .credentials_provider(key)
        .endpoint_url(stack.at("/s3/endpoint"))
        .force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// The whole story is one test, for the sample event is about one key: nothing there, a file
/// dropped there, and the event again.
#[tokio::test]
async fn a_dropped_file_becomes_patients_with_a_report_and_its_event_may_come_again() {
    let stack = shared();
    let person = stack.at("/demo/people/0/email");
    let admin = Client::new(stack)
        .log_in(person, stack.at("/demo/people/0/password"), Some("sunrise"))
        .await;
    let imports =
        async || admin.get("/patients/import").await.expect(200)["items"].as_array().unwrap().len();
    let event = "patient-import/object-created.json";

    assert_eq!(invoke(stack, "patient-import/test-event.json", None).await, Value::Null);
    assert_eq!(invoke(stack, event, None).await, Value::Null);
    assert_eq!(imports().await, 0);

    let file = std::fs::read(root().join("events/patient-import/object-created.csv")).unwrap();
    let put = bucket(stack).put_object().bucket(stack.at("/s3/bucket"));
    let put = put.key("imports/sunrise/new patients + families.csv").body(file.into());
    put.send().await.unwrap();
    let list = admin.until("/patients/import", |list| list["items"][0]["status"] == "done").await;
    let id = text(&list, "/items/0/importId");
    let import = admin.get(&format!("/patients/import/{id}")).await.expect(200);
    assert_eq!(import["fileName"], "new patients + families.csv");
    assert_eq!(
        import["rows"],
        json!({ "total": 3, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1 })
    );
    let report = admin.http().get(text(&import, "/reportUrl")).send().await.unwrap();
    let report = report.error_for_status().unwrap().text().await.unwrap();
    assert!(report.contains("SUN-8003") && report.contains("name"), "{report}");
    let found = admin.get("/patients?q=SUN-8").await.expect(200);
    let names: Vec<&str> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Arjun Mehta", "Leela Menon"]);
    assert!(found["items"].as_array().unwrap().iter().all(|one| one["status"] == "pending"));

    // The sample names another writing of the same bytes: an import of its own, which finds its
    // patients unchanged; once more, it is a repetition.
    for _ in 0..2 {
        assert_eq!(invoke(stack, event, None).await, Value::Null);
        assert_eq!(imports().await, 2);
    }
    let list = admin.get("/patients/import").await.expect(200);
    let rows: Vec<&Value> =
        list["items"].as_array().unwrap().iter().map(|one| &one["rows"]["unchanged"]).collect();
    assert!(rows.contains(&&json!(2)), "{list}");
}

/// Lambda kills at any moment: the event comes again by Lambda's own rules, and the import goes on.
#[tokio::test]
async fn a_function_killed_while_it_writes_goes_on_and_counts_each_row_once() {
    let stack_folder = crate::stack::folder();
    let stack = Stack::start(stack_folder.path(), &[("SEED", "0")]);
    let house = Hospital::open(&stack).await;
    let row = |n: u32| format!("Patient {n},p{n}@mail.example,N-{n:05},98765{n:05}\n");
    let rows: String = (0..2500).map(row).collect();
    let file = format!("name,email,identifier,mobile\n{rows}");
    let put = bucket(&stack).put_object().bucket(stack.at("/s3/bucket"));
    let key = format!("imports/{}/list.csv", house.code);
    put.key(key).body(file.into_bytes().into()).send().await.unwrap();
    let moved = |list: &Value| list["items"][0]["rows"]["total"].as_u64() > Some(0);
    let list = house.admin.until("/patients/import", moved).await;
    assert_eq!(list["items"][0]["status"], "running", "{list}");
    stack.crash(&["patient-import"]);
    let ended = |list: &Value| list["items"][0]["status"] == "done";
    let list = house.admin.until("/patients/import", ended).await;
    let all =
        json!({ "total": 2500, "created": 2500, "updated": 0, "unchanged": 0, "rejected": 0 });
    assert_eq!(list["items"][0]["rows"], all);
}
