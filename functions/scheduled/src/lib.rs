//! What happens by the clock: the outbox is delivered, holds that ran out are swept, and Razorpay
//! is asked about orders nobody told us of. Each job may run at any time and any number of times.

mod effects;
mod holds;
mod reconcile;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    entropy::Entropy,
    outbound::{Mailer, Razorpay},
    store::{Database, Store},
    web::Environment,
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// The time.
    pub clock: Clock,
    entropy: Entropy,
    store: Store,
    razorpay: Razorpay,
    mailer: Mailer,
}

/// Which job; the schedules in `template.yaml` name them.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase", tag = "job")]
pub enum Job {
    /// Mails and refunds that are due.
    Effects,
    /// Holds that ran out.
    Holds,
    /// Orders without word of a payment.
    Reconcile,
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
            razorpay: Razorpay::configure(env),
            mailer: Mailer::configure(env),
        }
    }

    /// Runs a job; how many things it settled.
    pub async fn run(&self, job: Job) -> Result<usize, shared::web::Error> {
        match job {
            Job::Effects => Box::pin(effects::deliver(self)).await,
            Job::Holds => Box::pin(holds::sweep(self)).await,
            Job::Reconcile => Box::pin(reconcile::ask(self)).await,
        }
    }
}

/// Runs the job an event names. A failure is the function's, so that it is seen and tried again.
pub async fn handle(
    scheduled: Arc<Scheduled>,
    job: Job,
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    match scheduled.run(job).await {
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
