//! The API and its mails, as a demonstration's people use them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::console::Mails;

/// How long a mail may take.
const MAIL_LIMIT: Duration = Duration::from_secs(30);

/// A client of the API.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    mails: Mails,
}

/// Somebody to be: each plays from an address of their own, so that limits per address do not add
/// up over a demonstration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) ip: &'a str,
    pub(super) token: Option<&'a str>,
}

impl Client {
    pub(super) fn new(api: &str, mails: Mails) -> Result<Self> {
        let http =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(35)).build()?;
        Ok(Self { http, api: api.to_owned(), mails })
    }

    /// One POST; answers the status and the document.
    pub(super) async fn post(
        &self,
        caller: Caller<'_>,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value)> {
        let mut call = self
            .http
            .post(format!("{}{path}", self.api))
            .header("x-local-source-ip", caller.ip)
            .json(body);
        if let Some(token) = caller.token {
            call = call.bearer_auth(token);
        }
        let answer = call.send().await.with_context(|| format!("POST {path} got no answer"))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap_or_default();
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// One POST that has to end in one of `expected`.
    pub(super) async fn must(
        &self,
        caller: Caller<'_>,
        path: &str,
        body: &Value,
        expected: &[u16],
    ) -> Result<(u16, Value)> {
        let (status, answer) = self.post(caller, path, body).await?;
        if !expected.contains(&status) {
            bail!("POST {path} answered {status}: {answer}");
        }
        Ok((status, answer))
    }

    /// Logs in; `None` when the log-in is refused.
    pub(super) async fn log_in(
        &self,
        ip: &str,
        email: &str,
        password: &str,
        hospital: Option<&str>,
    ) -> Result<Option<String>> {
        let mut body = json!({"email": email, "password": password});
        if let (Some(code), Some(members)) = (hospital, body.as_object_mut()) {
            members.insert("hospital".into(), json!(code));
        }
        let caller = Caller { ip, token: None };
        let (status, answer) = self.must(caller, "/login", &body, &[200, 401]).await?;
        if status == 401 {
            return Ok(None);
        }
        let token = answer.get("accessToken").and_then(Value::as_str);
        Ok(Some(token.context("the log-in's answer has no accessToken")?.to_owned()))
    }

    /// How many mails an address has got.
    pub(super) async fn count(&self, address: &str) -> Result<usize> {
        Ok(self.mails_to(address).await?.len())
    }

    /// The code in the first mail with one that an address gets after its first `seen`, and how many
    /// are seen then; `None` when none comes.
    pub(super) async fn code(&self, address: &str, seen: usize) -> Result<Option<(String, usize)>> {
        let end = Instant::now() + MAIL_LIMIT;
        while Instant::now() < end {
            let mails = self.mails_to(address).await?;
            let mut new = mails.iter().enumerate().skip(seen);
            if let Some(found) = new.find_map(|(at, mail)| Some((otp(mail)?, at + 1))) {
                return Ok(Some(found));
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(None)
    }

    async fn mails_to(&self, address: &str) -> Result<Vec<Value>> {
        let mut mails = self.mails.all().await.context("the mails cannot be read")?;
        mails.retain(|mail| {
            let to = mail.pointer("/destination/to").map(Value::to_string).unwrap_or_default();
            to.to_ascii_lowercase().contains(&address.to_ascii_lowercase())
        });
        Ok(mails)
    }
}

/// The six digits, standing alone, in a mail's text.
fn otp(mail: &Value) -> Option<String> {
    let text = mail.pointer("/body/text").and_then(Value::as_str)?;
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let code = words.into_iter().find(|w| w.len() == 6 && w.bytes().all(|b| b.is_ascii_digit()));
    code.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_alone() {
        let mail = |text: &str| json!({"body": {"text": text}});
        assert_eq!(otp(&mail("Your code:\n 042137.\nValid 10 min")).as_deref(), Some("042137"));
        assert_eq!(otp(&mail("ref 1234567, call 99999 or a123456")), None);
        assert_eq!(otp(&json!({})), None);
    }
}
