//! An import: a million rows against a database that acknowledges and forgets, and some thousands
//! against the local one.

use crate::{
    child::{Cost, Process, beside},
    rows::{Row, file},
    stand_in::{Counts, StandIn},
    table::{Bar, Figure, Table},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    routing::{get, post},
};
use mongodb::{
    Database,
    bson::{Document, doc},
};
use serde_json::Value;
use std::{
    collections::HashMap,
    net::Ipv4Addr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tests::{
    imports::{Bucket, Imports, NO_HURRY, event},
    stack,
    world::World,
};
use tokio::runtime::Runtime;

/// The first argument with which this program is the reference: inserts and nothing else.
pub(crate) const BARE: &str = "--insert-bare";
const MILLION: usize = 1_000_000;
/// Rows of a command, of the reference as of the function.
const BATCH: usize = 1000;
const HOSPITAL: &str = "hos_01j00000000000000000000000";
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
    let (share, fastest) = runtime.block_on(against_the_local_server());
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
    let database = StandIn::start(HashMap::from([("hospitals".to_owned(), hospital)]));
    let database = database.expect("there is a port");
    let key = format!("imports/bench/{rows}.csv");
    let bucket = Bucket::new();
    let e_tag = runtime.block_on(bucket.put(&key, &file("list", rows)));
    let event = event(&key, &e_tag, shared::clock::Clock::system().now());
    let (lambda, done) = runtime.block_on(lambda(event));
    let environment = [
        ("AWS_LAMBDA_RUNTIME_API", lambda),
        ("AWS_LAMBDA_FUNCTION_NAME", "patient-import".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_REGION", stack::of("/s3/region").to_owned()),
        ("AWS_ACCESS_KEY_ID", stack::of("/s3/accessKeyId").to_owned()),
        ("AWS_SECRET_ACCESS_KEY", stack::of("/s3/secretAccessKey").to_owned()),
        ("AWS_ENDPOINT_URL_S3", stack::of("/s3/endpoint").to_owned()),
        ("IMPORT_BUCKET", stack::of("/s3/bucket").to_owned()),
        ("MONGODB_URI", database.uri()),
        ("MONGODB_DATABASE", "bench".to_owned()),
        ("LOG_LEVEL", "warn".to_owned()),
    ];
    let process = Process::start(&beside("patient-import"), &[], &environment);
    let cost = process.cost_at_end(|| done.load(Ordering::SeqCst));
    runtime.block_on(bucket.remove(&key));
    (cost, database.take())
}

/// A runtime API with one event in it, and whether it was answered.
async fn lambda(event: Value) -> (String, Arc<AtomicBool>) {
    let given = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicBool::new(false));
    let next = async move |State(given): State<Arc<AtomicBool>>| {
        if given.swap(true, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let mut headers = HeaderMap::new();
        headers.insert("lambda-runtime-aws-request-id", HeaderValue::from_static("1"));
        headers.insert("lambda-runtime-deadline-ms", HeaderValue::from_static("4000000000000"));
        let arn = "arn:aws:lambda:ap-south-1:123456789012:function:patient-import";
        headers.insert("lambda-runtime-invoked-function-arn", HeaderValue::from_static(arn));
        (headers, axum::Json(event.clone()))
    };
    let answered = done.clone();
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(async move || {
                answered.store(true, Ordering::SeqCst);
                StatusCode::ACCEPTED
            }),
        )
        .with_state(given);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("there is a port");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, done)
}

/// What entering the same documents costs that does nothing else.
fn bare(rows: usize) -> Cost {
    let database = StandIn::start(HashMap::new()).expect("there is a port");
    let own = std::env::current_exe().expect("this program has a path");
    let arguments = [BARE, &database.uri(), &rows.to_string()];
    let process = Process::start(Path::new(&own), &arguments, &[]);
    let (accounts, patients) = counted(rows);
    let mut entered = 0;
    process.cost_at_end(|| {
        entered += database.take().documents.values().sum::<u64>();
        entered >= accounts + patients
    })
}

fn counted(rows: usize) -> (u64, u64) {
    let accounts = (0..rows).filter(|number| Row::has_account(*number)).count();
    (accounts as u64, rows as u64)
}

/// The reference, in a process of its own: it stays until it is ended, so that it can be read.
pub(crate) fn insert_bare(uri: &str, rows: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("there is a thread").block_on(async {
        let client = mongodb::Client::with_uri_str(uri).await.expect("an address");
        insert(&client.database("bench"), "list", HOSPITAL, rows, 0).await;
        std::future::pending::<()>().await;
    });
}

/// Enters the documents of so many rows in batches, accounts first, under ids from `id` on.
async fn insert(database: &Database, list: &str, hospital: &str, rows: usize, id: usize) {
    for first in (0..rows).step_by(BATCH) {
        let numbers = first..rows.min(first + BATCH);
        let batch: Vec<(usize, Row)> = numbers.map(|n| (n, Row::new(list, n))).collect();
        let accounts = batch.iter().filter(|(number, _)| Row::has_account(*number));
        let accounts: Vec<Document> =
            accounts.map(|(number, row)| row.account(hospital, id + number)).collect();
        let patients: Vec<Document> =
            batch.iter().map(|(number, row)| row.patient(hospital, id + number)).collect();
        for (collection, documents) in [("accounts", accounts), ("patients", patients)] {
            let collection = database.collection::<Document>(collection);
            collection
                .insert_many(documents)
                .ordered(false)
                .await
                .expect("the database takes them");
        }
    }
}

/// How fast an import is over how fast its documents are entered raw, into the same indexed
/// collections; and rows a second of the raw ones. Pairs alternate, for the database grows.
async fn against_the_local_server() -> (f64, f64) {
    let world = World::new().await;
    let imports = Imports::of(&world);
    let client = mongodb::Client::with_uri_str(stack::of("/mongodb/uri")).await;
    let database = client.expect("an address").database(world.name());
    let (mut shares, mut raws) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let (mut ours, mut raw) = (Duration::ZERO, Duration::ZERO);
        for turn in [pair, pair + 1] {
            let start = Instant::now();
            if turn % 2 == 0 {
                let key = format!("imports/{}/{pair}.csv", world.a.code);
                let e_tag = imports.bucket.put(&key, &file(&format!("i{pair}"), SOME)).await;
                let event = event(&key, &e_tag, world.clock().now());
                let start = Instant::now();
                imports.told(&event, NO_HURRY).await.expect("the import ends");
                ours = start.elapsed();
            } else {
                let (list, hospital) = (format!("r{pair}"), format!("hos_01j{pair:023}"));
                insert(&database, &list, &hospital, SOME, (pair + 1) * MILLION).await;
                raw = start.elapsed();
            }
        }
        shares.push(raw.as_secs_f64() / ours.as_secs_f64());
        raws.push(SOME as f64 / raw.as_secs_f64());
    }
    (median(shares), median(raws))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
