//! `openapi.json`: fresh, whole, and honest about who may call.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::{models::IssueCode, web::Code};
use tests::{refusals, routes, schema};

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

/// The codes with which an operation refuses with a status.
fn codes(document: &Value, operation: &Map<String, Value>, status: u16) -> Vec<String> {
    let answer = &operation["responses"][status.to_string()];
    let elsewhere = answer["$ref"].as_str().map(|path| document.pointer(&path[1..]).unwrap());
    let content = &elsewhere.unwrap_or(answer)["content"]["application/problem+json"];
    let codes = content["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array();
    let codes = codes.into_iter().flatten().map(|code| code.as_str().unwrap().to_owned());
    codes.collect()
}

#[test]
fn operations_say_with_which_codes_they_refuse() {
    let document: Value = serde_json::from_str(&tests::document::text()).unwrap();
    let operations = operations();
    let of = |route: &str, status: u16| {
        let (_, operation) = operations.iter().find(|(name, _)| name == route).unwrap();
        codes(&document, operation, status)
    };
    let booking =
        ["CONFLICT", "IDEMPOTENCY_IN_PROGRESS", "SLOT_TAKEN", "HOSPITAL_CLOSED", "PATIENT_BUSY"];
    assert_eq!(of("POST /slots/book", 409), booking);
    let ruled = [
        "VALIDATION_FAILED",
        "IDEMPOTENCY_KEY_REUSED",
        "SLOT_IN_PAST",
        "SLOT_TOO_SOON",
        "SLOT_TOO_FAR",
    ];
    assert_eq!(of("POST /slots/book", 422), ruled);
    assert_eq!(of("POST /login", 401), ["INVALID_CREDENTIALS"]);
    assert_eq!(of("GET /me", 401), ["UNAUTHENTICATED"]);
    assert_eq!(of("POST /webhooks/razorpay", 403), [""; 0]);
    // Whoever asks for a permit may be refused for want of a token or of the role.
    for (route, operation) in &operations {
        let secured = !PUBLIC.contains(&route.as_str());
        assert_eq!(codes(&document, operation, 403) == ["FORBIDDEN"], secured, "{route}");
        assert!(!secured || codes(&document, operation, 401) == ["UNAUTHENTICATED"], "{route}");
        assert_eq!(codes(&document, operation, 503), ["DEPENDENCY_UNAVAILABLE"], "{route}");
    }
    let all = refusals::by_operation();
    let answered: BTreeSet<&str> = all.values().flatten().map(|code| code.as_str()).collect();
    let declared = Code::ALL.iter().map(|code| code.as_str());
    assert_eq!(answered, declared.collect(), "a code is no operation's");
}

#[test]
fn every_code_is_one_the_code_uses() {
    let (codes, issues) = (refusals::named("Code"), refusals::named("IssueCode"));
    for code in Code::ALL {
        assert!(codes.contains(&format!("{code:?}")), "{} is never answered", code.as_str());
    }
    for code in IssueCode::ALL {
        assert!(issues.contains(&format!("{code:?}")), "{} is never answered", code.as_str());
    }
}

/// What the tests hold every answer against.
#[test]
fn an_answer_with_a_code_of_another_operation_is_a_fault() {
    let (route, _) = routes::find("POST", "/slots/book").unwrap();
    let answer = |status: u16, code: &str, issue: &str| {
        json!({
            "type": "urn:mediconnect:problem:x", "title": "Conflict", "status": status,
            "code": code, "detail": "Something.", "requestId": "r",
            "errors": [{ "field": "slotId", "code": issue, "message": "is something" }],
        })
    };
    let faults = |status, code, issue| {
        let body = answer(status, code, issue);
        schema::faults(route, status, "application/problem+json", &body).len()
    };
    assert_eq!(faults(409, "SLOT_TAKEN", "REQUIRED"), 0);
    assert!(faults(422, "SLOT_TAKEN", "REQUIRED") > 0);
    assert!(faults(409, "QUEUE_FULL", "REQUIRED") > 0);
    assert!(faults(409, "SLOT_TAKEN", "SLOT_TAKEN") > 0);
}
