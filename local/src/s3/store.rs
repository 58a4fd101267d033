//! The files behind S3's API: `s3s-fs`, with the conditions it leaves out and an event after
//! each new object.

use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::Stream;
use http::{Extensions, HeaderMap, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ETag, HeadBucketInput, HeadObjectInput, Metadata, PutObjectInput, PutObjectOutput,
    StreamingBlob,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

use super::event::{Announcer, Created};
use super::policy::Refusal;

/// What stays as it is in a path.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Longest key that fits: what is known of an object lies in a file named after the base64 of
/// its key, and a file name ends at 255 bytes. (S3 itself takes 1,024.)
const NAME: usize = 255;

/// A key as it stands in a URL.
pub(super) fn in_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// A form's upload, its conditions already checked.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) content_type: Option<String>,
    pub(super) metadata: Metadata,
}

/// Shared by the API and the form uploads.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) files: Arc<FileSystem>,
    root: Arc<Path>,
    announcer: Announcer,
}

impl Store {
    pub(super) fn open(root: &Path, announcer: Announcer) -> Result<Self, s3s_fs::Error> {
        Ok(Self { files: Arc::new(FileSystem::new(root)?), root: root.into(), announcer })
    }

    /// Stores a form's file; returns the entity tag.
    pub(super) async fn take_form(
        &self,
        upload: Upload,
        file: impl Stream<Item = std::io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<String, Refusal> {
        let input = PutObjectInput {
            bucket: upload.bucket,
            key: upload.key,
            content_type: upload.content_type,
            metadata: Some(upload.metadata).filter(|metadata| !metadata.is_empty()),
            body: Some(StreamingBlob::wrap(file)),
            ..PutObjectInput::default()
        };
        let stored = self.put(request(input), "Post").await.map_err(|error| {
            let status = error.status_code().map_or(500, |status| status.as_u16());
            let code = match status {
                404 => "NoSuchBucket",
                400..500 => "InvalidArgument",
                _ => "InternalError",
            };
            Refusal::new(status, code, error.message().unwrap_or(code))
        })?;
        Ok(stored.output.e_tag.map(ETag::into_value).unwrap_or_default())
    }

    /// A bucket that is there and a key that a file system can hold and hold apart. S3 takes
    /// `a//b` and `a/../b` as they are; a path would make other keys of them.
    pub(super) async fn check_target(&self, bucket: &str, key: &str) -> S3Result<()> {
        let input = HeadBucketInput { bucket: bucket.to_owned(), expected_bucket_owner: None };
        self.files.head_bucket(request(input)).await?;
        let encoded = |text: &str| text.len().saturating_mul(4).div_ceil(3);
        let name = encoded(bucket).saturating_add(encoded(key)).saturating_add(31);
        if name > NAME {
            return Err(s3_error!(KeyTooLongError, "Your key is too long for the local store"));
        }
        let inner = key.strip_suffix('/').unwrap_or(key);
        if inner.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(s3_error!(InvalidArgument, "The local store cannot hold this key"));
        }
        Ok(())
    }

    /// An object, and not one of the folders that keys with slashes have become.
    pub(super) async fn check_object(&self, bucket: &str, key: &str) -> S3Result<()> {
        let path = self.root.join(bucket).join(key);
        let folder = tokio::fs::metadata(path).await.is_ok_and(|what| what.is_dir());
        if folder && !key.ends_with('/') {
            return Err(s3_error!(NoSuchKey));
        }
        Ok(())
    }

    pub(super) async fn put(
        &self,
        req: S3Request<PutObjectInput>,
        how: &'static str,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        self.check_target(&bucket, &key).await?;
        let answer = self.files.put_object(req).await?;
        self.announce(how, &bucket, &key).await;
        Ok(answer)
    }

    /// Tells of an object that is now there, with the size and tag it really has.
    pub(super) async fn announce(&self, how: &'static str, bucket: &str, key: &str) {
        let input = HeadObjectInput {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            ..HeadObjectInput::default()
        };
        // Already deleted again: then there is nothing to tell of.
        let Ok(head) = self.files.head_object(request(input)).await else {
            return;
        };
        let size = head.output.content_length.and_then(|size| u64::try_from(size).ok());
        let e_tag = head.output.e_tag.map(ETag::into_value).unwrap_or_default();
        let size = size.unwrap_or_default();
        self.announcer.created(&Created { how, bucket, key, size, e_tag: &e_tag });
    }
}

/// A request of our own to the files.
fn request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: Method::GET,
        uri: Uri::default(),
        headers: HeaderMap::new(),
        extensions: Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}
