//! The HTTP client, made on first use, once per process.

use super::{Error, Result, Service};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// A client that is made when first used: a cold start that calls nobody pays nothing for it.
#[derive(Clone)]
pub(super) struct Http {
    client: Arc<OnceLock<reqwest::Client>>,
    service: Service,
    timeout: Duration,
}

impl Http {
    pub(super) fn new(service: Service, timeout: Duration) -> Self {
        Self { client: Arc::default(), service, timeout }
    }

    pub(super) fn client(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = reqwest::Client::builder()
            .timeout(self.timeout)
            .connect_timeout(Duration::from_secs(2))
            .pool_idle_timeout(Duration::from_secs(50))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("MediConnect")
            .build()
            .map_err(|error| Error::unavailable(self.service, error.without_url()))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// An error without the address, which may carry what should not be logged.
    pub(super) fn unavailable(&self, error: reqwest::Error) -> Error {
        Error::unavailable(self.service, error.without_url())
    }
}
