//! The page a customer pays on: what Razorpay's Checkout is in production, with a button for each
//! way a payment can end. It works without scripts; with them it tells the page that opened it.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::customer::{self, Attempt};
use super::delivery::Plan;
use super::entity::{Order, OrderStatus};
use super::ledger::Outcome;
use super::problem::Problem;
use super::{App, ids};

type Fields = HashMap<String, String>;

/// Where the customer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Done,
    Failed,
    /// He has gone, and takes nothing back to the merchant.
    Left,
    Refused,
}

/// What the page shows.
#[derive(Debug, Default)]
struct Page {
    nonce: String,
    title: &'static str,
    name: String,
    description: String,
    amount: String,
    state: State,
    /// Goes with every button.
    hidden: Vec<(&'static str, String)>,
    values: Vec<(String, String)>,
    /// Where the values go by a form; nowhere where it is empty.
    callback: String,
    again: String,
    note: String,
    /// What the page that opened this one is told, as JSON.
    message: String,
}

#[derive(Template)]
#[template(path = "checkout.html")]
struct Sheet<'a> {
    page: &'a Page,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/checkout", get(open).post(pay)).route("/l/{id}", get(open_link))
}

/// `?order_id=`, and as Checkout's options have them `name`, `description` and `callback_url`.
async fn open(Shared(app): Shared<Arc<App>>, Query(fields): Query<Fields>) -> Response {
    show(opened(&app, &fields))
}

/// The short address of a payment link.
async fn open_link(Shared(app): Shared<Arc<App>>, Path(id): Path<String>) -> Response {
    let fields = Fields::from([("payment_link_id".to_owned(), id)]);
    show(opened(&app, &fields))
}

/// One of the buttons.
async fn pay(Shared(app): Shared<Arc<App>>, body: axum::body::Bytes) -> Response {
    let fields: Fields = form_urlencoded::parse(&body).into_owned().collect();
    match paid(&app, &fields) {
        Ok(End::Page(page)) => show(Ok(*page)),
        Ok(End::Away(to)) => Redirect::to(&to).into_response(),
        Err(problem) => show(Err(problem)),
    }
}

fn field(fields: &Fields, name: &str) -> String {
    fields.get(name).map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn opened(app: &Arc<App>, fields: &Fields) -> Result<Page, Problem> {
    let callback = field(fields, "callback_url");
    // A browser must not be sent to a script.
    if !callback.is_empty() && !callback.starts_with("http://") && !callback.starts_with("https://")
    {
        return Err(Problem::field("callback_url", "The callback url must be a valid URL."));
    }
    customer::sweep(app);
    let ledger = app.ledger();
    let link = field(fields, "payment_link_id");
    let link = if link.is_empty() { None } else { Some(ledger.link(&link)?.clone()) };
    let wanted = link.as_ref().map_or_else(|| field(fields, "order_id"), |it| it.order_id.clone());
    let order = ledger.order(&wanted)?;
    if order.status == OrderStatus::Paid {
        return Err(Problem::invalid("It is paid already."));
    }
    ledger.link_is_open(&wanted)?;
    let described = link.as_ref().map(|link| link.description.clone());
    let hidden = ["order_id", "payment_link_id", "name", "description", "callback_url"];
    let name = field(fields, "name");
    Ok(Page {
        title: "Pay",
        name: if name.is_empty() { "Your merchant".to_owned() } else { name },
        description: described.unwrap_or_else(|| field(fields, "description")),
        amount: amount(order),
        hidden: hidden
            .into_iter()
            .map(|name| (name, field(fields, name)))
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        callback: link.map_or(callback, |link| link.callback_url),
        ..Page::default()
    })
}

/// For people: `₹500.00`, or the code before the figure for other currencies.
fn amount(order: &Order) -> String {
    let (whole, part) = (order.amount / 100, order.amount % 100);
    match order.currency.as_str() {
        "INR" => format!("₹{whole}.{part:02}"),
        code => format!("{code} {whole}.{part:02}"),
    }
}

/// Where a button leads.
enum End {
    Page(Box<Page>),
    /// A payment link sends the browser to the merchant by GET.
    Away(String),
}

fn paid(app: &Arc<App>, fields: &Fields) -> Result<End, Problem> {
    let page = opened(app, fields)?;
    let (outcome, leaves) = match field(fields, "outcome").as_str() {
        "captured" => (Outcome::Captured, false),
        "authorized" => (Outcome::Authorized, false),
        "failed" => (Outcome::Failed, false),
        "left" => (Outcome::Captured, true),
        "pending" => (Outcome::Pending, true),
        _ => {
            let note = "Nothing was paid.".to_owned();
            let message = json!({ "event": "checkout.dismissed" }).to_string();
            return Ok(End::Page(Box::new(Page {
                title: "Closed",
                state: State::Left,
                note,
                message,
                ..page
            })));
        }
    };
    let named = |name| Some(field(fields, name)).filter(|id| !id.is_empty());
    let link = named("payment_link_id");
    let order = if link.is_some() { None } else { named("order_id") };
    let attempt = Attempt { order_id: order, payment_link_id: link.clone(), outcome, at: None };
    let told = customer::pays(app, attempt, Plan::default())?;
    if leaves {
        let note = match outcome {
            Outcome::Pending => "The bank has not answered. What comes of it, the webhook tells.",
            _ => "The payment went through, and this browser tells nobody of it.",
        };
        return Ok(End::Page(Box::new(Page {
            title: "Closed",
            state: State::Left,
            note: note.to_owned(),
            ..page
        })));
    }
    if outcome == Outcome::Failed {
        return Ok(End::Page(Box::new(failed(page, &told))));
    }
    let values = texts(&told);
    if link.is_some() && !page.callback.is_empty() {
        return Ok(End::Away(with_query(&page.callback, &values)));
    }
    let message = json!({ "event": "payment.success", "payload": told }).to_string();
    Ok(End::Page(Box::new(Page { title: "Paid", state: State::Done, values, message, ..page })))
}

fn failed(page: Page, told: &Value) -> Page {
    let query = query(page.hidden.iter().map(|(name, value)| (*name, value.as_str())));
    let message = json!({ "event": "payment.failed", "payload": told }).to_string();
    let again = format!("/checkout?{query}");
    // The page goes nowhere: a customer may try again.
    Page { title: "Failed", state: State::Failed, again, message, callback: String::new(), ..page }
}

fn texts(told: &Value) -> Vec<(String, String)> {
    let members = told.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

fn query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn with_query(url: &str, values: &[(String, String)]) -> String {
    let query = query(values.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}

fn show(page: Result<Page, Problem>) -> Response {
    let (status, page) = match page {
        Ok(page) => (StatusCode::OK, page),
        Err(problem) => {
            let (name, note) = ("Checkout".to_owned(), problem.description());
            (
                problem.status(),
                Page { title: "Refused", name, state: State::Refused, note, ..Page::default() },
            )
        }
    };
    let page = Page { nonce: ids::fresh(""), ..page };
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{0}'; script-src 'nonce-{0}'; base-uri 'none'",
        page.nonce
    );
    let Ok(html) = (Sheet { page: &page }).render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = (status, Html(html)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
