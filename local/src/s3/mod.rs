//! The bucket: objects as files under a folder, S3's API before them, S3's events behind.
//!
//! `s3s` speaks the protocol and checks signatures, `s3s-fs` keeps the files; here are the
//! conditions they leave out, the browser's form upload with its policy, CORS, and the events.
//! A file put into the folder by hand is an object like any other, but emits no event.

mod api;
mod cors;
mod event;
mod form;
mod policy;
mod store;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::error_handling::HandleError;
use axum::middleware;
use http::StatusCode;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;

use event::Announcer;
use form::Uploads;
use store::Store;

/// The bucket to play.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the objects and what is known of them; survives a restart.
    pub root: PathBuf,
    /// The one bucket, created if absent.
    pub bucket: String,
    /// What the events call `awsRegion`.
    pub region: String,
    /// The one key pair that may do anything.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Receives each S3 event JSON (`{"Records": […]}`) once the object is durable.
    pub events: UnboundedSender<Value>,
}

/// Serves until the listener fails; creates the bucket if it is absent.
pub async fn serve(listener: TcpListener, config: Config) -> io::Result<()> {
    let bucket = config.root.join(&config.bucket);
    tokio::fs::create_dir_all(&bucket).await?;
    let announcer = Announcer::new(&config.region, config.events);
    let store = Store::open(&config.root, announcer)
        .map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut builder = S3ServiceBuilder::new(store.clone());
    let secret = config.secret_access_key.clone();
    builder.set_auth(SimpleAuth::from_single(config.access_key_id.clone(), secret));
    let api = HandleError::new(builder.build(), |_: s3s::HttpError| async {
        StatusCode::INTERNAL_SERVER_ERROR
    });
    let uploads = Uploads {
        store,
        access_key_id: config.access_key_id,
        secret_access_key: config.secret_access_key,
    };
    let router = Router::new()
        .fallback_service(api)
        .layer(middleware::from_fn_with_state(Arc::new(uploads), form::intercept))
        .layer(middleware::from_fn(cors::answer));
    axum::serve(listener, router).await
}
