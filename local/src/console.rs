//! A small server for people and tests: the mails as a plain list, and schedules on demand.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::triggers::Schedules;

/// Where the mails are, and the schedules when functions run.
#[derive(Debug, Clone)]
pub struct Console {
    mails: Mails,
    schedules: Option<Arc<Schedules>>,
}

/// The mails the local SES keeps.
#[derive(Debug, Clone)]
pub struct Mails {
    http: reqwest::Client,
    url: String,
}

impl Mails {
    /// Mails of the SES at this base.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(ses_url: &str) -> anyhow::Result<Self> {
        // Node closes a connection that is idle for five seconds, and may be about to when it is
        // used again.
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { http, url: format!("{ses_url}/store") })
    }

    /// All mails, the oldest first, each as `aws-ses-v2-local` has it: `messageId`, `from`,
    /// `destination`, `subject`, `body.text`, `body.html`, `at` (epoch seconds).
    ///
    /// # Errors
    /// When SES does not answer.
    pub async fn all(&self) -> anyhow::Result<Vec<Value>> {
        self.wanted(&Wanted::default()).await
    }

    /// The mails since a second of the clock; all, if there is none.
    ///
    /// # Errors
    /// As for [`Mails::all`].
    pub async fn since(&self, since: Option<u64>) -> anyhow::Result<Vec<Value>> {
        self.wanted(&Wanted { since, to: None }).await
    }

    /// The mails that are wanted.
    async fn wanted(&self, wanted: &Wanted) -> anyhow::Result<Vec<Value>> {
        let url = match wanted.since {
            Some(since) => format!("{}?since={since}", self.url),
            None => self.url.clone(),
        };
        let answer = self.http.get(url).send().await?.error_for_status()?;
        let mut store: Value = answer.json().await?;
        match store.get_mut("emails").map(Value::take) {
            Some(Value::Array(mut mails)) => {
                mails.retain(|mail| wanted.covers(mail));
                Ok(mails)
            }
            _ => anyhow::bail!("the mail store has no list of mails"),
        }
    }
}

impl Console {
    /// A console; without schedules where no functions run.
    pub fn new(mails: Mails, schedules: Option<Arc<Schedules>>) -> Self {
        Self { mails, schedules }
    }

    /// Its routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/mail", get(mail))
            .route("/schedules/run", post(run_schedules))
            .with_state(self)
    }
}

/// `?to=` an address, `?since=` epoch seconds: many tests share one list.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    to: Option<String>,
    since: Option<u64>,
}

impl Wanted {
    fn covers(&self, mail: &Value) -> bool {
        let Some(to) = &self.to else { return true };
        let addressed = mail.pointer("/destination/to").and_then(Value::as_array);
        addressed.is_some_and(|all| all.iter().any(|one| one == to.as_str()))
    }
}

async fn mail(State(console): State<Console>, Query(wanted): Query<Wanted>) -> Response {
    match console.mails.wanted(&wanted).await {
        Ok(mails) => Json(mails).into_response(),
        Err(error) => {
            (StatusCode::BAD_GATEWAY, Json(json!({"message": error.to_string()}))).into_response()
        }
    }
}

#[derive(Debug, Deserialize)]
struct Only {
    name: Option<String>,
}

async fn run_schedules(State(console): State<Console>, Query(only): Query<Only>) -> Response {
    let Some(schedules) = &console.schedules else {
        return (StatusCode::NOT_FOUND, Json(json!({"message": "no functions run here"})))
            .into_response();
    };
    let runs = schedules.run_now(only.name.as_deref()).await;
    Json(json!({"runs": runs})).into_response()
}
