//! What invokes functions beside HTTP: the bucket's events and the schedules.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::AbortHandle,
    time::sleep,
};

use crate::{
    chance,
    runtime_api::{Outcome, RuntimeApi},
    template::{ACCOUNT, Event, Function, REGION, Rate, Template},
};

/// Hands the bucket's events to the functions whose filters they pass, until the stack ends.
pub async fn deliver_s3(
    mut events: UnboundedReceiver<Value>,
    template: watch::Receiver<Arc<Template>>,
    runtime: Arc<RuntimeApi>,
) {
    while let Some(event) = events.recv().await {
        let template = Arc::clone(&template.borrow());
        for function in &template.functions {
            let records: Vec<&Value> = event
                .get("Records")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(|record| function.events.iter().any(|rule| passes(rule, record)))
                .collect();
            if !records.is_empty() {
                runtime.invoke_later(&function.name, &json!({"Records": records}));
            }
        }
    }
}

fn passes(rule: &Event, record: &Value) -> bool {
    let Event::S3 { kinds, prefix, suffix } = rule else {
        return false;
    };
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    // Names in events lack the prefix that names in rules have; keys are form-encoded.
    let name = format!("s3:{}", text("/eventName"));
    let key = text("/s3/object/key").replace('+', " ");
    let key = percent_decode_str(&key).decode_utf8_lossy();
    let kind_matches = kinds.iter().any(|kind| match kind.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *kind == name,
    });
    kind_matches && key.starts_with(prefix.as_str()) && key.ends_with(suffix.as_str())
}

/// The schedules of the template, ticking.
#[derive(Debug)]
pub struct Schedules {
    runtime: Arc<RuntimeApi>,
    running: Mutex<Vec<AbortHandle>>,
    template: watch::Receiver<Arc<Template>>,
}

impl Schedules {
    /// None ticks before [`Schedules::start`].
    pub fn new(runtime: Arc<RuntimeApi>, template: watch::Receiver<Arc<Template>>) -> Self {
        Self { runtime, running: Mutex::default(), template }
    }

    /// Starts all schedules of the template as it is now, in place of those before.
    pub fn start(&self) {
        let template = Arc::clone(&self.template.borrow());
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.drain(..).for_each(|task| task.abort());
        for (function, event) in scheduled(&template) {
            if let Event::Schedule { rate, .. } = event {
                let tick = tick(
                    Arc::clone(&self.runtime),
                    function.name.clone(),
                    rate.clone(),
                    event.clone(),
                );
                running.push(tokio::spawn(tick).abort_handle());
            }
        }
    }

    /// Runs schedules now, one after the other, and answers how each ended; `only` picks one by its
    /// name in the template.
    pub async fn run_now(&self, only: Option<&str>) -> Vec<Value> {
        let template = Arc::clone(&self.template.borrow());
        let mut ends = Vec::new();
        for (function, event) in scheduled(&template) {
            let Event::Schedule { name, .. } = event else {
                continue;
            };
            if only.is_some_and(|only| only != name) {
                continue;
            }
            let payload = Bytes::from(payload(event, Timestamp::now()).to_string());
            let outcome = self.runtime.invoke(&function.name, payload, "").await;
            let (ok, document) = match outcome {
                Some(Outcome::Success(document)) => (true, document),
                Some(Outcome::Error(document)) => (false, document),
                Some(Outcome::Throttled) | None => (false, Bytes::new()),
            };
            let answer: Value = serde_json::from_slice(&document).unwrap_or_default();
            let function = &function.name;
            ends.push(json!({"schedule": name, "function": function, "ok": ok, "answer": answer}));
        }
        ends
    }
}

fn scheduled(template: &Template) -> impl Iterator<Item = (&Function, &Event)> {
    template.functions.iter().flat_map(|function| {
        let schedules = function.events.iter().filter(|e| matches!(e, Event::Schedule { .. }));
        schedules.map(move |event| (function, event))
    })
}

async fn tick(runtime: Arc<RuntimeApi>, function: String, rate: Rate, event: Event) {
    loop {
        sleep(rate.wait(Timestamp::now())).await;
        runtime.invoke_later(&function, &payload(&event, Timestamp::now()));
    }
}

/// The event `EventBridge` sends, or the input the template gives in its place.
fn payload(event: &Event, now: Timestamp) -> Value {
    let Event::Schedule { name, input, scheduler, .. } = event else {
        return Value::Null;
    };
    if let Some(input) = input {
        return input.clone();
    }
    let (source, kind, detail) = if *scheduler {
        ("aws.scheduler", "scheduler", json!("{}"))
    } else {
        ("aws.events", "events", json!({}))
    };
    let resource = if *scheduler { "schedule/default" } else { "rule" };
    let now = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!(BTreeMap::from([
        ("version", json!("0")),
        ("id", json!(chance::uuid())),
        ("detail-type", json!("Scheduled Event")),
        ("source", json!(source)),
        ("account", json!(ACCOUNT)),
        ("time", json!(now)),
        ("region", json!(REGION)),
        ("resources", json!([format!("arn:aws:{kind}:{REGION}:{ACCOUNT}:{resource}/{name}")])),
        ("detail", detail),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_passes_by_kind_prefix_and_suffix_of_its_decoded_key() {
        let rule = Event::S3 {
            kinds: vec!["s3:ObjectCreated:*".into()],
            prefix: "imports/".into(),
            suffix: ".csv".into(),
        };
        let record =
            |name: &str, key: &str| json!({"eventName": name, "s3": {"object": {"key": key}}});
        assert!(passes(&rule, &record("ObjectCreated:Put", "imports/a+b/c%2Ecsv")));
        assert!(!passes(&rule, &record("ObjectRemoved:Delete", "imports/a.csv")));
        assert!(!passes(&rule, &record("ObjectCreated:Post", "import-reports/a.csv")));
        assert!(!passes(&rule, &record("ObjectCreated:Post", "imports/a.json")));
    }

    #[test]
    fn a_schedule_sends_eventbridges_event_or_the_templates_input() {
        let schedule = |input: Option<Value>, scheduler| Event::Schedule {
            name: "Sweep".into(),
            rate: Rate::parse("rate(1 minute)").unwrap(),
            input,
            scheduler,
        };
        let now = "2026-03-12T19:03:58.39Z".parse().unwrap();
        let event = payload(&schedule(None, false), now);
        assert_eq!(event["source"], "aws.events");
        assert_eq!(event["time"], "2026-03-12T19:03:58Z");
        let arn = "arn:aws:events:ap-south-1:123456789012:rule/Sweep";
        assert_eq!(event["resources"], json!([arn]));
        assert_eq!(payload(&schedule(None, true), now)["source"], "aws.scheduler");
        let input = json!({"task": "holds"});
        assert_eq!(payload(&schedule(Some(input.clone()), true), now), input);
    }
}
