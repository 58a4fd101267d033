//! What the functions of this process write into the log, down to the last call outside.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a log that tells too much, or that cannot be kept, ends its test"
)]

use crate::{actor::Actor, seeded, world::World};
use serde_json::Value;
use std::{
    collections::HashSet,
    fs::File,
    io::Write,
    sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError},
};
use tracing::{Subscriber, level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{
    filter::Targets,
    fmt::{MakeWriter, format::FmtSpan},
    layer::{Layer, SubscriberExt as _},
    registry::LookupSpan,
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

/// What functions log themselves; the tests are not among them.
fn heard() -> Targets {
    let ours = ["auth", "users", "hospitals", "slots", "appointments", "payments", "shared"];
    let ours =
        ours.into_iter().chain(["scheduled", "patient_import", "razorpay_webhook", "migrate"]);
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(ours.chain(["metrics"]).map(|target| (target, LevelFilter::DEBUG)))
}

/// Lines as functions write them. Times would be numbers like any code.
fn lines<S, W>(to: W) -> impl Layer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .without_time()
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(to)
        .with_filter(heard())
}

/// Where all that is logged in this process is kept for the search at the end of the run.
fn kept() -> Option<Arc<File>> {
    static FILE: LazyLock<Option<Arc<File>>> = LazyLock::new(|| {
        let folder = seeded::folder()?.join(std::process::id().to_string());
        std::fs::create_dir_all(&folder).expect("the search has its folder");
        Some(Arc::new(seeded::append(&folder.join("suite.log"))))
    });
    FILE.clone()
}

/// What this process's tests themselves say, to see that it would be found, is not kept.
fn of_functions() -> Targets {
    Targets::new().with_default(LevelFilter::TRACE).with_target("api", LevelFilter::OFF)
}

/// Keeps from now on all that is logged in this process.
pub(crate) fn keep() {
    static KEEPING: Once = Once::new();
    KEEPING.call_once(|| {
        let kept = kept().map(|file| lines(file).with_filter(of_functions()));
        // Nobody else in this process listens for good.
        let _first =
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(kept));
    });
}

impl Log {
    /// Begins to listen to everything of ours, as `LOG_LEVEL=debug` would.
    pub fn listen() -> Self {
        let heard = Kept::default();
        let both = lines(heard.clone())
            .and_then(kept().map(|file| lines(file).with_filter(of_functions())));
        let subscriber = tracing_subscriber::registry().with(both);
        let listening = tracing::subscriber::set_default(subscriber);
        Self { kept: heard, _listening: listening }
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
