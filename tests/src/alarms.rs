//! What an operator is called for: the log's lines with an `alarm`, as the functions of this
//! process write them.

use std::sync::{Arc, Mutex, PoisonError};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};

/// Hears the alarms of this thread for as long as it is there; a test has one thread.
#[derive(Debug)]
pub struct Alarms {
    heard: Heard,
    _listening: DefaultGuard,
}

type Heard = Arc<Mutex<Vec<String>>>;

impl Alarms {
    /// Begins to listen.
    pub fn listen() -> Self {
        let heard = Heard::default();
        let listening = tracing::subscriber::set_default(Listener(heard.clone()));
        Self { heard, _listening: listening }
    }

    /// What was heard since the last time this was asked, each once and in order.
    pub fn heard(&self) -> Vec<String> {
        let mut heard = std::mem::take(&mut *lock(&self.heard));
        heard.dedup();
        heard
    }
}

fn lock(heard: &Heard) -> std::sync::MutexGuard<'_, Vec<String>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Listener(Heard);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.fields().field("alarm").is_some()
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Name(&self.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Name<'a>(&'a Heard);

impl Visit for Name<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "alarm" {
            lock(self.0).push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
