//! The bucket: reading a large object piece by piece, and writing one.

use super::{
    Error, Result, Service,
    aws::{attempts, failure, http_client, status_of},
};
use crate::{
    calls::{call, within},
    models::Instant,
};
use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_sdk_s3::{
    Client,
    config::RequestChecksumCalculation,
    primitives::{AggregatedBytes, ByteStream, DateTime},
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// Bytes fetched with one request. Small enough to lie in memory, so that no connection waits
/// half-read while rows are written.
const PIECE: u64 = 256 << 10;

/// One bucket. The client is made on first use, once per process; region, credentials and
/// endpoint (`AWS_ENDPOINT_URL_S3`) are found by the SDK's own rules.
#[derive(Clone)]
pub struct Bucket(Arc<Inner>);

struct Inner {
    name: String,
    path_style: bool,
    client: OnceCell<Client>,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// Bytes.
    pub size: u64,
    /// Its entity tag, without quotes.
    pub e_tag: String,
    /// Its media type, if its sender named one.
    pub content_type: Option<String>,
    /// When it was written, to the second.
    pub written_at: Instant,
}

/// Why an object could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailed {
    /// Another object lies at the key now, or none.
    #[error("the object was replaced or removed")]
    Replaced,
    /// S3 does not answer, or refuses.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Bucket {
    /// The bucket of this name; an S3 elsewhere than at AWS is addressed in `path_style`.
    pub fn new(name: String, path_style: bool) -> Self {
        Self(Arc::new(Inner { name, path_style, client: OnceCell::new() }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Looks at an object; `None` if there is none.
    pub async fn head(&self, key: &str) -> Result<Option<ObjectHead>> {
        let head = self.client().await.head_object().bucket(&self.0.name).key(key);
        match call(Service::S3, head.send()).await {
            Ok(head) => Ok(Some(ObjectHead {
                size: head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                e_tag: head.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
                content_type: head.content_type().map(str::to_owned),
                written_at: Instant::from_seconds(head.last_modified().map_or(0, DateTime::secs)),
            })),
            Err(error) if status_of(&error) == Some(404) => Ok(None),
            Err(error) => Err(failure(Service::S3, &error)),
        }
    }

    /// Reads this writing of an object from its beginning.
    pub fn read(&self, key: &str, head: &ObjectHead) -> ObjectReader {
        ObjectReader {
            bucket: self.clone(),
            key: key.to_owned(),
            e_tag: head.e_tag.clone(),
            size: head.size,
            position: 0,
        }
    }

    /// Writes an object.
    pub async fn put(&self, key: &str, content_type: &str, bytes: Bytes) -> Result<()> {
        let put = self.client().await.put_object().bucket(&self.0.name).key(key);
        let put = put.content_type(content_type).body(ByteStream::from(bytes));
        let sent = call(Service::S3, put.send()).await;
        sent.map(|_| ()).map_err(|error| failure(Service::S3, &error))
    }

    pub(super) async fn client(&self) -> &Client {
        let make = || async {
            let timeouts = TimeoutConfig::builder()
                .operation_attempt_timeout(within(Duration::from_secs(20)))
                .operation_timeout(within(Duration::from_secs(45)))
                .build();
            let config = aws_config::defaults(BehaviorVersion::latest())
                .http_client(http_client(Service::S3))
                .timeout_config(timeouts)
                .retry_config(attempts(3))
                .load()
                .await;
            // TLS and the entity tag are enough; checksums would bind parts to one algorithm.
            let config = aws_sdk_s3::config::Builder::from(&config)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .force_path_style(self.0.path_style)
                .build();
            Client::from_conf(config)
        };
        self.0.client.get_or_init(make).await
    }

    async fn piece(
        &self,
        key: &str,
        e_tag: &str,
        range: &str,
    ) -> std::result::Result<Bytes, ReadFailed> {
        let get = self.client().await.get_object().bucket(&self.0.name).key(key);
        let get = get.if_match(format!("\"{e_tag}\"")).range(range);
        let read = async {
            let got = match get.send().await {
                Ok(got) => got,
                Err(error) if matches!(status_of(&error), Some(404 | 412 | 416)) => {
                    return Err(ReadFailed::Replaced);
                }
                Err(error) => return Err(failure(Service::S3, &error).into()),
            };
            let body = got.body.collect().await;
            body.map(AggregatedBytes::into_bytes)
                .map_err(|error| Error::unavailable(Service::S3, error).into())
        };
        call(Service::S3, read).await
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bucket({})", self.0.name)
    }
}

/// Reads one writing of an object, piece by piece. Each piece is asked for under the entity tag
/// (RFC 9110 §13.1.1), so two writings are never mixed.
#[derive(Debug, Clone)]
pub struct ObjectReader {
    bucket: Bucket,
    key: String,
    e_tag: String,
    size: u64,
    position: u64,
}

impl ObjectReader {
    /// How many bytes the object has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> std::result::Result<Option<Bytes>, ReadFailed> {
        if self.position >= self.size {
            return Ok(None);
        }
        let last = self.size.min(self.position.saturating_add(PIECE)) - 1;
        let range = format!("bytes={}-{last}", self.position);
        let mut tries = 0;
        loop {
            match self.bucket.piece(&self.key, &self.e_tag, &range).await {
                Ok(bytes) if bytes.len() as u64 == last - self.position + 1 => {
                    self.position = last + 1;
                    return Ok(Some(bytes));
                }
                Ok(bytes) => {
                    let cause = format_args!("{} bytes came for {range}", bytes.len());
                    return Err(Error::unavailable(Service::S3, cause).into());
                }
                // A body that breaks off is not retried by the SDK.
                Err(ReadFailed::Failed(Error::Unavailable { .. })) if tries < 2 => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }
}
