//! Counts for `CloudWatch`, in its embedded metric format: a line of the log with `_aws` in it
//! becomes metrics without a call (Amazon `CloudWatch` User Guide, "Specification: Embedded metric
//! format"). [`count!`](crate::count) writes them; what is counted is a name of ours and a number, and
//! nothing that could be anybody's.

use crate::{clock::Clock, models::Instant};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

/// The target of the events that count.
pub const TARGET: &str = "metrics";

/// Counts things: `count!(bookings = 1)`.
#[macro_export]
macro_rules! count {
    ($($name:ident = $number:expr),+ $(,)?) => {
        tracing::info!(target: "metrics", $($name = u64::from($number)),+)
    };
}

/// Writes what is counted, for one function.
pub(super) struct Metrics {
    namespace: String,
    function: String,
    clock: Clock,
}

impl Metrics {
    /// Metrics in this namespace, which is the stack's name.
    pub(super) fn new(namespace: String, function: String) -> Self {
        Self { namespace, function, clock: Clock::system() }
    }

    fn line(&self, counts: Map<String, Value>, now: Instant) -> Value {
        let metrics: Vec<Value> =
            counts.keys().map(|name| json!({ "Name": name, "Unit": "Count" })).collect();
        let directive = json!({
            "Namespace": self.namespace,
            "Dimensions": [["function"]],
            "Metrics": metrics,
        });
        let mut line = counts;
        line.insert("function".to_owned(), json!(self.function));
        let aws = json!({ "Timestamp": now.millis(), "CloudWatchMetrics": [directive] });
        line.insert("_aws".to_owned(), aws);
        Value::Object(line)
    }
}

impl<S: Subscriber> Layer<S> for Metrics {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut counts = Counts::default();
        event.record(&mut counts);
        let line = self.line(counts.0, self.clock.now());
        // A count that cannot be written is no reason to fail.
        let _lost = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// The numbers of an event; there is nothing else in one.
#[derive(Default)]
struct Counts(Map<String, Value>);

impl Visit for Counts {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_in_the_embedded_metric_format() {
        let metrics = Metrics::new("mediconnect".to_owned(), "slots".to_owned());
        let counts =
            Map::from_iter([("bookings".to_owned(), json!(1)), ("x".to_owned(), json!(2))]);
        let line = metrics.line(counts, Instant::from_millis(1_764_000_000_000));
        let of = |pointer: &str| line.pointer(pointer).cloned().unwrap_or_default();
        let directive = "/_aws/CloudWatchMetrics/0";
        assert_eq!(of("/_aws/Timestamp"), 1_764_000_000_000_i64);
        assert_eq!(of(&format!("{directive}/Namespace")), "mediconnect");
        // Each dimension and each metric is a member at the top of the line.
        assert_eq!(of(&format!("{directive}/Dimensions")), json!([["function"]]));
        assert_eq!(of("/function"), "slots");
        for (at, name) in ["bookings", "x"].into_iter().enumerate() {
            assert_eq!(of(&format!("{directive}/Metrics/{at}/Name")), name);
            assert!(of(&format!("/{name}")).is_u64());
        }
    }
}
