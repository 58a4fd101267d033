//! Where the servers are: what `local exec` wrote.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test that cannot begin says why and ends"
)]

use serde_json::Value;
use std::sync::LazyLock;

/// `stack.json`, read once.
static STACK: LazyLock<Value> = LazyLock::new(|| {
    let Ok(file) = std::env::var("STACK_JSON") else {
        panic!("STACK_JSON is not set: run the tests by `make test`, or inside `local exec --`");
    };
    let text = std::fs::read_to_string(&file).expect("STACK_JSON names a file");
    serde_json::from_str(&text).expect("stack.json is JSON")
});

/// A member of `stack.json`, by its pointer.
pub fn of(pointer: &str) -> &'static str {
    let value = STACK.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("stack.json has no {pointer}"))
}
