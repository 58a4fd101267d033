//! Awkward files, as they come: `tests/corpus/*.csv`, each with the report it must come to. Each is
//! imported twice, as a trial and in earnest, by hospitals that have the same patients beforehand.
//! `UPDATE_GOLDEN=1` writes the reports.

use mongodb::bson::{Bson, Document, doc};
use serde_json::{Value, json};
use std::{fmt::Write as _, path::Path};
use tests::{
    imports::{Imports, NO_HURRY, event},
    world::World,
};

/// What every hospital has beforehand.
const BEFORE: &str = "before";
const STAFF: &str = "doctor@staff.example";

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.csv"))).unwrap()
}

/// The names of all files, in order.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let csv = files.filter(|file| file.extension().is_some_and(|end| end == "csv"));
    let stem = |file: std::path::PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> = csv.map(stem).filter(|name| name != BEFORE).collect();
    names.sort();
    names
}

/// The report on the latest file at a key, as one text.
async fn report(world: &World, imports: &Imports, key: &str) -> String {
    let import = world.books().find("imports", doc! { "key": key }).await.pop().unwrap();
    let (id, hospital) = (import.get_str("_id").unwrap(), import.get_str("hospitalId").unwrap());
    let of = async |name: &str| {
        imports.bucket.text(&format!("import-reports/{hospital}/{id}/{name}")).await
    };
    let summary: Value = serde_json::from_str(&of("summary.json").await.unwrap()).unwrap();
    let mut text = String::new();
    for member in ["status", "encoding", "rows", "problem"] {
        writeln!(text, "{member}: {}", summary[member]).unwrap();
    }
    for name in ["rejected.csv", "updated.csv"] {
        if let Some(rows) = of(name).await {
            write!(text, "--- {name}\n{rows}").unwrap();
        }
    }
    text
}

/// A hospital like another, with a code of its own and the same doctor.
async fn twin(world: &World, number: usize, code: &str) {
    let id = format!("hos_01j{number:023}");
    let own = |mut document: Document, key: &str| {
        document.insert("_id", key);
        if document.contains_key("hospitalId") {
            document.insert("hospitalId", &id);
        }
        document
    };
    let hospital = world.books().find("hospitals", doc! { "_id": &world.a.id }).await.remove(0);
    let mut hospital = own(hospital, &id);
    hospital.insert("code", code);
    world.books().enter("hospitals", hospital).await;
    let doctor = world.books().find("accounts", doc! { "email": STAFF }).await.remove(0);
    world.books().enter("accounts", own(doctor, &format!("acc_01j{number:023}"))).await;
}

/// Everything the trials' hospital has.
async fn people(world: &World) -> Vec<Document> {
    let mut all = world.books().everything().await;
    all.retain(|document| document.get("hospitalId") == Some(&Bson::from(&world.a.id)));
    all
}

#[tokio::test]
async fn every_awkward_file_comes_to_its_report_on_trial_as_in_earnest() {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let mut doctor = world.a.doctor_body("doctor");
    doctor["email"] = json!(STAFF);
    world.a.admin.post("/create/doctor", doctor).await.is(201);
    imports.arrives(&format!("imports/{}/before.csv", world.a.code), &file(BEFORE)).await;
    let before = people(&world).await;
    assert!(names().len() >= 40);

    let mut wrong = Vec::new();
    for (number, name) in names().iter().enumerate() {
        let wish = json!({ "fileName": format!("{name}.csv"), "dryRun": true });
        let wish = world.a.admin.post("/patients/import", wish).await.is(201);
        let key = wish["upload"]["fields"]["key"].as_str().unwrap();
        imports.arrives(key, &file(name)).await;
        let trial = report(&world, &imports, key).await;

        let code = format!("twin-{number}-{}", world.name());
        twin(&world, number, &code).await;
        imports.arrives(&format!("imports/{code}/before.csv"), &file(BEFORE)).await;
        let key = format!("imports/{code}/{name}.csv");
        imports.arrives(&key, &file(name)).await;
        let earnest = report(&world, &imports, &key).await;
        assert_eq!(trial, earnest, "{name}");

        let golden = folder().join(format!("{name}.report"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &earnest).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if earnest != expected {
            wrong.push(format!("{name}: {earnest}\nexpected: {expected}"));
        }
        // The same file again has nothing left to do.
        let again = event(&key, &imports.bucket.put(&key, &file(name)).await, world.clock().now());
        imports.told(&again, NO_HURRY).await.unwrap();
        let last = world.books().find("imports", doc! { "key": &key }).await.pop().unwrap();
        let rows = last.get_document("rows").unwrap();
        let none = |member: &str| rows.get_i64(member).unwrap() == 0;
        assert!(none("created") && none("updated"), "{name}: {rows}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert_eq!(people(&world).await, before, "a trial writes nothing");
}
