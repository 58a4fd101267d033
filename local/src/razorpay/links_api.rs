//! Razorpay's paths for payment links, under `/v1/payment_links`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::customer::sweep;
use super::input::{self, Body};
use super::link::{LinkStatus, PaymentLink};
use super::page::Page;
use super::problem::Problem;
use super::{App, delivery, ids};

/// The least time a link must have (razorpay.com/docs: fifteen minutes). That it may have six months
/// at most is not played: tests live in years of their own.
const LEAST_SECONDS: i64 = 15 * 60;

/// Members that Razorpay takes and that change nothing in a simulation.
const UNUSED: [&str; 2] = ["options", "first_min_partial_amount"];

type Answer = Result<Json<Value>, Problem>;

/// The routes; the caller puts the authentication around them.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/payment_links", get(list).post(create))
        .route("/payment_links/{id}", get(read).patch(change))
        .route("/payment_links/{id}/cancel", post(cancel))
        .route("/payment_links/{id}/notify_by/{medium}", post(notify))
}

async fn create(State(app): State<Arc<App>>, body: axum::body::Bytes) -> Answer {
    let link = parsed(Body::parse(&body)?)?;
    app.ledger().create_link(link).map(|link| Json(json!(link)))
}

fn parsed(mut body: Body) -> Result<PaymentLink, Problem> {
    let now = ids::now();
    let amount = body.required_amount()?;
    let callback_url = body.text("callback_url", 2048)?.unwrap_or_default();
    let callback_method = body.text("callback_method", 8)?.unwrap_or_default();
    if !callback_url.is_empty() && callback_method != "get" {
        let why = "The callback method must be get where a callback url is sent.";
        return Err(Problem::field("callback_method", why));
    }
    let link = PaymentLink {
        id: ids::fresh("plink_"),
        accept_partial: body.flag("accept_partial")?.unwrap_or(false),
        amount,
        amount_paid: 0,
        callback_method,
        callback_url,
        cancelled_at: 0,
        created_at: now,
        currency: body.currency()?.unwrap_or_else(|| "INR".to_owned()),
        customer: body.object("customer")?.unwrap_or_else(|| json!({})),
        description: body.text("description", 2048)?.unwrap_or_default(),
        expire_by: expiry(&mut body, now)?.unwrap_or(0),
        expired_at: 0,
        first_min_partial_amount: 0,
        notes: body.notes()?.filter(Value::is_object).unwrap_or(Value::Null),
        notify: body.object("notify")?.unwrap_or_else(|| json!({ "email": false, "sms": false })),
        order_id: ids::fresh("order_"),
        payments: Value::Null,
        reference_id: body.text("reference_id", 40)?.unwrap_or_default(),
        reminder_enable: body.flag("reminder_enable")?.unwrap_or(false),
        reminders: json!([]),
        short_url: String::new(),
        status: LinkStatus::Created,
        updated_at: now,
        upi_link: body.flag("upi_link")?.unwrap_or(false),
        user_id: String::new(),
    };
    body.ignore(&UNUSED);
    body.finish()?;
    input::at_least_one_rupee(amount)?;
    Ok(link)
}

fn expiry(body: &mut Body, now: i64) -> Result<Option<i64>, Problem> {
    let Some(until) = body.whole("expire_by")?.filter(|until| *until != 0) else {
        return Ok(None);
    };
    if until < now.saturating_add(LEAST_SECONDS) {
        let why = "expire_by should be at least 15 minutes after the current time";
        return Err(Problem::field("expire_by", why));
    }
    Ok(Some(until))
}

async fn list(State(app): State<Arc<App>>, Query(query): Query<HashMap<String, String>>) -> Answer {
    sweep(&app);
    let page = Page::parse(&query)?;
    let ledger = app.ledger();
    let (reference, payment) = (query.get("reference_id"), query.get("payment_id"));
    let paid_by = |link: &PaymentLink, id: &str| {
        link.payments
            .as_array()
            .into_iter()
            .flatten()
            .any(|payment| payment.get("payment_id").is_some_and(|it| it == id))
    };
    let wanted = ledger.links.iter().filter(|link| {
        reference.is_none_or(|wanted| link.reference_id == *wanted)
            && payment.is_none_or(|id| paid_by(link, id))
    });
    Ok(Json(json!({ "payment_links": page.collect(wanted, |it| it.created_at) })))
}

async fn read(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    sweep(&app);
    app.ledger().link(&id).map(|link| Json(json!(link)))
}

async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Answer {
    sweep(&app);
    let mut body = Body::parse(&body)?;
    let mut ledger = app.ledger();
    let mut link = ledger.link(&id)?.clone();
    if link.status != LinkStatus::Created {
        return Err(Problem::invalid("Only an open payment link can be changed."));
    }
    link.expire_by = expiry(&mut body, ids::now())?.unwrap_or(link.expire_by);
    link.reference_id = body.text("reference_id", 40)?.unwrap_or(link.reference_id);
    link.notes = body.notes()?.unwrap_or(link.notes);
    link.reminder_enable = body.flag("reminder_enable")?.unwrap_or(link.reminder_enable);
    link.accept_partial = body.flag("accept_partial")?.unwrap_or(link.accept_partial);
    body.finish()?;
    link.updated_at = ids::now();
    ledger.put_link(link.clone());
    Ok(Json(json!(link)))
}

async fn cancel(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    sweep(&app);
    let events = app.ledger().end_link(&id, LinkStatus::Cancelled)?;
    delivery::send_now(&app, events);
    app.ledger().link(&id).map(|link| Json(json!(link)))
}

/// The message to the customer is not sent: there is no customer.
async fn notify(State(app): State<Arc<App>>, Path((id, medium)): Path<(String, String)>) -> Answer {
    app.ledger().link(&id)?;
    if !matches!(medium.as_str(), "sms" | "email") {
        return Err(Problem::invalid("The medium must be sms or email."));
    }
    Ok(Json(json!({ "success": true })))
}
