//! What an invocation asks of others, and how long it waits for each: one line of the log says it.

use crate::clock::Stopwatch;
use std::{cell::Cell, time::Duration};
use tracing::Instrument as _;

/// Whom we call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The database.
    MongoDb,
    /// Redis over REST.
    Upstash,
    /// Payments.
    Razorpay,
    /// Mail.
    Ses,
    /// Files.
    S3,
    /// Other functions.
    Lambda,
    /// Secrets Manager.
    Secrets,
    /// Deployments.
    CloudFormation,
}

impl Service {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MongoDb => "MongoDB",
            Self::Upstash => "Upstash",
            Self::Razorpay => "Razorpay",
            Self::Ses => "SES",
            Self::S3 => "S3",
            Self::Lambda => "Lambda",
            Self::Secrets => "Secrets Manager",
            Self::CloudFormation => "CloudFormation",
        }
    }
}

/// Calls of each service, and how long they took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calls([(u32, Duration); 8]);

impl Calls {
    fn add(mut self, service: Service, took: Duration) -> Self {
        if let Some((calls, time)) = self.0.get_mut(service as usize) {
            *calls = calls.saturating_add(1);
            *time = time.saturating_add(took);
        }
        self
    }

    fn of(&self, service: Service) -> Option<(u32, Duration)> {
        self.0.get(service as usize).copied().filter(|(calls, _)| *calls > 0)
    }

    /// How often a service was called, if it was.
    pub fn count(&self, service: Service) -> Option<u32> {
        self.of(service).map(|(calls, _)| calls)
    }

    /// How many milliseconds its calls took in all, if there was one. Of calls made at once each is
    /// counted.
    pub fn milliseconds(&self, service: Service) -> Option<u64> {
        self.of(service).map(|(_, time)| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }
}

tokio::task_local! {
    static CALLS: Cell<Calls>;
    static PATIENCE: u32;
}

/// Runs a part whose calls may take so many times as long as on Lambda: where others of the same
/// machine stand in for all services, what they take says nothing.
pub async fn patiently<T>(times: u32, part: impl Future<Output = T>) -> T {
    PATIENCE.scope(times, part).await
}

/// How long a call may take that on Lambda may take `limit`.
pub(crate) fn within(limit: Duration) -> Duration {
    PATIENCE.try_with(|times| limit.saturating_mul(*times)).unwrap_or(limit)
}

/// Runs an invocation whose calls are counted, or a part of one.
pub async fn counted<T>(invocation: impl Future<Output = T>) -> T {
    if CALLS.try_with(|_| ()).is_ok() {
        return invocation.await;
    }
    CALLS.scope(Cell::default(), invocation).await
}

/// What the invocation has called so far; nothing where nobody counts.
pub fn so_far() -> Calls {
    CALLS.try_with(Cell::get).unwrap_or_default()
}

/// One call: a span, and counted however it ends. It is in a box, for futures of clients are large
/// and would be in those of all their callers.
pub fn call<T>(service: Service, work: impl Future<Output = T>) -> impl Future<Output = T> {
    let span = tracing::debug_span!("call", dependency = service.name());
    let work = Box::pin(work.instrument(span));
    async move {
        let _counts = Counts { service, since: Stopwatch::start() };
        work.await
    }
}

struct Counts {
    service: Service,
    since: Stopwatch,
}

/// A call that is given up counts too.
impl Drop for Counts {
    fn drop(&mut self) {
        let took = self.since.elapsed();
        // Nobody counts in a test of one part.
        let _alone = CALLS.try_with(|calls| calls.set(calls.get().add(self.service, took)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::{sleep, timeout};

    #[tokio::test]
    async fn calls_count_each_for_its_own_also_at_once_and_given_up() {
        let calls = counted(async {
            tokio::join!(call(Service::MongoDb, sleep(Duration::from_millis(1))), async {
                call(Service::Upstash, async {}).await;
                call(Service::MongoDb, async {}).await;
            });
            let given_up = timeout(Duration::from_millis(5), call(Service::Ses, pending::<()>()));
            assert!(given_up.await.is_err());
            so_far()
        })
        .await;
        let counts = [Service::MongoDb, Service::Upstash, Service::Ses, Service::S3];
        let counts = counts.map(|service| calls.count(service));
        assert_eq!(counts, [Some(2), Some(1), Some(1), None]);
        assert!(calls.milliseconds(Service::MongoDb).is_some());
        assert_eq!(calls.milliseconds(Service::S3), None);
        // A part of an invocation counts for the whole; the next begins anew, and nobody counts
        // outside of one.
        let part = async { counted(call(Service::Upstash, async {})).await };
        let whole = counted(async {
            part.await;
            so_far()
        });
        assert_eq!(whole.await.count(Service::Upstash), Some(1));
        assert_eq!(counted(async { so_far() }).await.count(Service::Upstash), None);
        call(Service::Upstash, async {}).await;
        assert_eq!(so_far().count(Service::Upstash), None);
    }

    #[test]
    fn time_adds_up() {
        let calls = Calls::default().add(Service::S3, Duration::from_micros(1_400));
        let calls = calls.add(Service::S3, Duration::from_micros(1_700));
        assert_eq!((calls.count(Service::S3), calls.milliseconds(Service::S3)), (Some(2), Some(3)));
    }
}
