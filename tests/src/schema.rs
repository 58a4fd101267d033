//! Answers against the description of the API. A member the description does not name is as wrong
//! as one that is missing.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "the description is generated and always reads"
)]

use crate::{document, routes::Route};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value =
        serde_json::from_str(&document::text()).expect("the document is JSON");
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        // Some problems have members of their own; everything else is closed.
        if name != "Problem" {
            close(schema);
        }
    }
    document
});

fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut()
        && object.contains_key("properties")
    {
        object.entry("additionalProperties").or_insert(json!(false));
        for (_, property) in
            object.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            close(property);
        }
    }
}

type Compiled = HashMap<String, Option<Arc<Validator>>>;
static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);

/// An operation's answer with this status, as it is described.
fn described(route: &Route, status: u16) -> Option<&'static Value> {
    let operation = DOCUMENT.get("paths")?.get(&route.path)?.get(route.method.to_lowercase())?;
    let answer = operation.get("responses")?.get(status.to_string())?;
    let elsewhere = answer.get("$ref").and_then(Value::as_str);
    elsewhere.map_or(Some(answer), |path| DOCUMENT.pointer(path.trim_start_matches('#')))
}

/// The validator of an operation's answer with this status; `None` where it has no JSON body.
/// An answer that is not described at all is wrong.
fn validator(route: &Route, status: u16, media_type: &str) -> Option<Arc<Validator>> {
    let Some(answer) = described(route, status) else {
        panic!("{} {} does not describe an answer {status}", route.method, route.path);
    };
    let schema =
        answer.get("content").and_then(|content| content.get(media_type)?.get("schema"))?;
    Some(Arc::new(compiled(schema)))
}

/// The validator of a schema that may refer to the document's.
fn compiled(schema: &Value) -> Validator {
    let mut schema = schema.clone();
    let members = schema.as_object_mut().expect("a schema is an object");
    members
        .insert("components".to_owned(), DOCUMENT.get("components").cloned().unwrap_or_default());
    let built = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema);
    built.expect("a schema compiles")
}

/// Says what is wrong with a value, by a schema of the document.
pub fn unfit(schema: &Value, value: &Value) -> Vec<String> {
    told(&compiled(schema), value)
}

fn told(validator: &Validator, value: &Value) -> Vec<String> {
    let errors = validator.iter_errors(value);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Says what is wrong with an answer's body.
pub fn faults(route: &Route, status: u16, media_type: &str, body: &Value) -> Vec<String> {
    let key = format!("{} {} {status} {media_type}", route.method, route.path);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let validator =
        compiled.entry(key).or_insert_with(|| validator(route, status, media_type)).clone();
    drop(compiled);
    let Some(validator) = validator else {
        return vec![format!("no JSON body of the type {media_type:?} is described")];
    };
    told(&validator, body)
}

/// Whether an operation's answer with this status is described as having a body.
pub fn has_body(route: &Route, status: u16) -> bool {
    described(route, status).is_some_and(|answer| answer.get("content").is_some())
}

/// Whether an operation's answer with this status is described as having this header.
pub fn has_header(route: &Route, status: u16, name: &str) -> bool {
    let headers = described(route, status).and_then(|answer| answer.get("headers"));
    headers.is_some_and(|headers| headers.get(name).is_some())
}
