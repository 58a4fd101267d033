//! The browser's form upload (`POST` of `multipart/form-data` to the bucket).
//!
//! Done here and not by `s3s`, whose refusals differ from S3's and which holds the file in
//! memory: the file is streamed to disk while it is counted, and one that is too big or too
//! small never becomes an object.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use multer::{Field, Multipart};

use super::policy::{self, Fields, Refusal, Sizes};
use super::store::{Store, Upload};

/// Longest form without its file, in bytes: S3's limit.
const FIELDS: usize = 20 * 1024;

/// What a form upload needs.
#[derive(Debug)]
pub(super) struct Uploads {
    pub(super) store: Store,
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
}

/// Takes form uploads; lets everything else through to the API.
pub(super) async fn intercept(
    State(uploads): State<Arc<Uploads>>,
    request: Request,
    next: Next,
) -> Response {
    let boundary = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok());
    match boundary {
        Some(boundary) if request.method() == Method::POST => {
            match uploads.take(request, boundary).await {
                Ok(answer) => answer,
                Err(refusal) => refusal.into_response(),
            }
        }
        _ => next.run(request).await,
    }
}

impl Uploads {
    async fn take(&self, request: Request, boundary: String) -> Result<Response, Refusal> {
        let bucket = request.uri().path().trim_matches('/').to_owned();
        let mut form = Multipart::new(request.into_body().into_data_stream(), boundary);
        let (mut fields, file) = before_the_file(&mut form).await?;
        let key = fields.get("key").map(str::to_owned).ok_or_else(|| {
            let why = "Bucket POST must contain a field named 'key'.";
            Refusal::new(400, "InvalidArgument", why)
        })?;
        let key = key.replace("${filename}", file.file_name().unwrap_or_default());
        for field in fields.0.iter_mut().filter(|field| field.0 == "key") {
            field.1.clone_from(&key);
        }
        let now = jiff::Timestamp::now();
        let (id, secret) = (&self.access_key_id, &self.secret_access_key);
        let sizes = policy::check(&fields, &bucket, id, secret, now)?;
        let refused = Arc::new(Mutex::new(None));
        let upload = Upload {
            bucket: bucket.clone(),
            key: key.clone(),
            content_type: fields.get("content-type").map(str::to_owned),
            metadata: fields
                .0
                .iter()
                .filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?, value)))
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect(),
        };
        let stored = self.store.take_form(upload, counted(file, sizes, refused.clone())).await;
        match stored {
            Ok(e_tag) => Ok(answer(&fields, &bucket, &key, &e_tag)),
            Err(refusal) => {
                let why = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
                Err(why.unwrap_or(refusal))
            }
        }
    }
}

/// The fields up to the file; what comes after it is not looked at, as with S3.
async fn before_the_file(
    form: &mut Multipart<'static>,
) -> Result<(Fields, Field<'static>), Refusal> {
    let malformed = |_| {
        let why = "The body of your POST request is not well-formed multipart/form-data.";
        Refusal::new(400, "MalformedPOSTRequest", why)
    };
    let mut fields = Fields::default();
    let mut size = 0_usize;
    while let Some(mut field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        if name == "file" {
            return Ok((fields, field));
        }
        let mut value = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(malformed)? {
            size = size.saturating_add(chunk.len());
            if size > FIELDS {
                let why = "Your POST request fields preceding the upload file were too large.";
                return Err(Refusal::new(400, "MaxPostPreDataLengthExceededError", why));
            }
            value.extend_from_slice(&chunk);
        }
        fields.0.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    let why = "POST requires exactly one file upload per request.";
    Err(Refusal::new(400, "IncorrectNumberOfFilesInPostRequest", why))
}

/// The file's bytes; ends in an error, and so in no object, when there are too many or too few.
fn counted(
    file: Field<'static>,
    sizes: Sizes,
    refused: Arc<Mutex<Option<Refusal>>>,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let refuse = move |code, message: &str| {
        let mut why = refused.lock().unwrap_or_else(PoisonError::into_inner);
        *why = Some(Refusal::new(400, code, message));
        Some(Err(std::io::Error::other(code)))
    };
    let ends = futures_util::stream::once(async { None });
    let bytes = file.map(Some).chain(ends);
    let mut size = 0_u64;
    bytes.filter_map(move |chunk| {
        let item = match chunk {
            Some(Ok(bytes)) => {
                size = size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                if size > sizes.most {
                    let why = "Your proposed upload exceeds the maximum allowed size";
                    refuse("EntityTooLarge", why)
                } else {
                    Some(Ok(bytes))
                }
            }
            Some(Err(_)) => {
                let why = "You did not provide the number of bytes specified by the \
                           Content-Length HTTP header";
                refuse("IncompleteBody", why)
            }
            None if size < sizes.least => {
                let why = "Your proposed upload is smaller than the minimum allowed size";
                refuse("EntityTooSmall", why)
            }
            None => None,
        };
        std::future::ready(item)
    })
}

/// 204, or what `success_action_status` asks for.
fn answer(fields: &Fields, bucket: &str, key: &str, e_tag: &str) -> Response {
    let mut headers = HeaderMap::new();
    let location = format!("/{bucket}/{}", super::store::in_path(key));
    let quoted = format!("\"{e_tag}\"");
    for (name, value) in [(header::LOCATION, &location), (header::ETAG, &quoted)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    match fields.get("success_action_status") {
        Some("200") => (StatusCode::OK, headers).into_response(),
        Some("201") => {
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location>\
                 <Bucket>{}</Bucket><Key>{}</Key><ETag>{}</ETag></PostResponse>",
                escaped(&location),
                escaped(bucket),
                escaped(key),
                escaped(&quoted),
            );
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
            (StatusCode::CREATED, headers, body).into_response()
        }
        _ => (StatusCode::NO_CONTENT, headers).into_response(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code>\
             <Message>{}</Message><RequestId>0000000000000000</RequestId><HostId>local</HostId>\
             </Error>",
            self.code,
            escaped(&self.message),
        );
        (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}
