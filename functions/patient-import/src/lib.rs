//! Imports of patients: a file in the bucket becomes patients, each of its rows accounted for.
//!
//! An event of S3 → [`find`] the import and its hospital → a [`survey`] of the file as a whole →
//! read it again ([`source`], [`csv`], [`header`], [`rows`]) → [`decide`] what each row comes to →
//! write it in [`stretch`]es, each with a checkpoint → [`report`]. What does not fit into one
//! invocation goes on in another, which this one asks for.

pub mod csv;
pub mod decide;
pub mod error;
pub mod event;
pub mod find;
pub mod header;
pub mod ingest;
pub mod place;
pub mod problem;
pub mod report;
pub mod rows;
pub mod seen;
pub mod sieve;
pub mod source;
pub mod stretch;
pub mod survey;
pub mod trail;

use error::Error;
use event::{Notification, Record};
use ingest::Reached;
use shared::{
    clock::Clock,
    entropy::Entropy,
    models::{AuditResult, Instant},
    outbound::{Bucket, Dispatcher, Invocation},
    store::{Database, Store},
    web::Environment,
};
use std::sync::Arc;

/// How long before the end of its time an invocation hands over, in seconds: enough for the
/// stretch under way and for the report.
const RESERVE_SECONDS: i64 = 60;

/// What this function has.
#[derive(Debug, Clone)]
pub struct PatientImport {
    /// The time.
    pub clock: Clock,
    entropy: Entropy,
    /// The database, before a hospital is known.
    pub store: Store,
    /// Where files and reports lie.
    pub bucket: Bucket,
    /// Who gets the rest of a file that is too long for one invocation: this function again.
    pub rest: Dispatcher,
    /// The most rows that are written together.
    pub stretch_rows: usize,
}

/// Reads the settings; faults are left in `env`.
pub fn configure(env: &mut Environment) -> PatientImport {
    let uri = env.url("MONGODB_URI", &["mongodb://", "mongodb+srv://"]);
    let database = Database::new(uri, env.required("MONGODB_DATABASE"));
    let bucket = env.required("IMPORT_BUCKET");
    let elsewhere = env.optional("AWS_ENDPOINT_URL_S3").is_some();
    PatientImport {
        clock: env.clock(),
        entropy: Entropy,
        store: Store::new(database),
        bucket: Bucket::new(bucket, elsewhere),
        rest: Dispatcher::configure(env, "AWS_LAMBDA_FUNCTION_NAME"),
        stretch_rows: stretch::ROWS,
    }
}

/// Handles a message of S3 before a deadline. An error makes Lambda bring the whole message again,
/// which is safe: what has ended stays as it is.
pub async fn handle(
    function: Arc<PatientImport>,
    message: Notification,
    deadline: Instant,
) -> Result<serde_json::Value, lambda_runtime::Error> {
    let mut failed = None;
    for record in message.records.iter().filter(|record| record.is_creation()) {
        if let Err(error) = created(&function, record, deadline).await {
            let (dependency, cause) = (error.dependency(), error.to_string());
            tracing::error!(dependency, cause, "an import stopped and is to go on");
            failed = Some(error);
        }
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(serde_json::Value::Null),
    }
}

async fn created(
    function: &PatientImport,
    record: &Record,
    deadline: Instant,
) -> Result<(), Error> {
    if record.s3.bucket.name != function.bucket.name() {
        tracing::warn!("an event of another bucket is ignored");
        return Ok(());
    }
    let Some(key) = record.s3.object.key() else {
        tracing::warn!("an object whose key is not UTF-8 is ignored");
        return Ok(());
    };
    let Some(job) = find::find(function, record, &key).await? else {
        return Ok(());
    };
    function.record(&job, AuditResult::Allowed, None).await?;
    let import = job.import.id.clone();
    match ingest::ingest(function, job, deadline.plus_seconds(-RESERVE_SECONDS)).await? {
        Reached::End => Ok(()),
        Reached::Checkpoint => {
            tracing::info!(%import, "the time is nearly up; the import goes on in another invocation");
            let rest = Notification { records: vec![record.clone()] };
            let rest = serde_json::to_value(&rest)?;
            Ok(function.rest.invoke(&rest, Invocation::Asynchronous, function.clock.now()).await?)
        }
    }
}
