//! The connection: made on first use, once per process.

use super::{Error, Result};
use crate::calls::{Service, call, within};
use mongodb::{Client, options::ClientOptions};
use std::{future::IntoFuture, sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// A database that connects when something is first asked of it: a cold start that answers
/// without the database pays nothing for it.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    uri: String,
    name: String,
    handle: OnceCell<mongodb::Database>,
}

/// The longest any one command may take.
const COMMAND: Duration = Duration::from_secs(5);

impl Database {
    /// The database of this name at this URI.
    pub fn new(uri: String, name: String) -> Self {
        Self(Arc::new(Inner { uri, name, handle: OnceCell::new() }))
    }

    /// The handle, connected on first use.
    pub(super) async fn handle(&self) -> Result<&mongodb::Database> {
        self.0.handle.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<mongodb::Database> {
        let mut options = ClientOptions::parse(&self.0.uri).await?;
        options.app_name.get_or_insert_with(|| "mediconnect".to_owned());
        // One invocation at a time: a few connections are enough, and a thousand functions must
        // not exhaust the cluster.
        options.max_pool_size.get_or_insert(8);
        options.max_idle_time.get_or_insert(Duration::from_secs(60));
        options.server_selection_timeout.get_or_insert_with(|| within(Duration::from_secs(3)));
        options.connect_timeout.get_or_insert_with(|| within(Duration::from_secs(2)));
        Ok(Client::with_options(options)?.database(&self.0.name))
    }

    pub(super) async fn session(&self) -> Result<mongodb::ClientSession> {
        bounded(self.handle().await?.client().start_session()).await
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.0.name)
    }
}

/// Runs a command with a time-out.
pub(super) async fn bounded<T>(
    command: impl IntoFuture<Output = mongodb::error::Result<T>>,
) -> Result<T> {
    bounded_by(COMMAND, command).await
}

/// Runs a command that only tidies up, and briefly: after a command that timed out the answer must
/// still come while its function has time, and time itself ends what was begun.
pub(super) async fn briefly<T>(
    command: impl IntoFuture<Output = mongodb::error::Result<T>>,
) -> Result<T> {
    bounded_by(Duration::from_secs(1), command).await
}

/// Runs a command that may take this long.
pub(super) async fn bounded_by<T>(
    limit: Duration,
    command: impl IntoFuture<Output = mongodb::error::Result<T>>,
) -> Result<T> {
    let command = tokio::time::timeout(within(limit), command.into_future());
    match call(Service::MongoDb, command).await {
        Ok(result) => result.map_err(Error::from),
        Err(_) => Err(Error::Unavailable("a command timed out".to_owned())),
    }
}
