//! Mail through Amazon SES v2.

use super::{
    Error, Mail, Result, Service,
    aws::{attempts, failure, http_client},
};
use crate::{
    calls::{call, within},
    models::{AccountId, Email},
};
use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_sdk_sesv2::{
    Client,
    error::ProvideErrorMetadata as _,
    primitives::Blob,
    types::{
        Attachment as SesAttachment, Body, Content, Destination, EmailContent, Message, MessageTag,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// Why a mail was not sent: [`Error::Unavailable`] is worth another try later, as is a mail SES
/// drops when the account sends too fast; [`Error::Refused`] is not.
pub type MailFailed = Error;

/// The codes by which SES refuses this one mail. All others are about the account, its rights or its
/// domain, which somebody mends while the mails wait.
const OF_THE_MAIL: [&str; 2] = ["MessageRejected", "BadRequestException"];

/// A file that goes with a mail.
#[derive(Clone)]
pub struct Attachment {
    /// Its name, without a path.
    pub name: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Shows the type only: name and content are a person's.
impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({})", self.content_type)
    }
}

/// Whom a mail is for.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    /// The address.
    pub email: &'a Email,
    /// Its account. SES tells it again with a bounce, so that only that one's hospital hears of it.
    pub account: &'a AccountId,
}

/// The name of the tag with the account.
const ACCOUNT_TAG: &str = "account";

/// Sends mails. The client is made with the first one, once per process; region, credentials and
/// endpoint (`AWS_ENDPOINT_URL_SESV2`) are found by the SDK's own rules.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    from: String,
    app_url: String,
    events: Option<String>,
    client: OnceCell<Client>,
}

impl Mailer {
    /// A mailer that sends as `from` (`MediConnect <no-reply@…>`) and links to the product at
    /// `app_url`. What becomes of its mails SES tells by the configuration set `events`.
    pub fn new(from: String, app_url: String, events: Option<String>) -> Self {
        Self(Arc::new(Inner { from, app_url, events, client: OnceCell::new() }))
    }

    /// Sends one mail, with a file or without. A mail may arrive twice where an answer of SES was
    /// lost; none of ours does harm then. Neither address nor content is in the error.
    pub async fn send(
        &self,
        to: Addressee<'_>,
        mail: &Mail<'_>,
        attachment: Option<Attachment>,
    ) -> Result<()> {
        let rendered = mail
            .render(&self.0.app_url)
            .map_err(|error| Error::unavailable(Service::Ses, error))?;
        let body = Body::builder().html(utf8(rendered.html)?).text(utf8(rendered.text)?).build();
        let attachments = attachment.map(attached).transpose()?.map(|one| vec![one]);
        let message = Message::builder().subject(utf8(rendered.subject)?).body(body);
        let message = message.set_attachments(attachments).build();
        let tag = MessageTag::builder().name(ACCOUNT_TAG).value(to.account.as_str()).build();
        let tag = tag.map_err(|error| Error::unavailable(Service::Ses, error))?;
        let send = self
            .client()
            .await
            .send_email()
            .from_email_address(&self.0.from)
            .destination(Destination::builder().to_addresses(to.email.as_str()).build())
            .content(EmailContent::builder().simple(message).build())
            .email_tags(tag)
            .set_configuration_set_name(self.0.events.clone());
        let sent = call(Service::Ses, send.send()).await;
        sent.map(|_| ()).map_err(|error| match error.code() {
            Some(code) if !OF_THE_MAIL.contains(&code) => Error::unavailable(Service::Ses, code),
            _ => failure(Service::Ses, &error),
        })
    }

    async fn client(&self) -> &Client {
        let make = || async {
            let timeouts = TimeoutConfig::builder()
                .operation_attempt_timeout(within(Duration::from_millis(2500)))
                .operation_timeout(within(Duration::from_secs(5)))
                .build();
            let config = aws_config::defaults(BehaviorVersion::latest())
                .http_client(http_client(Service::Ses))
                .timeout_config(timeouts)
                .retry_config(attempts(2))
                .load()
                .await;
            Client::new(&config)
        };
        self.0.client.get_or_init(make).await
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mailer({})", self.0.from)
    }
}

fn attached(attachment: Attachment) -> Result<SesAttachment> {
    let file = SesAttachment::builder()
        .file_name(attachment.name)
        .content_type(attachment.content_type)
        .raw_content(Blob::new(attachment.content));
    file.build().map_err(|error| Error::unavailable(Service::Ses, error))
}

fn utf8(data: impl Into<String>) -> Result<Content> {
    let content = Content::builder().charset("UTF-8").data(data).build();
    content.map_err(|error| Error::unavailable(Service::Ses, error))
}
