//! A Razorpay to test against: its API under `/v1` with its states, refusals and signatures,
//! the customer at its checkout, and webhooks with retry.
//!
//! What it does not do: settlements, cards, partial payment of links, and anything by the clock: an
//! unanswered payment is given up, and an uncaptured one goes back, when `/simulate/payment` says
//! so. Everything under `/simulate` is ours.

mod api;
mod checkout;
mod customer;
mod delivery;
mod entity;
mod event;
mod faults;
mod ids;
mod input;
mod journal;
mod ledger;
mod link;
mod links_api;
mod listen;
mod merchants;
mod page;
mod problem;
mod refunds;
mod simulate;
mod table;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::middleware;
use tokio::net::TcpListener;

use faults::Fault;
use ledger::Ledger;
use simulate::RefundMode;

/// Razorpay answers a webhook's silence after five seconds with a retry.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// The account to play.
#[derive(Clone, Debug)]
pub struct Config {
    /// User of the API's Basic authentication, `rzp_test_…`; also what Checkout is opened with.
    pub key_id: String,
    /// Password of the API, and the secret of Checkout's signature.
    pub key_secret: String,
    /// Secret of the webhooks' signature; not the API's.
    pub webhook_secret: String,
    /// Where events go; without it they are recorded and can be listed, but are not sent.
    pub webhook_url: Option<String>,
    /// How long an answer to an event may take before the event is sent again.
    pub webhook_timeout: Duration,
    /// Where the state outlives a restart; without it nothing does.
    pub state_file: Option<PathBuf>,
}

/// What all requests share.
struct App {
    config: Config,
    ledger: Mutex<Ledger>,
    faults: Mutex<Vec<Fault>>,
    refund_mode: Mutex<RefundMode>,
    http: reqwest::Client,
}

impl App {
    /// A poisoned lock is taken all the same: each change is whole before the lock is let go.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refund_mode(&self) -> MutexGuard<'_, RefundMode> {
        self.refund_mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until the listener fails. What was under way when the last run ended goes on: events
/// not yet delivered are sent, pending refunds settle.
pub async fn serve(listener: TcpListener, config: Config) -> io::Result<()> {
    let url = format!("http://{}", listener.local_addr()?);
    let platform = play(config.clone(), &url)?;
    listen::serve(listener, merchants::router(platform, config, url)).await
}

/// A merchant's id; it is the same in every run.
fn account_of(key_id: &str) -> String {
    ids::derived("acc_", key_id)
}

/// One merchant, as its state file left it.
fn play(config: Config, url: &str) -> io::Result<Router> {
    let account = account_of(&config.key_id);
    let ledger = Ledger::open(account, url.to_owned(), config.state_file.as_deref())?;
    let http = reqwest::Client::builder()
        .timeout(config.webhook_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("Razorpay-Webhook/v1")
        .build()
        .map_err(io::Error::other)?;
    let app = Arc::new(App {
        config,
        ledger: Mutex::new(ledger),
        faults: Mutex::default(),
        refund_mode: Mutex::default(),
        http,
    });
    delivery::resume(&app);
    simulate::resume_refunds(&app);
    Ok(router(app))
}

fn router(app: Arc<App>) -> Router {
    let api = api::routes()
        .layer(middleware::from_fn_with_state(app.clone(), api::authenticate))
        .layer(middleware::from_fn_with_state(app.clone(), faults::inject));
    Router::new()
        .nest("/v1", api)
        .nest("/simulate", simulate::routes())
        .merge(checkout::routes())
        .with_state(app)
}
