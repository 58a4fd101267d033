//! Sending webhooks: signed over the bytes sent, five seconds for an answer, then again and
//! again with growing pauses. At least once, and in no order that may be relied on.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::App;
use super::event::{Delivery, Event};

/// Tries of one event, the first included. Razorpay goes on for a day; with the pause doubling
/// from a second this is over an hour, longer than any stack is kept waiting.
const TRIES: u32 = 12;

/// Pause before the second try.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Most copies of one event that a plan may ask for.
const COPIES: u32 = 100;

/// When, how often and in which order the events of one checkout go out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Plan {
    Word(Word),
    Detail(Detail),
}

/// The two short forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Now,
    Never,
}

/// The long form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Detail {
    delay_ms: u64,
    /// Copies of each event, sent at the same moment with the same id.
    times: Option<u32>,
    /// Names of the events to send, in this order; those left out are only recorded.
    order: Option<Vec<String>>,
}

impl Default for Plan {
    fn default() -> Self {
        Self::Word(Word::Now)
    }
}

/// Hex HMAC-SHA256, the form of both of Razorpay's signatures.
pub(super) fn sign(secret: &str, message: &[u8]) -> String {
    // HMAC takes a key of any length; there is no error to meet.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(message);
            HEXLOWER.encode(&mac.finalize().into_bytes())
        },
    )
}

/// Sends events in their order, at once.
pub(super) fn send_now(app: &Arc<App>, events: Vec<String>) {
    carry_out(app, events, Plan::default());
}

/// Sends these events as the plan says; answers before the first is sent.
pub(super) fn carry_out(app: &Arc<App>, events: Vec<String>, plan: Plan) {
    let detail = match plan {
        Plan::Word(Word::Now) => Detail::default(),
        Plan::Word(Word::Never) => {
            mark(app, &events, Delivery::Recorded);
            return;
        }
        Plan::Detail(detail) => detail,
    };
    if app.config.webhook_url.is_none() {
        mark(app, &events, Delivery::Recorded);
        return;
    }
    let chosen = match &detail.order {
        None => events.clone(),
        Some(names) => in_order(app, &events, names),
    };
    let left: Vec<String> = events.into_iter().filter(|id| !chosen.contains(id)).collect();
    mark(app, &left, Delivery::Recorded);
    let app = app.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(detail.delay_ms)).await;
        let copies = detail.times.unwrap_or(1).min(COPIES);
        for id in chosen {
            let sends = (0..copies).map(|_| attempt(&app, &id));
            let delivered = join_all(sends).await.into_iter().any(|accepted| accepted);
            if !delivered && copies > 0 {
                tokio::spawn(retry(app.clone(), id));
            }
        }
    });
}

fn in_order(app: &App, events: &[String], names: &[String]) -> Vec<String> {
    let ledger = app.ledger();
    let find = |name: &String| {
        events.iter().find(|id| ledger.events.get(id).is_some_and(|event| event.name == *name))
    };
    names.iter().filter_map(find).cloned().collect()
}

fn mark(app: &App, events: &[String], delivery: Delivery) {
    let mut ledger = app.ledger();
    for id in events {
        if let Some(event) = ledger.events.get(id).cloned() {
            ledger.put_event(Event { delivery, ..event });
        }
    }
}

/// Goes on with the events of the last run.
pub(super) fn resume(app: &Arc<App>) {
    let pending: Vec<String> = {
        let ledger = app.ledger();
        let pending = ledger.events.iter().filter(|it| it.delivery == Delivery::Pending);
        pending.map(|event| event.id.clone()).collect()
    };
    for id in pending {
        tokio::spawn(retry(app.clone(), id));
    }
}

/// Tries until the event is taken, the tries are used up, or there is nothing to send.
async fn retry(app: Arc<App>, id: String) {
    loop {
        let tried = app.ledger().events.get(&id).map(|event| event.attempts.max(1));
        let Some(tried) = tried else { return };
        if tried >= TRIES {
            mark(&app, std::slice::from_ref(&id), Delivery::Failed);
            return;
        }
        let doublings = tried.saturating_sub(1);
        tokio::time::sleep(FIRST_PAUSE.saturating_mul(1 << doublings.min(TRIES))).await;
        if attempt(&app, &id).await {
            return;
        }
    }
}

/// One send. True when there is nothing left to do: the endpoint answered with 2xx, another
/// copy was taken meanwhile, or there is no endpoint.
pub(super) async fn attempt(app: &App, id: &str) -> bool {
    let event = app.ledger().events.get(id).cloned();
    let (Some(event), Some(url)) = (event, &app.config.webhook_url) else {
        return true;
    };
    let sent = app
        .http
        .post(url)
        .header("content-type", "application/json")
        .header("x-razorpay-signature", sign(&app.config.webhook_secret, event.body.as_bytes()))
        .header("x-razorpay-event-id", &event.id)
        .body(event.body)
        .send()
        .await;
    let status = sent.ok().map(|answer| answer.status());
    let accepted = status.is_some_and(|status| status.is_success());
    let mut ledger = app.ledger();
    let Some(mut event) = ledger.events.get(id).cloned() else {
        return true;
    };
    event.attempts = event.attempts.saturating_add(1);
    event.last_status = status.map(|status| status.as_u16());
    // A copy that fails does not undo one that was taken, nor does it start retries.
    if accepted {
        event.delivery = Delivery::Delivered;
    }
    let done = event.delivery == Delivery::Delivered;
    ledger.put_event(event);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // Test case 2 of RFC 4231.
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_plan_has_two_words_and_a_long_form() {
        let plan = |text: &str| serde_json::from_str::<Plan>(text);
        assert_eq!(plan("\"never\"").unwrap(), Plan::Word(Word::Never));
        let detail = plan(r#"{"delayMs": 5, "times": 3, "order": ["order.paid"]}"#).unwrap();
        assert!(matches!(detail, Plan::Detail(it) if it.times == Some(3)));
        assert!(plan(r#"{"delay": 5}"#).is_err());
    }
}
