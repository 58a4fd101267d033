//! Which function owns a route, as API Gateway knows it: from the description of the API.

#![expect(clippy::expect_used, reason = "the description is generated and always reads")]

use crate::document;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// One operation.
#[derive(Debug)]
pub struct Route {
    /// The binary that serves it.
    pub function: &'static str,
    /// In capitals.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// Whether it takes a bearer token.
    pub secured: bool,
}

/// Every operation.
pub static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = Vec::new();
    for (function, document) in document::by_function() {
        let document = serde_json::to_value(document).expect("a document is JSON");
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, operations) in paths.into_iter().flatten() {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                routes.push(Route {
                    function,
                    method: method.to_uppercase(),
                    path: path.clone(),
                    secured: operation.get("security").is_some(),
                });
            }
        }
    }
    routes
});

/// The route of a request, and what its parameters are. A literal segment goes before a
/// parameter.
pub fn find(method: &str, path: &str) -> Option<(&'static Route, Map<String, Value>)> {
    let fitting = ROUTES.iter().filter(|route| route.method == method);
    fitting
        .filter_map(|route| parameters(&route.path, path).map(|found| (route, found)))
        .min_by_key(|(_, found)| found.len())
}

fn parameters(template: &str, path: &str) -> Option<Map<String, Value>> {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut found = Map::new();
    for (wanted, segment) in template.into_iter().zip(path) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => {
                found.insert(name.to_owned(), json!(segment));
            }
            _ if wanted == segment => {}
            _ => return None,
        }
    }
    Some(found)
}
