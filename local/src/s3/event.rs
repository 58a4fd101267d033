//! S3's event notifications.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::{BASE64, HEXUPPER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

/// What stays as it is in an event's key: S3 encodes keys as a form's values, with the slashes
/// left in. A space becomes `+` and a plus `%2B`, the oldest trap of this message.
const KEY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// Who owns the bucket, as the events name him.
const OWNER: &str = "A3NL1KOZZKExample";

/// A new object, as the event tells of it.
#[derive(Debug)]
pub(super) struct Created<'a> {
    /// `Put`, `Post`, `Copy` or `CompleteMultipartUpload`.
    pub(super) how: &'static str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    /// Bytes.
    pub(super) size: u64,
    /// Without quotes; of a multipart object with `-` and the number of its parts.
    pub(super) e_tag: &'a str,
}

/// Sends events, in the order of their sequencers.
#[derive(Clone, Debug)]
pub(super) struct Announcer {
    region: Arc<str>,
    events: UnboundedSender<Value>,
    last: Arc<AtomicU64>,
}

impl Announcer {
    pub(super) fn new(region: &str, events: UnboundedSender<Value>) -> Self {
        Self { region: region.into(), events, last: Arc::new(AtomicU64::new(0)) }
    }

    /// Sends one event. Nobody listening is no reason to fail an upload.
    pub(super) fn created(&self, object: &Created<'_>) {
        let record = self.record(object);
        let _unheard = self.events.send(json!({ "Records": [record] }));
    }

    /// Nanoseconds of the clock, and always more than the last one: increasing within a run by
    /// the counter and across restarts by the clock.
    fn sequencer(&self) -> String {
        let nanos = jiff::Timestamp::now().as_nanosecond();
        let now = u64::try_from(nanos).unwrap_or_default();
        let next = |last: u64| Some(now.max(last.saturating_add(1)));
        let last =
            self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        format!("{:018X}", now.max(last.saturating_add(1)))
    }

    fn record(&self, object: &Created<'_>) -> Value {
        let principal = json!({ "principalId": OWNER });
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": &*self.region,
            "eventTime": format!("{:.3}", jiff::Timestamp::now()),
            "eventName": format!("ObjectCreated:{}", object.how),
            "userIdentity": { "principalId": "AWS:AIDAJDPLRKLG7UEXAMPLE" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": {
                "x-amz-request-id": HEXUPPER.encode(&random::<8>()),
                "x-amz-id-2": BASE64.encode(&random::<56>()),
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "local",
                "bucket": {
                    "name": object.bucket,
                    "ownerIdentity": principal,
                    "arn": format!("arn:aws:s3:::{}", object.bucket),
                },
                "object": {
                    "key": encoded(object.key),
                    "size": object.size,
                    "eTag": object.e_tag,
                    "sequencer": self.sequencer(),
                },
            },
        })
    }
}

/// A key as events carry it.
fn encoded(key: &str) -> String {
    utf8_percent_encode(key, KEY).to_string().replace(' ', "+")
}

/// Random bytes for ids that only have to look like ids; zeros when there is no entropy.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let _zeros = getrandom::fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_a_forms_values() {
        assert_eq!(encoded("imports/a b+c.csv"), "imports/a+b%2Bc.csv");
        assert_eq!(encoded("imports/é~%.csv"), "imports/%C3%A9%7E%25.csv");
    }

    #[test]
    fn sequencers_increase_and_have_sixteen_digits_at_least() {
        let (events, _receiver) = tokio::sync::mpsc::unbounded_channel();
        let announcer = Announcer::new("ap-south-1", events);
        let all: Vec<String> = (0..1_000).map(|_| announcer.sequencer()).collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(all.iter().all(|text| text.len() >= 16));
    }
}
