//! What the functions of this process write into the log, down to the last call outside.

#![expect(clippy::missing_panics_doc, reason = "a log that tells too much ends its test")]

use crate::{actor::Actor, world::World};
use serde_json::Value;
use std::{
    collections::HashSet,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{
    filter::Targets,
    fmt::{MakeWriter, format::FmtSpan},
    layer::{Layer as _, SubscriberExt as _},
};

/// Keeps what this thread logs for as long as it is there; a test has one thread.
#[derive(Debug)]
pub struct Log {
    kept: Kept,
    _listening: DefaultGuard,
}

#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Whose names, addresses, numbers and identifiers a world begins with.
const SEEDED: [&str; 8] =
    ["Asha", "Meera", "Anil", "Ravi", "9876500000", "9876511111", "9876522222", "MRN-"];

impl Log {
    /// Begins to listen to everything of ours, as `LOG_LEVEL=debug` would.
    pub fn listen() -> Self {
        let kept = Kept::default();
        let ours = ["auth", "users", "hospitals", "slots", "appointments", "payments", "shared"];
        let ours = ours.into_iter().chain(["scheduled", "patient_import", "razorpay_webhook"]);
        let heard = Targets::new()
            .with_default(LevelFilter::WARN)
            .with_targets(ours.chain(["metrics"]).map(|target| (target, LevelFilter::DEBUG)));
        // Times would be numbers like any code.
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .without_time()
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(kept.clone())
            .with_filter(heard);
        let subscriber = tracing_subscriber::registry().with(lines);
        let listening = tracing::subscriber::set_default(subscriber);
        Self { kept, _listening: listening }
    }

    /// All of it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept.lock()).into_owned()
    }

    /// Its lines.
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Nothing in it is a person's or a secret: no name, address, number, code, token, password.
    pub async fn names_nobody(&self, world: &World, others: &[&Actor]) {
        let text = self.text();
        let is_absent = |what: &str, kind: &str| {
            let line = text.lines().find(|line| line.contains(what));
            assert!(line.is_none(), "{kind} is in the log: {}", line.unwrap_or_default());
        };
        for seeded in SEEDED {
            is_absent(seeded, "what is seeded");
        }
        is_absent(&format!("@{}", world.name()), "an address");
        for (name, value) in world.settings() {
            let ends = ["_SECRET", "_TOKEN", "_PASSWORD", "_ACCESS_KEY", "_URI"];
            if ends.iter().any(|end| name.ends_with(end)) && value.len() > 8 {
                is_absent(&value, &name);
            }
        }
        // The number in a request's id, which an equals sign ends, is one of six digits too.
        let ended = format!("{}-", world.name());
        let parts = text.split(&ended).map(|part| match part.get(6..7) {
            Some("=") => part.get(6..).unwrap_or_default(),
            _ => part,
        });
        let words = parts.flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
        let numbers: HashSet<&str> = words.filter(|word| word.len() == 6).collect();
        let people =
            [&world.a, &world.b].into_iter().flat_map(|of| [&of.admin, &of.doctor, &of.patient]);
        for person in people.chain(others.iter().copied()) {
            is_absent(
                &format!("{}@", person.email.split('@').next().unwrap_or_default()),
                "an address",
            );
            for token in [&person.access, &person.refresh] {
                is_absent(token, "a token");
            }
            for mail in world.mail().to(&person.email).await {
                let code = mail.code().unwrap_or_default();
                assert!(!numbers.contains(code.as_str()), "a code is in the log");
            }
        }
    }
}
