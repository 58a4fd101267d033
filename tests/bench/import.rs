//! An import: a million rows against a database that acknowledges and forgets, and some thousands
//! against the local one.

use crate::{
    child::{Cost, Process, released},
    runtime_api::RuntimeApi,
    stand_in::{Counts, StandIn},
    table::{Bar, Figure, Table, median},
};
use mongodb::bson::doc;
use reference::{HOSPITAL, file};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tests::{
    imports::{Bucket, event},
    stack,
    world::World,
};
use tokio::runtime::Runtime;

const MILLION: usize = 1_000_000;
/// Rows of one import against the local server, and how many pairs are compared.
const SOME: usize = 3000;
const PAIRS: usize = 9;

/// Measures.
pub(crate) fn measure(table: &mut Table) {
    let runtime = Runtime::new().expect("there are threads");
    let million = one(&runtime, MILLION);
    let tenth = one(&runtime, MILLION / 10);
    let bare = bare(MILLION);
    let entered = million.1.documents.get("patients").copied().unwrap_or_default();
    assert_eq!(entered, MILLION as u64, "every row is a patient");
    let mut add = |what: &str, measured, unit, bar, reference| {
        table.add(Figure { what: what.to_owned(), measured, unit, bar, reference });
    };
    let (Cost { cpu, peak }, counts) = million;
    add(
        "import of a million rows: CPU",
        cpu,
        "s",
        Bar::AtMost(8.0),
        format!("bare insert {:.2} s", bare.cpu),
    );
    add(
        "import of a million rows: peak resident",
        peak,
        "MiB",
        Bar::AtMost(24.0),
        format!("bare insert {:.1} MiB", bare.peak),
    );
    add(
        "the same over the peak of 100,000 rows",
        peak / tenth.0.peak,
        "×",
        Bar::AtMost(1.2),
        format!("{:.1} MiB", tenth.0.peak),
    );
    let thousands = MILLION as f64 / 1000.0;
    // The handful: finding the hospital, entering and ending the import.
    let commands = (counts.all() as f64 - 10.0) / thousands;
    add(
        "commands per 1,000 rows, a handful apart",
        commands,
        "",
        Bar::AtMost(4.0),
        format!("{:?}", counts.commands),
    );
    let (share, fastest) = against_the_local_server(&runtime);
    add(
        "speed on the local server over raw insert_many",
        share,
        "×",
        Bar::AtLeast(0.8),
        format!("raw {fastest:.0} rows/s, median of {PAIRS} pairs"),
    );
}

/// An import of so many rows by the function's own binary, as Lambda runs it.
fn one(runtime: &Runtime, rows: usize) -> (Cost, Counts) {
    let hospital = doc! {
        "_id": HOSPITAL, "hospitalId": HOSPITAL, "name": "Bench", "code": "bench",
        "timeZone": "Asia/Kolkata", "currency": "INR", "createdAt": 1_796_099_400_000_i64,
    };
    let database = StandIn::start(HashMap::from([("hospitals".to_owned(), vec![hospital])]));
    let database = database.expect("there is a port");
    let key = format!("imports/bench/{rows}.csv");
    let bucket = Bucket::new();
    let e_tag = runtime.block_on(bucket.put(&key, &file("list", rows)));
    let event = event(&key, &e_tag, shared::clock::Clock::system().now());
    let lambda = RuntimeApi::start(runtime);
    let mut environment = lambda.environment("patient-import");
    environment.extend(
        [
            ("AWS_REGION", stack::of("/s3/region")),
            ("AWS_ACCESS_KEY_ID", stack::of("/s3/accessKeyId")),
            ("AWS_SECRET_ACCESS_KEY", stack::of("/s3/secretAccessKey")),
            ("AWS_ENDPOINT_URL_S3", stack::of("/s3/endpoint")),
            ("IMPORT_BUCKET", stack::of("/s3/bucket")),
            ("MONGODB_URI", &database.uri()),
            ("MONGODB_DATABASE", "bench"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    environment.extend(of_the_template());
    let process = Process::start(&released("patient-import"), &[], &environment);
    let answered = lambda.ask(&event.to_string());
    assert!(answered.ok, "the import ends: {}", answered.body);
    let cost = process.cost();
    runtime.block_on(bucket.remove(&key));
    (cost, database.take())
}

/// What the template tells the C library of the function.
fn of_the_template() -> Vec<(String, String)> {
    let lines = include_str!("../../template.yaml").lines().map(str::trim);
    let told = lines.filter(|line| line.starts_with("MALLOC_")).filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    });
    let told: Vec<_> = told.collect();
    assert!(!told.is_empty(), "the template sets it");
    told
}

/// What entering the same documents costs that does nothing else.
fn bare(rows: usize) -> Cost {
    let database = StandIn::start(HashMap::new()).expect("there is a port");
    let arguments = [&database.uri(), "bench", "list", &rows.to_string(), "0"];
    let mut process = Process::start(&released("insert"), &arguments, &[]);
    process.runs();
    process.cost()
}

/// How fast an import is over how fast its documents are entered raw, into the same indexed
/// collections; and rows a second of the raw ones. Pairs alternate, for the database grows.
fn against_the_local_server(runtime: &Runtime) -> (f64, f64) {
    let world = runtime.block_on(World::new());
    let bucket = Bucket::new();
    let lambda = RuntimeApi::start(runtime);
    let mut environment = lambda.environment("patient-import");
    environment.extend(world.settings());
    environment.extend(of_the_template());
    let _function = Process::start(&released("patient-import"), &[], &environment);
    lambda.polled();
    let (mut shares, mut raws) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let (mut ours, mut raw) = (Duration::ZERO, Duration::ZERO);
        for turn in [pair, pair + 1] {
            if turn % 2 == 0 {
                let key = format!("imports/{}/{pair}.csv", world.a.code);
                let e_tag = runtime.block_on(bucket.put(&key, &file(&format!("i{pair}"), SOME)));
                let event = event(&key, &e_tag, world.clock().now()).to_string();
                let start = Instant::now();
                let answered = lambda.ask(&event);
                ours = answered.at - start;
                assert!(answered.ok, "the import ends: {}", answered.body);
            } else {
                let (uri, id) = (stack::of("/mongodb/uri"), ((pair + 1) * MILLION).to_string());
                let list = format!("r{pair}");
                let arguments = [uri, world.name(), &list, &SOME.to_string(), &id];
                let mut process = Process::start(&released("insert"), &arguments, &[]);
                let start = Instant::now();
                process.runs();
                raw = start.elapsed();
            }
        }
        shares.push(raw.as_secs_f64() / ours.as_secs_f64());
        raws.push(SOME as f64 / raw.as_secs_f64());
    }
    (median(shares), median(raws))
}
