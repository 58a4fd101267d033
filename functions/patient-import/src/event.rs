//! What S3 tells of new objects.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use shared::models::Instant;

/// A message of S3. Its test message, sent when the notification is set up, has no records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// What happened; in practice one thing a message.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// `2.` and something: fields are added within a major version, never taken away.
    pub event_version: String,
    /// `ObjectCreated:Put` and the like, without the prefix `s3:`.
    pub event_name: String,
    /// When the object was written.
    event_time: jiff::Timestamp,
    /// To what.
    pub s3: About,
}

/// The object, with its bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct About {
    /// The bucket.
    pub bucket: BucketName,
    /// The object.
    pub object: Object,
}

/// A bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BucketName {
    /// Its name.
    pub name: String,
}

/// One writing of an object. A removal has no entity tag.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    key: String,
    /// Its entity tag, without quotes.
    #[serde(default)]
    pub e_tag: String,
    /// Its place among the writings of one key.
    #[serde(default)]
    pub sequencer: String,
}

impl Record {
    /// Whether it tells of a new object, in a form we know.
    pub fn is_creation(&self) -> bool {
        self.event_name.starts_with("ObjectCreated:") && self.event_version.starts_with("2.")
    }

    /// When the object was written: the same whenever and however often the event comes.
    pub fn written_at(&self) -> Instant {
        self.event_time.into()
    }
}

impl Object {
    /// The key as it is. Messages carry it as a form's value: a space is `+`, then percent signs
    /// (S3, "Event message structure"). `None` for bytes that are no UTF-8.
    pub fn key(&self) -> Option<String> {
        let spaced = self.key.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(encoded: &str) -> Option<String> {
        let object =
            Object { key: encoded.to_owned(), e_tag: String::new(), sequencer: String::new() };
        object.key()
    }

    #[test]
    fn keys_are_decoded_plus_first() {
        assert_eq!(key("imports/a+b%2Bc/%C3%A9.csv").as_deref(), Some("imports/a b+c/é.csv"));
        assert_eq!(key("imports/%E9.csv"), None);
    }

    #[test]
    fn a_test_message_has_no_records() {
        let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-12-01T00:00:00.000Z","Bucket":"b","RequestId":"r","HostId":"h"}"#;
        assert!(serde_json::from_str::<Notification>(test).unwrap().records.is_empty());
    }

    #[test]
    fn a_genuine_message_is_read() {
        let message = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"ap-south-1",
            "eventTime":"2026-12-01T00:00:00.000Z","eventName":"ObjectCreated:Post","userIdentity":{"principalId":"x"},
            "requestParameters":{"sourceIPAddress":"127.0.0.1"},"responseElements":{},"s3":{"s3SchemaVersion":"1.0",
            "configurationId":"c","bucket":{"name":"files","ownerIdentity":{"principalId":"x"},"arn":"arn:aws:s3:::files"},
            "object":{"key":"imports/sunrise/a.csv","size":3,"eTag":"abc","versionId":"v","sequencer":"0A"}}}]}"#;
        let notification: Notification = serde_json::from_str(message).unwrap();
        // As this function sends it to itself, to go on.
        let again = serde_json::to_string(&notification).unwrap();
        let notification: Notification = serde_json::from_str(&again).unwrap();
        let record = &notification.records[0];
        assert!(record.is_creation());
        assert_eq!(record.written_at(), Instant::from_seconds(1_796_083_200));
        assert_eq!(
            (record.s3.bucket.name.as_str(), record.s3.object.e_tag.as_str()),
            ("files", "abc")
        );
    }
}
