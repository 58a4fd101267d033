//! Writing an object of which nobody knows beforehand how large it gets.

use super::{Bucket, Error, Result, Service, aws::failure};
use crate::calls::call;
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use std::mem;

/// Bytes of a part: the least S3 takes of any but the last (S3, "multipart upload limits").
const PART: usize = 5 << 20;

/// Writes one object as it grows: a small one with a single put, a large one in parts. Nothing is
/// at the key before [`ObjectWriter::finish`].
#[derive(Debug)]
pub struct ObjectWriter {
    bucket: Bucket,
    key: String,
    content_type: &'static str,
    waiting: Vec<u8>,
    upload: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Bucket {
    /// Begins an object.
    pub fn write(&self, key: &str, content_type: &'static str) -> ObjectWriter {
        ObjectWriter {
            bucket: self.clone(),
            key: key.to_owned(),
            content_type,
            waiting: Vec::new(),
            upload: None,
            parts: Vec::new(),
        }
    }
}

impl ObjectWriter {
    /// Adds bytes at the end.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PART { self.send_part().await } else { Ok(()) }
    }

    /// Ends the object; it is there once this is done.
    pub async fn finish(mut self) -> Result<()> {
        if self.upload.is_none() {
            let bytes = mem::take(&mut self.waiting);
            return self.bucket.put(&self.key, self.content_type, bytes.into()).await;
        }
        if !self.waiting.is_empty() {
            self.send_part().await?;
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
        let complete = self.bucket.client().await.complete_multipart_upload();
        let complete = complete.bucket(self.bucket.name()).key(&self.key);
        let complete = complete.set_upload_id(self.upload).multipart_upload(parts);
        let done = call(Service::S3, complete.send()).await;
        done.map(|_| ()).map_err(|error| failure(Service::S3, &error))
    }

    async fn send_part(&mut self) -> Result<()> {
        let upload = self.upload().await?;
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let part = self.bucket.client().await.upload_part();
        let part =
            part.bucket(self.bucket.name()).key(&self.key).upload_id(upload).part_number(number);
        let bytes = mem::take(&mut self.waiting);
        let sent = call(Service::S3, part.body(ByteStream::from(bytes)).send()).await;
        let sent = sent.map_err(|error| failure(Service::S3, &error))?;
        let e_tag = sent.e_tag().map(str::to_owned);
        let part = CompletedPart::builder().part_number(number).set_e_tag(e_tag);
        self.parts.push(part.build());
        Ok(())
    }

    /// The upload's id, begun with the first part. One that is never completed is removed by the
    /// bucket's rule for incomplete uploads.
    async fn upload(&mut self) -> Result<String> {
        if let Some(upload) = &self.upload {
            return Ok(upload.clone());
        }
        let begin = self.bucket.client().await.create_multipart_upload();
        let begin = begin.bucket(self.bucket.name()).key(&self.key).content_type(self.content_type);
        let begun = call(Service::S3, begin.send()).await;
        let begun = begun.map_err(|error| failure(Service::S3, &error))?;
        let upload = begun.upload_id().map(str::to_owned);
        let upload =
            upload.ok_or_else(|| Error::unavailable(Service::S3, "an upload without id"))?;
        self.upload = Some(upload.clone());
        Ok(upload)
    }
}
