//! What happens by the clock: mails and the outbox are delivered, holds that ran out are swept,
//! Razorpay is asked about orders nobody told us of, the audit trail is sealed, the ledgers' days are
//! closed, patients are told of their doctors' leaves, and what is given back is offered to those who
//! wait. Each job may run at any time and any number of times.

mod close;
mod effects;
mod holds;
mod leave;
mod mails;
mod post;
mod reconcile;
mod seal;
mod trail;
mod undelivered;
mod waitlist;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    auth::{AuditChain, Links, Otps},
    clock::Clock,
    entropy::Entropy,
    models::{Email, NotificationId},
    outbound::{Mailer, Merchants},
    store::{Database, Store},
    web::Environment,
};
use std::sync::Arc;

pub use undelivered::MailEvent;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// The time.
    pub clock: Clock,
    entropy: Entropy,
    store: Store,
    merchants: Merchants,
    mailer: Mailer,
    otps: Otps,
    links: Links,
    chain: AuditChain,
}

/// Which job; the schedules in `template.yaml` name them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", tag = "job")]
pub enum Job {
    /// Mails and refunds that are due.
    Effects,
    /// Holds that ran out.
    Holds,
    /// Orders without word of a payment.
    Reconcile,
    /// The audit trail's chain grows by what was written since.
    Seal,
    /// The ledgers' days that are over are closed.
    Close,
    /// Patients of doctors on leave are told.
    Leave,
    /// Slots that were given back are offered to those who wait.
    Waitlist,
    /// Mails to the owners of accounts: those that are due, or at once those somebody has just
    /// written and names here.
    Mails {
        /// Which; none means those that are due.
        #[serde(default)]
        mails: Vec<NotificationId>,
    },
    /// SES tells of a mail that bounced or was called spam.
    Undelivered {
        /// What it tells.
        event: MailEvent,
    },
    /// By hand: an address is mailed again.
    Deliverable {
        /// Which.
        email: Email,
    },
}

/// How many things one run takes up; the rest waits for the next.
const BATCH: i64 = 100;

impl Scheduled {
    /// Reads its settings.
    pub fn configure(env: &mut Environment) -> Self {
        let uri = env.url("MONGODB_URI", &["mongodb://", "mongodb+srv://"]);
        let database = Database::new(uri, env.required("MONGODB_DATABASE"));
        Self {
            clock: env.clock(),
            entropy: Entropy,
            store: Store::new(database),
            merchants: Merchants::configure(env),
            mailer: Mailer::configure(env),
            chain: AuditChain::configure(env),
            links: Links::configure(env),
            otps: Otps::new(env.secret("OTP_SECRET").as_bytes()),
        }
    }

    /// Runs a job; how many things it settled.
    pub async fn run(&self, job: &Job) -> Result<usize, shared::web::Error> {
        match job {
            Job::Effects => Box::pin(effects::deliver(self)).await,
            Job::Holds => Box::pin(holds::sweep(self)).await,
            Job::Reconcile => Box::pin(reconcile::ask(self)).await,
            Job::Seal => Box::pin(seal::seal(self)).await,
            Job::Close => Box::pin(close::close(self)).await,
            Job::Leave => Box::pin(leave::settle(self)).await,
            Job::Waitlist => Box::pin(waitlist::offer(self)).await,
            Job::Mails { mails } if mails.is_empty() => Box::pin(mails::send_due(self)).await,
            Job::Mails { mails } => Box::pin(mails::send_new(self, mails)).await,
            Job::Undelivered { event } => Box::pin(undelivered::note(self, event)).await,
            Job::Deliverable { email } => Box::pin(undelivered::forget(self, email)).await,
        }
    }
}

/// Runs the job an event names. A failure is the function's, so that it is seen and tried again.
pub async fn handle(
    scheduled: Arc<Scheduled>,
    job: Job,
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    match scheduled.run(&job).await {
        Ok(settled) => {
            tracing::info!(?job, settled, "the job is done");
            Ok(json!({ "settled": settled }))
        }
        Err(error) => {
            tracing::error!(?job, ?error, alarm = "job-failed", "the job failed");
            Err(format!("the job {job:?} failed").into())
        }
    }
}
