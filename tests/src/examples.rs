//! Examples in the API's document, of each body that is sent and each that is answered: what
//! `tests/examples.json` tells of a few days at one hospital.
//!
//! It has exchanges of each operation, by `METHOD /path`: what is `sent`, the `status` and the
//! `answer`. They belong together, and the ordinary one is the first; where several bodies are
//! shown in one place, each has a `name`. And it has, by code, what refusals tell beside what all do.

use crate::document::operations;
use serde_json::{Map, Value, json};

/// What `tests/examples.json` has.
pub(crate) struct Examples(Value);

/// The name of an exchange, and a body of it.
type Shown<'a> = (&'a str, &'a Value);

impl Examples {
    pub(crate) fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples.json");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        Self(serde_json::from_str(&text).unwrap_or_default())
    }

    fn exchanges(&self, route: &str) -> &[Value] {
        let of_all = self.0.get("operations");
        let of_one = of_all.and_then(|all| all.get(route)?.as_array());
        of_one.map(Vec::as_slice).unwrap_or_default()
    }

    /// What a refusal with this code tells beside what all do.
    pub(crate) fn refusal(&self, code: &str) -> Option<&Map<String, Value>> {
        self.0.get("refusals")?.get(code)?.as_object()
    }
}

/// Gives the JSON bodies of each operation their examples.
pub(crate) fn give_examples(document: &mut Value, examples: &Examples) {
    for (route, operation) in operations(document) {
        let exchanges = examples.exchanges(&route);
        let sent = exchanges.iter().filter_map(|exchange| shown(exchange, "sent"));
        give(operation.get_mut("requestBody"), sent);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, answer) in responses.into_iter().flatten() {
            let number: Option<u64> = status.parse().ok();
            let same = |exchange: &Value| exchange.get("status").and_then(Value::as_u64) == number;
            let answered = exchanges.iter().filter(|exchange| same(exchange));
            give(Some(answer), answered.filter_map(|exchange| shown(exchange, "answer")));
        }
    }
}

fn shown<'a>(exchange: &'a Value, member: &str) -> Option<Shown<'a>> {
    let name = exchange.get("name").and_then(Value::as_str).unwrap_or_default();
    Some((name, exchange.get(member)?))
}

/// Gives a JSON body its example, or several by their names.
fn give<'a>(of: Option<&mut Value>, bodies: impl Iterator<Item = Shown<'a>>) {
    let content = of.and_then(|of| of.pointer_mut("/content/application~1json"));
    let Some(content) = content.and_then(Value::as_object_mut) else { return };
    let mut bodies: Vec<Shown<'_>> = bodies.collect();
    bodies.dedup_by_key(|(_, body)| *body);
    match bodies.as_slice() {
        [] => {}
        [(_, only)] => {
            content.insert("example".to_owned(), (*only).clone());
        }
        several => {
            let value = |(name, body): &Shown<'_>| ((*name).to_owned(), json!({ "value": body }));
            let named: Map<String, Value> = several.iter().map(value).collect();
            content.insert("examples".to_owned(), Value::Object(named));
        }
    }
}
