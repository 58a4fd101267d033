//! Services outside: Upstash, Razorpay, SES, S3, Lambda and others of AWS's. Concrete clients with a base
//! URL, a time-out and a retry policy; a test puts a real server behind the URL.
//!
//! Only this module names `reqwest` and the AWS SDKs.

mod attempts;
mod aws;
mod cloud_formation;
mod dispatch;
mod http;
mod mail;
mod presign;
mod quota;
mod razorpay;
mod s3;
mod s3_writer;
mod secrets;
mod ses;
mod sessions;
mod signing;
mod upstash;

pub use attempts::{Attempts, Limits, OtpRequest, OtpRequested};
pub use cloud_formation::CloudFormation;
pub use dispatch::{DispatchSettings, Dispatcher, Invocation};
pub use mail::{Mail, Rendered, time_for_people};
pub use presign::{BucketLinks, LinkSettings, UploadForm};
pub use quota::{Counted, Standing};
pub use razorpay::{
    AccountVault, HospitalMerchants, Keys, MadeLink, Merchants, Razorpay, RazorpayDispute,
    RazorpayPayment, RazorpayRefund, WebhookSecrets, checkout_signature_is_right,
};
pub use s3::{Bucket, ObjectHead, ObjectReader, ReadFailed};
pub use s3_writer::ObjectWriter;
pub use secrets::{Secret, SecretStore};
pub use ses::{Addressee, Attachment, MailFailed, Mailer};
pub use sessions::{SessionMark, SessionMarks};
pub use signing::AwsIdentity;
pub use upstash::Upstash;

use crate::calls::Service;

/// A service outside did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not answer, or not sensibly: try again later.
    #[error("{service:?} is unavailable: {cause}")]
    Unavailable {
        /// Which.
        service: Service,
        /// What happened, without the request's data.
        cause: String,
    },
    /// It understood and refused.
    #[error("{service:?} refused with {status} {code}: {description}")]
    Refused {
        /// Which.
        service: Service,
        /// The HTTP status.
        status: u16,
        /// Its code for the error.
        code: String,
        /// Its words.
        description: String,
    },
}

impl Error {
    pub(crate) fn unavailable(service: Service, cause: impl std::fmt::Display) -> Self {
        Self::Unavailable { service, cause: cause.to_string() }
    }
}

/// The result of a call outside.
pub type Result<T> = std::result::Result<T, Error>;
