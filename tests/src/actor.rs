//! Somebody who uses the API, from an address of his own.

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test world that breaks ends its test"
)]

use crate::{answer::Answer, api::Api, call::Call};
use serde_json::{Value, json};

/// A client of the API, logged in or not.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The API he uses.
    pub api: Api,
    /// The address the requests come from.
    pub ip: String,
    /// The e-mail address of the account; empty for a visitor.
    pub email: String,
    /// The hospital's code; empty where there is none.
    pub code: String,
    /// The account's id.
    pub account: String,
    /// The id of the first patient the account acts for.
    pub patient: String,
    /// The access token; empty for a visitor.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// A text in a document, by its pointer.
#[track_caller]
pub fn text(document: &Value, pointer: &str) -> String {
    match document.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("no text at {pointer} but {other:?} in {document}"),
    }
}

/// A whole number in a document, by its pointer.
#[track_caller]
pub fn number(document: &Value, pointer: &str) -> i64 {
    let number = document.pointer(pointer).and_then(Value::as_i64);
    number.unwrap_or_else(|| panic!("no number at {pointer} in {document}"))
}

/// The `items` of a list.
#[track_caller]
pub fn items(list: &Value) -> Vec<Value> {
    match list.get("items") {
        Some(Value::Array(items)) => items.clone(),
        other => panic!("no items but {other:?}"),
    }
}

/// The ids of a list's items.
#[track_caller]
pub fn ids(list: &Value) -> Vec<String> {
    items(list).iter().map(|item| text(item, "/id")).collect()
}

impl Actor {
    /// Nobody in particular.
    pub fn visitor(api: &Api) -> Self {
        let none = String::new;
        Self {
            api: api.clone(),
            ip: api.fresh_ip(),
            email: none(),
            code: none(),
            account: none(),
            patient: none(),
            access: none(),
            refresh: none(),
        }
    }

    /// The same person at another variant of the API.
    #[must_use]
    pub fn at(&self, api: &Api) -> Self {
        Self { api: api.clone(), ..self.clone() }
    }

    /// The same person from another address.
    #[must_use]
    pub fn elsewhere(&self) -> Self {
        Self { ip: self.api.fresh_ip(), ..self.clone() }
    }

    /// The same person with the tokens of a log-in's answer.
    #[must_use]
    pub fn becomes(&self, logged_in: &Value) -> Self {
        Self {
            access: text(logged_in, "/accessToken"),
            refresh: text(logged_in, "/refreshToken"),
            account: text(logged_in, "/user/id"),
            email: text(logged_in, "/user/email"),
            ..self.clone()
        }
    }

    /// The same person with this access token.
    #[must_use]
    pub fn with_token(&self, access: &str) -> Self {
        Self { access: access.to_owned(), ..self.clone() }
    }

    /// Sends a request with his token, from his address.
    pub async fn send(&self, call: Call) -> Answer {
        let call = call.from(&self.ip);
        let call = match self.access.as_str() {
            "" => call,
            token => call.header("authorization", format!("Bearer {token}")),
        };
        self.api.call(&call).await
    }

    /// Reads.
    pub async fn get(&self, target: impl Into<String>) -> Answer {
        self.send(Call::get(target)).await
    }

    /// Sends JSON.
    pub async fn post(&self, target: impl Into<String>, body: Value) -> Answer {
        self.send(Call::post(target, &body)).await
    }

    /// Sends JSON under an idempotency key.
    pub async fn post_once(&self, key: &str, target: &str, body: &Value) -> Answer {
        self.send(Call::post(target, body).header("idempotency-key", key)).await
    }

    /// Changes.
    pub async fn patch(&self, target: impl Into<String>, body: Value) -> Answer {
        self.send(Call::new("PATCH", target).json(&body)).await
    }

    /// Puts in place.
    pub async fn put(&self, target: impl Into<String>, body: Value) -> Answer {
        self.send(Call::new("PUT", target).json(&body)).await
    }

    /// Removes.
    pub async fn delete(&self, target: impl Into<String>) -> Answer {
        self.send(Call::new("DELETE", target)).await
    }

    /// Sends an empty POST.
    pub async fn act(&self, target: impl Into<String>) -> Answer {
        self.send(Call::new("POST", target)).await
    }

    /// Proves his address by the OTP in his last mail, and is logged in.
    pub async fn activated(&self, email: &str, code: &str) -> Self {
        let otp = self.api.mail().code(email).await;
        let body = json!({ "email": email, "hospital": code, "otp": otp });
        let answer = self.post("/otp-login/verify", body).await.is(200);
        Self { code: code.to_owned(), ..self.becomes(&answer) }
    }

    /// The same person with fresh tokens: time has passed.
    pub async fn refreshed(&self) -> Self {
        let body = json!({ "refreshToken": self.refresh });
        self.becomes(&self.with_token("").post("/token/refresh", body).await.is(200))
    }

    /// The same person after a long time away: logged in anew, by an OTP.
    pub async fn comes_back(&self) -> Self {
        let again = self.with_token("").elsewhere();
        again.post("/otp-login", self.key()).await.is(202);
        again.activated(&self.email, &self.code).await
    }

    /// What names his account in a log-in.
    pub fn key(&self) -> Value {
        json!({ "email": self.email, "hospital": self.code })
    }

    /// His log-in with these members more.
    pub fn key_and(&self, more: &Value) -> Value {
        let mut key = self.key();
        if let (Some(key), Some(more)) = (key.as_object_mut(), more.as_object()) {
            key.extend(more.clone());
        }
        key
    }

    /// Whether his access token is still good.
    pub async fn is_in(&self) -> bool {
        match self.get("/me").await {
            answer if answer.status == 200 => true,
            answer => {
                answer.refused(401, "UNAUTHENTICATED");
                false
            }
        }
    }
}
