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
    models::{Email, Instant, NotificationId},
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

/// What the function is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// A job.
    Job(Job),
    /// SES's word as EventBridge has it before the rule makes a job of it: so it lies in the dead
    /// letters where EventBridge could not deliver it, and so it is sent again.
    Mail {
        /// SES's.
        detail: MailEvent,
    },
    /// A schedule's, in the same way.
    Schedule {
        /// Which kind of event it is.
        #[serde(rename = "detail-type")]
        kind: ScheduledEvent,
    },
}

/// What EventBridge calls a schedule's event.
#[derive(Debug, Clone, Copy, Deserialize)]
pub enum ScheduledEvent {
    /// The time is there.
    #[serde(rename = "Scheduled Event")]
    Rang,
}

/// How many things one run takes up; the rest waits for the next.
const BATCH: i64 = 100;
/// For how many seconds a run takes up one thing after the other. What is left comes next, and what
/// was taken up ends before the function's time is over, though all it asks is slow.
const LONGEST_SECONDS: i64 = 80;

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

    /// Whether a run that began at this instant takes up nothing more.
    fn is_over(&self, begun: Instant) -> bool {
        self.clock.now().seconds_since(begun) >= LONGEST_SECONDS
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
            Job::Waitlist => Box::pin(waitlist::offer(self, self.clock.now())).await,
            Job::Mails { mails } if mails.is_empty() => Box::pin(mails::send_due(self)).await,
            Job::Mails { mails } => Box::pin(mails::send_new(self, mails, self.clock.now())).await,
            Job::Undelivered { event } => Box::pin(undelivered::note(self, event)).await,
            Job::Deliverable { email } => Box::pin(undelivered::forget(self, email)).await,
        }
    }
}

/// Runs the job an event names. A failure is the function's, so that it is seen and tried again.
pub async fn handle(
    scheduled: Arc<Scheduled>,
    event: Event,
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let job = match event {
        Event::Job(job) => job,
        Event::Mail { detail: event } => Job::Undelivered { event },
        Event::Schedule { kind: ScheduledEvent::Rang } => {
            tracing::info!("what was to be done at that time, later runs have done");
            return Ok(json!({ "settled": 0 }));
        }
    };
    match scheduled.run(&job).await {
        Ok(settled) => {
            tracing::info!(?job, settled, "the job is done");
            Ok(json!({ "settled": settled }))
        }
        Err(error) => {
            let (dependency, cause) = error.told();
            tracing::error!(?job, dependency, cause, alarm = "job-failed", "the job failed");
            Err(format!("the job {job:?} failed").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_event_is_a_job_or_what_eventbridge_could_not_deliver() {
        assert!(matches!(event(r#"{"job":"holds"}"#), Event::Job(Job::Holds)));
        let mail = r#"{"version":"0","detail-type":"Email Bounced","source":"aws.ses","detail":{
            "eventType":"Bounce","mail":{"tags":{"account":["acc_1"]}},
            "bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"a@b.example"}]}}}"#;
        let bounced = |it| matches!(it, Event::Mail { detail: MailEvent::Bounce { .. } });
        assert!(bounced(event(mail)));
        let schedule = r#"{"version":"0","detail-type":"Scheduled Event","source":"aws.events",
            "resources":["arn:aws:events:ap-south-1:1:rule/x"],"detail":{}}"#;
        assert!(matches!(event(schedule), Event::Schedule { .. }));
        let unread = r#"{"detail-type":"Email Bounced","detail":{"eventType":"Bounce"}}"#;
        for nothing in [r#"{"job":"unheard-of"}"#, unread, "{}", "[]", "null"] {
            assert!(serde_json::from_str::<Event>(nothing).is_err(), "{nothing}");
        }
    }
}
