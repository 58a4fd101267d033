//! The other side: the customer at the checkout, the bank, and the operator who asks for a
//! webhook once more. No authentication: this is the tests' door, not Razorpay's.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::customer::{self, Attempt};
use super::delivery::{self, Plan};
use super::event::Event;
use super::ledger::Outcome;
use super::link::LinkStatus;
use super::problem::Problem;
use super::{App, faults};

/// From a refund's creation to the bank's word.
const SETTLE: Duration = Duration::from_millis(300);

/// How the bank will speak on refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundMode {
    #[default]
    Processed,
    Failed,
    /// Says nothing until the mode changes.
    Pending,
}

type Answer = Result<Json<Value>, Problem>;
type Input<T> = Result<Json<T>, JsonRejection>;

/// Everything under `/simulate`.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/checkout", post(checkout))
        .route("/payment", post(late_payment))
        .route("/payment_link/expire", post(expire_link))
        .route("/dispute", post(dispute))
        .route("/refunds", post(set_refund_mode))
        .route("/webhook", post(send_webhook))
        .route("/webhooks", get(list_webhooks))
        .route("/faults", post(faults::add).get(faults::list).delete(faults::clear))
}

/// A body that does not fit is told why; a misspelt member would otherwise be a test that
/// tests nothing.
fn parsed<T>(input: Input<T>) -> Result<T, Problem> {
    input.map(|Json(value)| value).map_err(|why| Problem::invalid(why.body_text()))
}

/// An order, or a payment link, is paid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkout {
    order_id: Option<String>,
    payment_link_id: Option<String>,
    outcome: Outcome,
    #[serde(default)]
    webhook: Plan,
    /// When, in Unix seconds, if not now: tests go by clocks of their own.
    at: Option<i64>,
}

/// The customer pays, or tries to, and the page gets what Checkout's handler would get.
async fn checkout(State(app): State<Arc<App>>, input: Input<Checkout>) -> Answer {
    let Checkout { order_id, payment_link_id, outcome, webhook, at } = parsed(input)?;
    customer::pays(&app, Attempt { order_id, payment_link_id, outcome, at }, webhook).map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLink {
    payment_link_id: String,
}

/// A link's time runs out before its time.
async fn expire_link(State(app): State<Arc<App>>, input: Input<EndLink>) -> Answer {
    let id = parsed(input)?.payment_link_id;
    let events = app.ledger().end_link(&id, LinkStatus::Expired)?;
    delivery::send_now(&app, events);
    app.ledger().link(&id).map(|link| Json(json!(link)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LatePayment {
    payment_id: String,
    outcome: Outcome,
    #[serde(default)]
    webhook: Plan,
}

/// The bank confirms a failed payment after all, or an authorized one is captured by itself.
async fn late_payment(State(app): State<Arc<App>>, input: Input<LatePayment>) -> Answer {
    let input = parsed(input)?;
    let (payment, events) = app.ledger().authorize_late(&input.payment_id, input.outcome)?;
    delivery::carry_out(&app, events, input.webhook);
    Ok(Json(json!(payment)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dispute {
    payment_id: String,
    phase: String,
    #[serde(default)]
    webhook: Plan,
}

/// The customer's bank asks a captured payment back: `payment.dispute.created`, `won`, `lost` …
async fn dispute(State(app): State<Arc<App>>, input: Input<Dispute>) -> Answer {
    let input = parsed(input)?;
    let events = app.ledger().dispute(&input.payment_id, &input.phase)?;
    delivery::carry_out(&app, events, input.webhook);
    Ok(Json(json!({ "ok": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRefundMode {
    mode: RefundMode,
}

/// How refunds settle from now on. Leaving `pending` settles those that waited.
async fn set_refund_mode(State(app): State<Arc<App>>, input: Input<SetRefundMode>) -> Answer {
    let mode = parsed(input)?.mode;
    *app.refund_mode() = mode;
    resume_refunds(&app);
    Ok(Json(json!({ "ok": true })))
}

/// Settles what has been left pending: after a change of mode, and after a restart.
pub(super) fn resume_refunds(app: &Arc<App>) {
    let pending = app.ledger().pending_refunds();
    for id in pending {
        settle_later(app, &id, Vec::new());
    }
}

/// Sends a new refund's events and lets the bank speak a little later. The mode that counts is
/// the one in force when the bank speaks, so a test may set it before or just after.
pub(super) fn settle_later(app: &Arc<App>, id: &str, events: Vec<String>) {
    delivery::send_now(app, events);
    let (app, id) = (app.clone(), id.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(SETTLE).await;
        let mode = *app.refund_mode();
        if mode != RefundMode::Pending {
            let events = app.ledger().settle(&id, mode == RefundMode::Processed);
            delivery::send_now(&app, events);
        }
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendWebhook {
    payment_id: Option<String>,
    refund_id: Option<String>,
    event: String,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// Sends an event again, one copy after the other, and tells what came back. It is the latest
/// event of that name about the payment or the refund, with its id and its bytes of then.
async fn send_webhook(State(app): State<Arc<App>>, input: Input<SendWebhook>) -> Answer {
    let input = parsed(input)?;
    let wanted = |event: &&Event| {
        event.name == input.event
            && input.payment_id.as_ref().is_none_or(|id| event.payment_id.as_ref() == Some(id))
            && input.refund_id.as_ref().is_none_or(|id| event.refund_id.as_ref() == Some(id))
    };
    if input.payment_id.is_none() && input.refund_id.is_none() {
        return Err(Problem::invalid("payment_id or refund_id is required"));
    }
    let found = app.ledger().events.iter().rev().find(wanted).map(|event| event.id.clone());
    let id = found.ok_or_else(Problem::no_such_id)?;
    for _ in 0..input.times {
        delivery::attempt(&app, &id).await;
    }
    let summary = app.ledger().events.get(&id).map(Event::summary);
    Ok(Json(summary.unwrap_or_default()))
}

/// Every event and what has become of it, oldest first.
async fn list_webhooks(State(app): State<Arc<App>>) -> Response {
    let items: Vec<Value> = app.ledger().events.iter().map(Event::summary).collect();
    Json(json!({ "items": items })).into_response()
}
