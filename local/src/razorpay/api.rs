//! Razorpay's own paths, under `/v1`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::entity::{Order, OrderStatus, PaymentStatus};
use super::input::{self, Body};
use super::page::{Page, collection};
use super::problem::Problem;
use super::refunds::{self, Ask};
use super::{App, delivery, ids, links_api, simulate};

/// Members of an order that Razorpay takes and that change nothing in a simulation.
const UNUSED_ORDER_MEMBERS: [&str; 3] =
    ["partial_payment", "first_payment_min_amount", "payment_capture"];

type Answer = Result<Json<Value>, Problem>;
type Params = Query<HashMap<String, String>>;

/// The API's routes; the caller puts the authentication around them.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/orders", get(list_orders).post(create_order))
        .route("/orders/{id}", get(get_order).patch(patch_order))
        .route("/orders/{id}/payments", get(order_payments))
        .route("/payments", get(list_payments))
        .route("/payments/{id}", get(get_payment).patch(patch_payment))
        .route("/payments/{id}/capture", post(capture))
        .route("/payments/{id}/refund", post(refund))
        .route("/payments/{id}/refunds", get(payment_refunds))
        .route("/payments/{id}/refunds/{refund}", get(payment_refund))
        .route("/refunds", get(list_refunds).post(create_refund))
        .route("/refunds/{id}", get(get_refund).patch(patch_refund))
        .merge(links_api::routes())
        .fallback(no_such_url)
        .method_not_allowed_fallback(no_such_url)
}

/// Basic authentication. The scheme's word is case-strict, as Razorpay's is.
pub(super) async fn authenticate(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    match credentials(request.headers()) {
        None => unauthorized("Please provide your api key for authentication purposes."),
        Some((id, _)) if id != app.config.key_id => unauthorized("The api key provided is invalid"),
        Some((_, secret)) if secret != app.config.key_secret => {
            unauthorized("The api secret provided is invalid")
        }
        Some(_) => next.run(request).await,
    }
}

/// The user and password of a request.
pub(super) fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn unauthorized(description: &str) -> Response {
    let refusal = Problem::not_applicable(StatusCode::UNAUTHORIZED, description);
    ([(header::WWW_AUTHENTICATE, "Basic realm=\"Razorpay\"")], refusal).into_response()
}

async fn no_such_url() -> Problem {
    let why = "The requested URL was not found on the server.";
    Problem::not_applicable(StatusCode::BAD_REQUEST, why)
}

async fn create_order(State(app): State<Arc<App>>, body: axum::body::Bytes) -> Answer {
    let mut body = Body::parse(&body)?;
    let amount = body.required_amount()?;
    let currency = body.required_currency()?;
    let receipt = body.receipt()?;
    let notes = body.notes()?.unwrap_or_else(|| json!([]));
    let unique = body.flag("unique_receipt")?.unwrap_or(false);
    capture_settings(&mut body)?;
    body.ignore(&UNUSED_ORDER_MEMBERS);
    body.finish()?;
    input::within_the_limits_of_an_order(amount)?;
    let order = Order {
        id: ids::fresh("order_"),
        entity: "order".to_owned(),
        amount,
        amount_paid: 0,
        amount_due: amount,
        currency,
        receipt,
        offer_id: None,
        status: OrderStatus::Created,
        attempts: 0,
        notes,
        created_at: ids::now(),
    };
    app.ledger().create_order(order, unique).map(|order| Json(json!(order)))
}

/// How the order's payments are to be captured: checked, and of no consequence here, where each
/// payment says itself how it ends. Times are minutes (razorpay.com/docs/payments/payments/capture-settings).
fn capture_settings(body: &mut Body) -> Result<(), Problem> {
    let Some(payment) = body.object("payment")? else { return Ok(()) };
    let refuse = |why: &str| Err(Problem::field("payment", why));
    match payment.get("capture").and_then(Value::as_str) {
        Some("automatic" | "manual") => {}
        _ => return refuse("The capture must be automatic or manual."),
    }
    let minutes = |name: &str| payment.pointer(&format!("/capture_options/{name}"))?.as_i64();
    let automatic = minutes("automatic_expiry_period");
    let manual = minutes("manual_expiry_period");
    if automatic.is_some_and(|minutes| minutes < 12) {
        return refuse("The automatic expiry period must be at least 12.");
    }
    if manual.is_some_and(|minutes| minutes > 7200 || minutes < automatic.unwrap_or(12)) {
        return refuse("The manual expiry period must be at most 7200 and at least the automatic.");
    }
    Ok(())
}

async fn get_order(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    app.ledger().order(&id).map(|order| Json(json!(order)))
}

async fn patch_order(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Answer {
    let notes = only_notes(&body)?;
    let mut ledger = app.ledger();
    let mut order = ledger.order(&id)?.clone();
    order.notes = notes;
    ledger.put_order(order.clone());
    Ok(Json(json!(order)))
}

async fn list_orders(State(app): State<Arc<App>>, Query(query): Params) -> Answer {
    let page = Page::parse(&query)?;
    let ledger = app.ledger();
    let receipt = query.get("receipt");
    let authorized = query.get("authorized").map(|flag| flag == "1");
    let has_authorized = |order: &Order| {
        ledger.payments.iter().any(|payment| {
            payment.order_id.as_ref() == Some(&order.id)
                && !matches!(payment.status, PaymentStatus::Created | PaymentStatus::Failed)
        })
    };
    let wanted = ledger.orders.iter().filter(|order| {
        receipt.is_none_or(|receipt| order.receipt.as_ref() == Some(receipt))
            && authorized.is_none_or(|flag| has_authorized(order) == flag)
    });
    let mut items: Vec<Value> =
        page.collect(wanted, |it| it.created_at).into_iter().map(|it| json!(it)).collect();
    if query.get("expand[]").is_some_and(|what| what == "payments") {
        for item in &mut items {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
            let payments: Vec<_> =
                ledger.payments.iter().filter(|it| it.order_id.as_deref() == Some(id)).collect();
            let payments = collection(&payments);
            if let Some(order) = item.as_object_mut() {
                order.insert("payments".to_owned(), payments);
            }
        }
    }
    Ok(Json(collection(&items)))
}

async fn order_payments(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let ledger = app.ledger();
    let id = &ledger.order(&id)?.id;
    let items: Vec<_> =
        ledger.payments.iter().filter(|it| it.order_id.as_ref() == Some(id)).collect();
    Ok(Json(collection(&items)))
}

async fn list_payments(State(app): State<Arc<App>>, Query(query): Params) -> Answer {
    let page = Page::parse(&query)?;
    let ledger = app.ledger();
    Ok(Json(collection(&page.collect(ledger.payments.iter(), |it| it.created_at))))
}

async fn get_payment(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    app.ledger().payment(&id).map(|payment| Json(json!(payment)))
}

async fn patch_payment(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Answer {
    let notes = only_notes(&body)?;
    let mut ledger = app.ledger();
    let mut payment = ledger.payment(&id)?.clone();
    payment.notes = notes;
    ledger.put_payment(payment.clone());
    Ok(Json(json!(payment)))
}

async fn capture(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Answer {
    let mut body = Body::parse(&body)?;
    let amount = body.required_amount()?;
    let currency = body.currency()?.unwrap_or_else(|| "INR".to_owned());
    body.finish()?;
    let (payment, events) = app.ledger().capture(&id, amount, &currency)?;
    delivery::send_now(&app, events);
    Ok(Json(json!(payment)))
}

async fn refund(
    State(app): State<Arc<App>>,
    Path(payment_id): Path<String>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Answer {
    refunded(&app, payment_id, &headers, Body::parse(&body)?)
}

/// The SDKs' `refund.create`: the payment is named in the body.
async fn create_refund(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Answer {
    let mut body = Body::parse(&body)?;
    let missing = || Problem::field("payment_id", "The payment id field is required.");
    let payment_id = body.text("payment_id", 40)?.ok_or_else(missing)?;
    refunded(&app, payment_id, &headers, body)
}

fn refunded(app: &Arc<App>, payment_id: String, headers: &HeaderMap, mut body: Body) -> Answer {
    let key = headers.get("x-refund-idempotency").map(|key| key.to_str().unwrap_or_default());
    key.map(refunds::check_key).transpose()?;
    let amount = body.amount()?;
    let speed = body.speed()?;
    let notes = body.notes()?.unwrap_or_else(|| json!([]));
    let receipt = body.receipt()?;
    body.finish()?;
    amount.map(input::at_least_one_rupee).transpose()?;
    let ask = Ask { payment_id, amount, speed, notes, receipt };
    let (refund, events) = app.ledger().ask_refund(&ask, key)?;
    if !events.is_empty() {
        simulate::settle_later(app, &refund.id, events);
    }
    Ok(Json(json!(refund)))
}

async fn payment_refunds(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Params,
) -> Answer {
    let page = Page::parse(&query)?;
    let ledger = app.ledger();
    let id = &ledger.payment(&id)?.id;
    let wanted = ledger.refunds.iter().filter(|it| it.payment_id == *id);
    Ok(Json(collection(&page.collect(wanted, |it| it.created_at))))
}

async fn payment_refund(
    State(app): State<Arc<App>>,
    Path((payment, refund)): Path<(String, String)>,
) -> Answer {
    let ledger = app.ledger();
    let payment = &ledger.payment(&payment)?.id;
    let refund = ledger.refund(&refund)?;
    if refund.payment_id != *payment {
        return Err(Problem::no_such_id());
    }
    Ok(Json(json!(refund)))
}

async fn list_refunds(State(app): State<Arc<App>>, Query(query): Params) -> Answer {
    let page = Page::parse(&query)?;
    let ledger = app.ledger();
    Ok(Json(collection(&page.collect(ledger.refunds.iter(), |it| it.created_at))))
}

async fn get_refund(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    app.ledger().refund(&id).map(|refund| Json(json!(refund)))
}

async fn patch_refund(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Answer {
    let notes = only_notes(&body)?;
    let mut ledger = app.ledger();
    let mut refund = ledger.refund(&id)?.clone();
    refund.notes = notes;
    ledger.put_refund(refund.clone());
    Ok(Json(json!(refund)))
}

/// Nothing but the notes can be changed afterwards.
fn only_notes(body: &[u8]) -> Result<Value, Problem> {
    let mut body = Body::parse(body)?;
    let notes = body.notes()?;
    body.finish()?;
    notes.ok_or_else(|| Problem::field("notes", "The notes field is required."))
}
