//! What the clients of AWS have in common.

use super::{Error, Service};
use aws_sdk_s3::{
    config::SharedHttpClient,
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use std::error::Error as _;

/// The codes with which AWS says that the same request may succeed later.
const LATER: [&str; 5] = [
    "TooManyRequestsException",
    "ThrottlingException",
    "Throttling",
    "LimitExceededException",
    "SendingPausedException",
];

/// The roots all of AWS is certified by (<https://www.amazontrust.com/repository/>).
const ROOTS: &[u8] = include_bytes!("../../roots/amazon.pem");

/// By what a client of AWS connects. It trusts Amazon's own roots: reading the system's hundred and
/// forty is most of what a first call costs, and none of the others vouches for AWS.
pub(super) fn http_client() -> SharedHttpClient {
    let by = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    let roots = TrustStore::empty().with_pem_certificate(ROOTS);
    match TlsContext::builder().with_trust_store(roots).build() {
        Ok(context) => by.tls_context(context).build_https(),
        // Never; it would cost time and nothing else.
        Err(_) => by.build_https(),
    }
}

/// The HTTP status of an answer that is an error.
pub(super) fn status_of<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// An error by what can be done about it. AWS's words may name a key or an address, so only its
/// code is kept.
pub(super) fn failure<E>(service: Service, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Some(status) = status_of(error) else {
        return Error::unavailable(service, unanswered(error));
    };
    let code = error.code().unwrap_or("unknown");
    if status >= 500 || status == 429 || LATER.contains(&code) {
        return Error::unavailable(service, format_args!("{status} {code}"));
    }
    Error::Refused {
        service,
        status,
        code: code.to_owned(),
        description: "its words are not kept".to_owned(),
    }
}

/// Why no answer came: the chain of causes, which speaks of the connection only.
fn unanswered<E: std::error::Error + 'static>(error: &SdkError<E>) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words.push_str(": ");
        words.push_str(&next.to_string());
        cause = next.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{
        RootCertStore,
        pki_types::{CertificateDer, pem::PemObject as _},
    };

    #[test]
    fn amazons_roots_can_be_read() {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(ROOTS) {
            roots.add(root.unwrap()).unwrap();
        }
        assert_eq!(roots.len(), 5, "Amazon's four, and Starfield's that signed them");
    }
}
