//! `openapi.json`: fresh, whole, and honest about who may call.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::files::read;

/// What anybody may call. The webhook's credential is its signature.
pub(crate) const PUBLIC: [&str; 18] = [
    "GET /calendar.ics",
    "GET /docs",
    "GET /health",
    "GET /leave/offer",
    "GET /openapi.json",
    "GET /queue/status",
    "GET /waitlist/offer",
    "POST /leave/accept",
    "POST /leave/decline",
    "POST /login",
    "POST /otp-login",
    "POST /otp-login/verify",
    "POST /password/forgot",
    "POST /password/reset",
    "POST /token/refresh",
    "POST /waitlist/accept",
    "POST /webhooks/razorpay",
    "POST /webhooks/razorpay/{account}",
];

/// Every operation as `METHOD /path`, with its description.
pub(crate) fn operations() -> Vec<(String, Map<String, Value>)> {
    let document: Value = serde_json::from_str(&tests::document::text()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let route = format!("{} {path}", method.to_ascii_uppercase());
            all.push((route, operation.as_object().unwrap().clone()));
        }
    }
    all
}

#[test]
fn the_committed_document_is_the_codes() {
    let fresh = tests::document::text() == read("openapi.json");
    assert!(fresh, "openapi.json is stale: run `make gen`");
}

#[test]
fn whatever_needs_no_token_is_in_the_public_list() {
    let open: BTreeSet<String> = operations()
        .into_iter()
        .filter(|(_, operation)| {
            let security = operation.get("security").and_then(Value::as_array);
            security.is_none_or(|security| !security.iter().any(|one| one.get("bearer").is_some()))
        })
        .map(|(route, _)| route)
        .collect();
    assert_eq!(open, PUBLIC.map(str::to_owned).into());
}

#[test]
fn operations_have_names_of_their_own_and_say_what_they_do() {
    let mut names = BTreeSet::new();
    for (route, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name), "{route}");
        for member in ["summary", "tags", "responses", "security"] {
            assert!(operation.contains_key(member), "{route} has no {member}");
        }
    }
}

/// Whether they fit their schemas, the linter of `make check` says.
#[test]
fn every_json_body_has_an_example() {
    let mut bodies = 0;
    for (route, operation) in operations() {
        let sent = operation.get("requestBody").into_iter();
        let answers = operation["responses"].as_object().unwrap().iter();
        let answers = answers.filter(|(status, _)| status.starts_with('2'));
        for body in sent.chain(answers.map(|(_, answer)| answer)) {
            let Some(body) = body.pointer("/content/application~1json") else { continue };
            assert!(body.get("example").is_some_and(|one| !one.is_null()), "{route}");
            bodies += 1;
        }
    }
    assert!(bodies > 100, "{bodies}");
}

#[test]
fn every_tag_is_described_and_used() {
    let document: Value = serde_json::from_str(&tests::document::text()).unwrap();
    let described: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let operations = operations();
    let used = operations.iter().flat_map(|(_, operation)| operation["tags"].as_array().unwrap());
    assert_eq!(described, used.map(|tag| tag.as_str().unwrap()).collect());
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&tests::document::text()).unwrap();
    let mut left = vec![&document];
    let mut count = 0;
    while let Some(value) = left.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').map(|path| document.pointer(path));
            assert!(target.flatten().is_some(), "{reference}");
            count += 1;
        }
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    assert!(count > 50, "only {count} references were found");
}

#[test]
fn every_parameter_of_a_path_is_described() {
    for (route, operation) in operations() {
        let in_path = |name: &str| {
            let parameters = operation.get("parameters").and_then(Value::as_array);
            parameters
                .into_iter()
                .flatten()
                .any(|parameter| parameter["in"] == "path" && parameter["name"] == name)
        };
        let named = route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        for name in named {
            assert!(in_path(name), "{route}: {name}");
        }
    }
}
