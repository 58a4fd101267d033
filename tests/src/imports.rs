//! The bucket, and the function that reads what comes into it.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::{
    api::{Api, Patience},
    seeded, stack,
};
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use patient_import::{PatientImport, handle};
use serde_json::{Value, json};
use shared::models::Instant;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Long after any test.
pub const NO_HURRY: Instant = Instant::from_seconds(4_000_000_000);

/// The function `patient-import` of a world.
#[derive(Debug, Clone)]
pub struct Imports {
    /// What it has; a test may set how many rows it writes together.
    pub function: PatientImport,
    /// The bucket.
    pub bucket: Bucket,
    patience: Patience,
}

impl Imports {
    /// The function of this world.
    pub fn of(api: &Api) -> Self {
        let mut env = api.environment();
        let function = patient_import::configure(&mut env);
        let function = env.finish(function).expect("the settings are right");
        Self { function, bucket: Bucket::new(), patience: api.patience().clone() }
    }

    /// Hands an event to the function, which has until `deadline`.
    pub async fn told(&self, event: &Value, deadline: Instant) -> Result<(), String> {
        let event = serde_json::from_value(event.clone()).expect("an event is an event");
        let work = handle(Arc::new(self.function.clone()), event, deadline);
        self.patience.with(work).await.map(drop).map_err(|error| error.to_string())
    }

    /// Puts a file at a key and tells of it.
    pub async fn arrives(&self, key: &str, file: &[u8]) {
        let e_tag = self.bucket.put(key, file).await;
        let event = event(key, &e_tag, self.function.clock.now());
        self.told(&event, NO_HURRY).await.expect("the import ends");
    }
}

/// The bucket of the local S3, which all worlds share.
#[derive(Debug, Clone)]
pub struct Bucket(Client);

impl Default for Bucket {
    fn default() -> Self {
        Self::new()
    }
}

impl Bucket {
    /// A client of it.
    pub fn new() -> Self {
        let of = |pointer| stack::of(pointer);
        let key =
            Credentials::new(of("/s3/accessKeyId"), of("/s3/secretAccessKey"), None, None, "test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(of("/s3/region").to_owned()))
            .credentials_provider(key)
            .endpoint_url(of("/s3/endpoint"))
            .force_path_style(true);
        Self(Client::from_conf(config.build()))
    }

    /// Puts an object; its entity tag.
    pub async fn put(&self, key: &str, bytes: &[u8]) -> String {
        seeded::note_file(bytes);
        let put = self.0.put_object().bucket(stack::of("/s3/bucket")).key(key);
        let put = put.body(bytes.to_vec().into()).send().await.expect("the bucket takes it");
        put.e_tag().unwrap_or_default().trim_matches('"').to_owned()
    }

    /// An object's text, if it is there.
    pub async fn text(&self, key: &str) -> Option<String> {
        let get = self.0.get_object().bucket(stack::of("/s3/bucket")).key(key).send().await.ok()?;
        let bytes = get.body.collect().await.ok()?.into_bytes();
        String::from_utf8(bytes.to_vec()).ok()
    }

    /// Removes an object.
    pub async fn remove(&self, key: &str) {
        let remove = self.0.delete_object().bucket(stack::of("/s3/bucket")).key(key);
        remove.send().await.expect("the bucket forgets it");
    }
}

/// S3's message about a new object. Each has a sequencer of its own, later than those before.
pub fn event(key: &str, e_tag: &str, at: Instant) -> Value {
    static SEQUENCE: AtomicU64 = AtomicU64::new(1);
    let sequencer = format!("{:016X}", SEQUENCE.fetch_add(1, Ordering::Relaxed));
    let bucket = stack::of("/s3/bucket");
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "ap-south-1",
        "eventTime": at.timestamp().to_string(),
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": { "name": bucket, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": { "key": encoded(key), "eTag": e_tag, "sequencer": sequencer },
        },
    }] })
}

/// A key as messages carry it: a form's value.
fn encoded(key: &str) -> String {
    key.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => out.extend(['%'].into_iter().chain(format!("{byte:02X}").chars())),
        }
        out
    })
}
