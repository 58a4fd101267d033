//! The lines of the log. What is written within a request or an event bears its id, so that one
//! search finds all of it; a line that says the id itself is left as it is.

use serde_json::Value;
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    filter::Targets,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{FmtSpan, Writer},
    },
    layer::Layer,
    registry::LookupSpan,
};

/// The member every line of a request or an event has.
const ID: &str = "request_id";

tokio::task_local! {
    /// The id of the request or the event that is under way.
    static CURRENT: String;
}

/// Does a request's or an event's work under its id.
pub(super) fn under<F: Future>(id: String, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(id, work)
}

/// The id of the request or the event that is under way.
pub(super) fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Writes what is heard as one JSON object a line, as `CloudWatch` reads it; a span when it ends.
pub(super) fn written<S, W>(to: W, heard: Targets) -> impl Layer<S>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(to)
        .map_event_format(Bearing)
        .with_filter(heard)
}

/// A format whose objects bear the id.
struct Bearing<F>(F);

impl<S, N, F> FormatEvent<S, N> for Bearing<F>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let says = event.fields().any(|field| field.name() == ID);
        let Some(id) = current().filter(|_| !says) else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(rest) => write!(writer, "{{\"{ID}\":{},{rest}", Value::String(id)),
            None => writer.write_str(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::{
        io,
        sync::{Arc, Mutex},
    };
    use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt as _};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn each_line_within_a_request_bears_its_id_once() {
        let kept = Kept::default();
        let to = kept.clone();
        let heard = Targets::new().with_target("shared", LevelFilter::DEBUG);
        let lines = written(move || to.clone(), heard);
        let listening =
            tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
        tracing::warn!("without");
        let work = async {
            tracing::warn!(alarm = "audit-missing", "within");
            tracing::info!(request_id = "own", "summed up");
            drop(tracing::debug_span!("call", dependency = "MongoDB"));
        };
        under("a\"b=".to_owned(), work).await;
        drop(listening);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told: Vec<[&Value; 2]> =
            lines.iter().map(|line| [&line["message"], &line[ID]]).collect();
        let expected = [
            [json!("without"), json!(null)],
            [json!("within"), json!("a\"b=")],
            [json!("summed up"), json!("own")],
            [json!("close"), json!("a\"b=")],
        ];
        assert_eq!(told, expected.each_ref().map(|[message, id]| [message, id]));
        assert_eq!(text.matches(ID).count(), 3, "{text}");
        assert_eq!(lines[1]["alarm"], "audit-missing");
    }
}
