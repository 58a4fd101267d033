//! The only source of the present time.

use crate::models::Instant;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Tells the time. A request reads it once and passes the instant on, so that one decision never
/// sees two different nows.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still at `at` until it is [moved](Self::set); clones share it.
    pub fn standing_at(at: Instant) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.millis()))))
    }

    /// Moves a standing clock; the machine's clock cannot be moved and ignores it.
    pub fn set(&self, at: Instant) {
        if let Some(millis) = &self.0 {
            millis.store(at.millis(), Ordering::SeqCst);
        }
    }

    /// The present instant, to the millisecond.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Some(millis) => Instant::from_millis(millis.load(Ordering::SeqCst)),
            None => Instant::from_millis(jiff::Timestamp::now().as_millisecond()),
        }
    }
}

/// How long something takes. It decides nothing.
#[derive(Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// One that runs from now on.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
