//! The HTTP client, made on first use, once per process.

use super::{Error, Result, Service};
use crate::calls;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// A client that is made when first used: a cold start that calls nobody pays nothing for it.
#[derive(Clone)]
pub(super) struct Http {
    client: Arc<OnceLock<reqwest::Client>>,
    service: Service,
    timeout: Option<Duration>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Http({:?})", self.service)
    }
}

impl Http {
    /// Of a service that answers within this time, its answer read to the end.
    pub(super) fn new(service: Service, timeout: Duration) -> Self {
        Self { client: Arc::default(), service, timeout: Some(timeout) }
    }

    /// Of a service whose answers are of any length: one begins, and each further read comes, within
    /// twenty seconds.
    pub(super) fn streaming(service: Service) -> Self {
        Self { client: Arc::default(), service, timeout: None }
    }

    pub(super) fn client(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let tls = tls().map_err(|error| Error::unavailable(self.service, error))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .read_timeout(Duration::from_secs(20))
            .connect_timeout(calls::within(Duration::from_secs(2)))
            .pool_idle_timeout(Duration::from_secs(50))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("MediConnect")
            .build()
            .map_err(|error| Error::unavailable(self.service, error.without_url()))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Sends a request and reads the answer to its end, as one call. An error is without the address,
    /// which may carry what should not be logged.
    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let request = match self.timeout {
            Some(timeout) => request.timeout(calls::within(timeout)),
            None => request,
        };
        let answered = async {
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok(Answer { status, headers, body: answer.bytes().await? })
        };
        let answered: reqwest::Result<Answer> = calls::call(self.service, answered).await;
        answered.map_err(|error| Error::unavailable(self.service, error.without_url()))
    }
}

/// An answer that has come to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// TLS against the roots of Mozilla that are compiled in. The system's would have to be read and
/// parsed, all hundred and forty of them, by every function that starts.
fn tls() -> std::result::Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_made_without_asking_the_system() {
        let http = Http::new(Service::Upstash, Duration::from_secs(2));
        assert!(http.client().is_ok());
        assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 100);
    }
}
