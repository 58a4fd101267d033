//! The mails the local SES keeps.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::{seeded, stack};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// One mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The subject.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// What is attached.
    pub files: Vec<MailFile>,
}

/// A file that came with a mail.
#[derive(Debug, Clone)]
pub struct MailFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl Mail {
    /// The six digits that stand on a line of their own.
    pub fn code(&self) -> Option<String> {
        let lines = self.text.lines().map(str::trim);
        let mut codes =
            lines.filter(|line| line.len() == 6 && line.bytes().all(|b| b.is_ascii_digit()));
        codes.next().map(str::to_owned)
    }
}

/// Reads mails.
#[derive(Debug, Clone)]
pub struct Mailbox {
    http: reqwest::Client,
    since: i64,
}

fn files(mail: &Value) -> Vec<MailFile> {
    let attached = mail.get("attachments").and_then(Value::as_array);
    let file = |file: &Value| {
        let text = |name| file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let content = STANDARD.decode(text("content")).expect("a file is base64");
        MailFile { name: text("filename"), content_type: text("contentType"), content }
    };
    attached.into_iter().flatten().map(file).collect()
}

impl Mailbox {
    /// Mails from now on.
    pub fn new(http: reqwest::Client) -> Self {
        Self { http, since: jiff::Timestamp::now().as_second() - 1 }
    }

    /// The mails an address got, oldest first.
    pub async fn to(&self, address: &str) -> Vec<Mail> {
        let url = format!("{}?since={}&to={address}", stack::of("/mail/messages"), self.since);
        let answer = self.http.get(url).send().await.expect("the mails can be read");
        let text = answer.text().await.expect("the mails can be read");
        let all: Vec<Value> = serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("the mails are a list, and not: {text}"));
        let addressed = |mail: &Value| {
            let to = mail.pointer("/destination/to").and_then(Value::as_array);
            to.is_some_and(|to| to.iter().any(|one| one == address))
        };
        let part = |mail: &Value, pointer: &str| {
            mail.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let mails = all.iter().filter(|mail| addressed(mail));
        let mails: Vec<Mail> = mails
            .map(|mail| Mail {
                subject: part(mail, "/subject"),
                text: part(mail, "/body/text"),
                files: files(mail),
            })
            .collect();
        mails.iter().filter_map(Mail::code).for_each(|code| seeded::note_code(&code));
        mails
    }

    /// The code in the last mail of an address.
    pub async fn code(&self, address: &str) -> String {
        let mails = self.to(address).await;
        let code = mails.last().and_then(Mail::code);
        code.unwrap_or_else(|| panic!("the last of {} mails to {address} has no code", mails.len()))
    }

    /// How many mails with this in the subject an address got.
    pub async fn count(&self, address: &str, subject: &str) -> usize {
        self.to(address).await.iter().filter(|mail| mail.subject.contains(subject)).count()
    }
}
