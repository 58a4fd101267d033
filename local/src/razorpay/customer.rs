//! The customer: pays an order or a payment link, or does not.

use std::sync::Arc;

use serde_json::{Value, json};

use super::App;
use super::delivery::{self, Plan};
use super::entity::Payment;
use super::ledger::Outcome;
use super::link::PaymentLink;
use super::problem::Problem;

/// What he tries to pay, and how it ends.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) order_id: Option<String>,
    pub(super) payment_link_id: Option<String>,
    pub(super) outcome: Outcome,
    /// When, in Unix seconds, if not now.
    pub(super) at: Option<i64>,
}

/// Links whose time is over are marked and told of before anybody looks at one.
pub(super) fn sweep(app: &Arc<App>) {
    let events = app.ledger().expire_links();
    delivery::send_now(app, events);
}

/// He pays, or tries to; the webhooks go out as planned. Answers what Checkout's handler would get.
pub(super) fn pays(app: &Arc<App>, attempt: Attempt, webhook: Plan) -> Result<Value, Problem> {
    sweep(app);
    let (order_id, link_id) = match (attempt.order_id, attempt.payment_link_id) {
        (Some(order), None) => (order, None),
        (None, Some(link)) => (app.ledger().link(&link)?.order_id.clone(), Some(link)),
        _ => return Err(Problem::invalid("one of order_id and payment_link_id is required")),
    };
    let (payment, events) = app.ledger().checkout(&order_id, attempt.outcome, attempt.at)?;
    delivery::carry_out(app, events, webhook);
    match attempt.outcome {
        // The second never comes so far: no payment begins by going back.
        Outcome::Failed | Outcome::Refunded => return Ok(failure(&payment)),
        Outcome::Pending => {
            return Ok(json!({
                "razorpay_order_id": payment.order_id,
                "razorpay_payment_id": payment.id,
            }));
        }
        Outcome::Captured | Outcome::Authorized => {}
    }
    if let Some(id) = link_id {
        let ledger = app.ledger();
        return Ok(of_link(app, ledger.link(&id)?, &payment));
    }
    let message = format!("{order_id}|{}", payment.id);
    Ok(json!({
        "razorpay_order_id": order_id,
        "razorpay_payment_id": payment.id,
        "razorpay_signature": delivery::sign(&app.config.key_secret, message.as_bytes()),
    }))
}

/// What is added to a payment link's callback address, signed over all of it
/// (razorpay.com/docs/payments/payment-links/apis: verify signature).
fn of_link(app: &App, link: &PaymentLink, payment: &Payment) -> Value {
    let status = json!(link.status);
    let word = status.as_str().unwrap_or_default();
    let message = format!("{}|{}|{word}|{}", link.id, link.reference_id, payment.id);
    json!({
        "razorpay_payment_id": payment.id,
        "razorpay_payment_link_id": link.id,
        "razorpay_payment_link_reference_id": link.reference_id,
        "razorpay_payment_link_status": status,
        "razorpay_signature": delivery::sign(&app.config.key_secret, message.as_bytes()),
    })
}

/// What Checkout's `payment.failed` handler gets, and the two ids beside it.
fn failure(payment: &Payment) -> Value {
    let ids = json!({ "payment_id": payment.id, "order_id": payment.order_id });
    let error = Problem::refused("Payment failed", "payment_authorization", "payment_failed")
        .with("source", "issuer")
        .with("metadata", ids);
    let mut body = error.into_body();
    if let Some(members) = body.as_object_mut() {
        members.insert("razorpay_payment_id".to_owned(), json!(payment.id));
        members.insert("razorpay_order_id".to_owned(), json!(payment.order_id));
    }
    body
}
