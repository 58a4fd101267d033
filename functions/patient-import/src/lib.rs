//! Imports of patients: a file in the bucket becomes patients, each of its rows accounted for.
//!
//! An event of S3 → [`find`] the import and its hospital → read the file ([`source`], [`csv`],
//! [`header`], [`rows`]) → [`decide`] what each row comes to → write it in [`stretch`]es, each
//! with a checkpoint → [`report`].

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
pub mod source;
pub mod stretch;

use error::Error;
use event::{Notification, Record};
use shared::{
    clock::Clock,
    outbound::Bucket,
    store::{Database, Store},
    web::Environment,
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct PatientImport {
    /// The time.
    pub clock: Clock,
    /// The database, before a hospital is known.
    pub store: Store,
    /// Where files and reports lie.
    pub bucket: Bucket,
}

/// Reads the settings; faults are left in `env`.
pub fn configure(env: &mut Environment) -> PatientImport {
    let uri = env.url("MONGODB_URI", &["mongodb://", "mongodb+srv://"]);
    let database = Database::new(uri, env.required("MONGODB_DATABASE"));
    let bucket = env.required("IMPORT_BUCKET");
    let elsewhere = env.optional("AWS_ENDPOINT_URL_S3").is_some();
    PatientImport {
        clock: env.clock(),
        store: Store::new(database),
        bucket: Bucket::new(bucket, elsewhere),
    }
}

/// Handles a message of S3. An error makes Lambda bring the whole message again, which is safe:
/// what has ended stays as it is.
pub async fn handle(
    function: Arc<PatientImport>,
    message: Notification,
) -> Result<serde_json::Value, lambda_runtime::Error> {
    let mut failed = None;
    for record in message.records.iter().filter(|record| record.is_creation()) {
        if let Err(error) = created(&function, record).await {
            tracing::error!(%error, "an import stopped and is to go on");
            failed = Some(error);
        }
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(serde_json::Value::Null),
    }
}

async fn created(function: &PatientImport, record: &Record) -> Result<(), Error> {
    if record.s3.bucket.name != function.bucket.name() {
        tracing::warn!("an event of another bucket is ignored");
        return Ok(());
    }
    let Some(key) = record.s3.object.key() else {
        tracing::warn!("an object whose key is not UTF-8 is ignored");
        return Ok(());
    };
    match find::find(function, &record.s3, &key).await? {
        Some(job) => ingest::ingest(function, job).await,
        None => Ok(()),
    }
}
