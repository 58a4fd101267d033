//! Where the tools of the tests are: what `local exec` wrote.

use serde_json::Value;

/// A tool's path, by its name in `stack.json`.
pub(crate) fn tool(name: &str) -> String {
    let file = std::env::var("STACK_JSON");
    let Ok(file) = file else {
        panic!("STACK_JSON is not set: run the tests by `make test`, or inside `local exec --`");
    };
    let stack: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    stack["tools"][name].as_str().unwrap().to_owned()
}
