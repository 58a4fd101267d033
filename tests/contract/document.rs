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

/// The document, as its readers have it.
fn document() -> Value {
    serde_json::from_str(&tests::document::text()).unwrap()
}

/// Every operation as `METHOD /path`, with its description.
pub(crate) fn operations() -> Vec<(String, Map<String, Value>)> {
    operations_of(&document())
}

fn operations_of(document: &Value) -> Vec<(String, Map<String, Value>)> {
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

#[test]
fn operations_say_who_may_call_them() {
    let operations = operations();
    let of = |route: &str| {
        let (_, operation) = operations.iter().find(|(name, _)| name == route).unwrap();
        operation["description"].as_str().unwrap()
    };
    assert!(of("POST /slots/book").ends_with(".\n\nFor: patient."));
    assert!(of("GET /hospital").ends_with("For: hospital, doctor, patient."));
    assert_eq!(of("GET /health"), "For: anybody.");
    for (route, _) in &operations {
        let said = of(route);
        let named = said.rsplit_once("For: ").map(|(_, who)| who.trim_end_matches('.'));
        let Some(roles) = refusals::by_operation()[route].roles() else {
            let opened = said.contains("the link is the key") || said.contains("signature");
            assert!(opened || named == Some("anybody"), "{route}: {said}");
            assert!(PUBLIC.contains(&route.as_str()), "{route}");
            continue;
        };
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        assert_eq!(named, Some(roles.join(", ").as_str()), "{route}");
        assert!(!PUBLIC.contains(&route.as_str()), "{route}");
    }
}

#[test]
fn a_key_is_taken_by_what_makes_something_for_somebody() {
    let document = document();
    let key = json!({ "$ref": "#/components/parameters/IdempotencyKey" });
    for (route, operation) in operations_of(&document) {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let takes = parameters.is_some_and(|parameters| parameters.contains(&key));
        let known = !PUBLIC.contains(&route.as_str());
        let expected = known && route.starts_with("POST ") && operation["tags"][0] != "auth";
        assert_eq!(takes, expected, "{route}");
        for (status, code) in [
            (400, "INVALID_IDEMPOTENCY_KEY"),
            (409, "IDEMPOTENCY_IN_PROGRESS"),
            (422, "IDEMPOTENCY_KEY_REUSED"),
        ] {
            let told = codes(&document, &operation, status).iter().any(|known| known == code);
            assert_eq!(told, takes, "{route} {code}");
        }
        // What keys only compare an answer with is no answer of theirs.
        let told = codes(&document, &operation, 409).contains(&"PAYMENT_UNFINISHED".to_owned());
        assert_eq!(told, route == "POST /payment/verify", "{route}");
    }
    let key = &document["components"]["parameters"]["IdempotencyKey"];
    assert_eq!((&key["name"], &key["in"]), (&json!("Idempotency-Key"), &json!("header")));
    for (key_sent, right) in
        [("k".repeat(255), true), ("k".repeat(256), false), (String::new(), false)]
    {
        let faults = schema::unfit(&key["schema"], &json!(key_sent));
        assert_eq!(faults.is_empty(), right, "{key_sent}");
    }
    for words in ["24 hours", "Idempotent-Replayed", "CONFLICT", "PAYMENT_UNFINISHED", "403"] {
        assert!(key["description"].as_str().unwrap().contains(words), "{words}");
    }
}

/// What a reference leads to, or what is none.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"].as_str().map_or(value, |path| document.pointer(&path[1..]).unwrap())
}

#[test]
fn answers_say_which_headers_they_have() {
    let document = document();
    for (route, operation) in operations_of(&document) {
        let answers = operation["responses"].as_object().unwrap();
        let counted = answers.contains_key("429");
        let key = json!({ "$ref": "#/components/parameters/IdempotencyKey" });
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let keyed = parameters.is_some_and(|parameters| parameters.contains(&key));
        for (status, given) in answers {
            let (answer, shared) = (resolved(&document, given), given.get("$ref").is_some());
            let has = |name: &str| {
                let leads = format!("#/components/headers/{name}");
                answer["headers"][name]["$ref"].as_str() == Some(leads.as_str())
            };
            let number: u16 = status.parse().unwrap();
            let content = answer.get("content").is_some();
            let for_all = ["GET /docs 200", "GET /openapi.json 200"];
            let kept = for_all.contains(&format!("{route} {status}").as_str());
            let stays = matches!(number, 200..=299 | 400 | 404 | 409 | 422);
            let receipt = route == "GET /payments/receipts/{appointmentId}" && number == 200;
            for (name, expected) in [
                ("x-request-id", true),
                ("Retry-After", matches!(number, 429 | 503)),
                ("RateLimit", counted || shared),
                ("RateLimit-Policy", counted || shared),
                ("Idempotent-Replayed", (keyed || shared) && stays),
                ("Cache-Control", content && !kept),
                ("WWW-Authenticate", number == 401),
                ("Content-Disposition", receipt),
                ("Vary", receipt),
            ] {
                assert_eq!(has(name), expected, "{route} {status} {name}");
            }
        }
    }
}

#[test]
fn refusals_that_tell_more_describe_it() {
    let document = document();
    let answer = |route: &str, status: &str| {
        let (_, operation) =
            operations_of(&document).into_iter().find(|(name, _)| name == route).unwrap();
        let answer = resolved(&document, &operation["responses"][status]);
        answer["content"]["application/problem+json"].clone()
    };
    let more = |route: &str| {
        let members = answer(route, "409")["schema"]["allOf"][1]["properties"].clone();
        let members = members.as_object().unwrap().clone().into_iter();
        let schema = |member: &Value| {
            let of = member.get("items").unwrap_or(member);
            of["$ref"].as_str().map(|path| path.rsplit('/').next().unwrap().to_owned())
        };
        let members = members.filter_map(|(name, member)| Some((name, schema(&member)?)));
        members.collect::<Vec<(String, String)>>()
    };
    let named = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(name, of)| ((*name).to_owned(), (*of).to_owned())).collect()
    };
    let taken = [("alternatives", "SlotView"), ("nextAvailable", "SlotView")];
    assert_eq!(more("POST /slots/book"), named(&taken));
    let [alternatives, next] = taken;
    let moved = [alternatives, ("difference", "Money"), next];
    assert_eq!(more("POST /appointments/{id}/reschedule"), named(&moved));
    assert_eq!(more("POST /slots/set"), named(&[("clashes", "SlotView")]));
    assert_eq!(more("POST /waitlist"), named(&[]));
    for name in ["SlotView", "Money"] {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
    let shown = |route: &str, code: &str| {
        let examples = answer(route, "409")["examples"].clone();
        resolved(&document, &examples[code])["value"].clone()
    };
    for (route, code, member) in [
        ("POST /slots/book", "SLOT_TAKEN", "nextAvailable"),
        ("POST /slots/book", "SLOT_TAKEN", "alternatives"),
        ("POST /slots/set", "SLOT_OVERLAP", "clashes"),
        ("POST /appointments/{id}/reschedule", "SLOT_COSTS_MORE", "difference"),
    ] {
        let example = shown(route, code);
        let told = example[member].get(0).unwrap_or(&example[member]);
        assert!(told.is_object(), "{code} {member}: {example}");
    }
    let example = shown("POST /slots/book", "SLOT_TAKEN");
    // What the tests hold answers against has them too.
    let (route, _) = routes::find("POST", "/slots/book").unwrap();
    let faults =
        |problem: &Value| schema::faults(route, 409, "application/problem+json", problem).len();
    assert_eq!(faults(&example), 0);
    let mut wrong = example.clone();
    wrong["nextAvailable"] = json!([{ "id": "slt_1" }]);
    assert!(faults(&wrong) > 0);
}

#[test]
fn one_type_is_one_schema_and_null_only_where_it_is_sent() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut lists = 0;
    for (name, schema) in schemas {
        let Some(item) = name.strip_prefix("List_") else { continue };
        let items = &schema["properties"]["items"]["items"];
        assert_eq!(*items, json!({ "$ref": format!("#/components/schemas/{item}") }), "{name}");
        lists += 1;
    }
    assert!(lists > 10, "{lists}");
    assert_eq!(schemas["SlotView"]["properties"]["capacity"]["type"], "integer");
    assert_eq!(schemas["AccessView"]["properties"]["from"]["type"], "string");
    assert_eq!(schemas["DoctorView"]["properties"]["nextAvailable"]["type"][1], "null");
    for (route, operation) in operations_of(&document) {
        let Some(body) = operation.get("requestBody") else { continue };
        for content in body["content"].as_object().unwrap().values() {
            assert!(!content["schema"].to_string().contains("\"null\""), "{route}");
        }
        // What may be left out is said to be.
        let remark = body.to_string().contains("schemas/Remark");
        assert_eq!(body["required"] == true, !remark, "{route}");
    }
}

/// Everything that is said in words.
fn descriptions(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(descriptions).collect(),
        Value::Object(members) => {
            let said = ["description", "summary"].map(|name| members.get(name)?.as_str());
            let shown = |name: &str| matches!(name, "example" | "examples");
            let inner = members.iter().filter(|(name, _)| !shown(name));
            let inner = inner.flat_map(|(_, member)| descriptions(member));
            said.into_iter().flatten().chain(inner).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn descriptions_are_for_those_outside() {
    let document = document();
    let all = descriptions(&document);
    assert!(all.len() > 500, "{}", all.len());
    for said in all {
        for inside in ["[`", "::", "as stored", "the edge"] {
            assert!(!said.contains(inside), "{said}");
        }
    }
}

#[test]
fn the_rules_of_forms_are_told() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(_, schema)| schema["type"] == "string") {
        assert!(schema.get("description").is_some(), "{name} says nothing");
        let rule = ["enum", "format", "maxLength", "pattern"];
        let ruled = rule.iter().any(|rule| schema.get(rule).is_some());
        // A telephone number may be written in many ways.
        assert!(ruled || name == "Mobile", "{name} has no rule");
    }
    let long = |length: usize| "a".repeat(length);
    for (name, right, wrong) in [
        ("Name", long(100), long(101)),
        ("Name", long(1), String::new()),
        ("Identifier", long(64), long(65)),
        ("Reason", long(500), long(501)),
        ("Speciality", long(2), long(1)),
        ("DeskReference", long(64), long(65)),
        ("RegistrationNumber", long(64), long(65)),
        ("NewPassword", long(8), long(7)),
        ("NewPassword", long(128), long(129)),
        ("HospitalCode", " Sunrise-2 ".to_owned(), "-sunrise".to_owned()),
        ("FileName", "patients.csv".to_owned(), "lists/patients.csv".to_owned()),
        ("Otp", " 123456 ".to_owned(), "12345".to_owned()),
        ("TimeOfDay", "24:00".to_owned(), "24:01".to_owned()),
        ("WeekDay", "sun".to_owned(), "Sunday".to_owned()),
        ("Email", "asha@example.com".to_owned(), "asha".to_owned()),
        ("OrderId", "order_1".to_owned(), "pay_1".to_owned()),
        ("SlotId", format!("slt_{}", "0".repeat(26)), format!("apt_{}", "0".repeat(26))),
    ] {
        assert_eq!(schema::unfit(&schemas[name], &json!(right)), [""; 0], "{name}");
        assert!(!schema::unfit(&schemas[name], &json!(wrong)).is_empty(), "{name}: {wrong}");
    }
    // An id in a path is of the kind that belongs there.
    for (route, operation) in operations_of(&document) {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        for parameter in parameters.into_iter().flatten().filter(|it| it["in"] == "path") {
            let schema = parameter["schema"]["$ref"].as_str();
            assert!(schema.is_some_and(|path| path.ends_with("Id")), "{route}");
        }
    }
}

#[test]
fn limits_and_what_is_replaced_are_told() {
    let said = |route: &str| {
        let (_, operation) = operations().into_iter().find(|(name, _)| name == route).unwrap();
        operation["description"].as_str().unwrap().to_owned()
    };
    for (route, words) in [
        ("POST /payments/reconciliation", ["50 appointments", "12 seconds", "goes on"]),
        ("PATCH /hospital", ["all that was there", "`noShowPercent`", "`holdMinutes`"]),
    ] {
        for word in words {
            assert!(said(route).contains(word), "{route}: {word}");
        }
    }
}

/// Every schema that has an example, with it and where they are.
fn examples<'a>(
    document: &'a Value,
    value: &'a Value,
    at: &str,
) -> Vec<(String, &'a Value, &'a Value)> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| examples(document, item, at)).collect(),
        Value::Object(members) => {
            let schema = members.get("schema");
            let own = shown(document, value).into_iter();
            let own = own.filter_map(|example| Some((at.to_owned(), schema?, example)));
            let several = members.get("examples").and_then(Value::as_array);
            let several = several.into_iter().flatten();
            let several = several.map(|example| (at.to_owned(), value, example));
            let of_examples = |name: &str| matches!(name, "example" | "examples");
            let inner = members.iter().filter(|(name, _)| !of_examples(name));
            let inner = inner
                .flat_map(|(name, member)| examples(document, member, &format!("{at}/{name}")));
            own.chain(several).chain(inner).collect()
        }
        _ => Vec::new(),
    }
}

/// The examples that stand beside a schema: one, or several by their names.
fn shown<'a>(document: &'a Value, beside: &'a Value) -> Vec<&'a Value> {
    let named = beside["examples"].as_object().into_iter().flat_map(Map::values);
    let named = named.map(|example| &resolved(document, example)["value"]);
    beside.get("example").into_iter().chain(named).collect()
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let all = examples(&document, &document, "");
    assert!(all.len() > 600, "{}", all.len());
    for (at, schema, example) in all {
        let faults = schema::unfit(schema, example);
        assert!(faults.is_empty(), "{at}: {faults:#?}\n{example}");
    }
}

/// What `tests/examples.json` tells of each operation.
fn told() -> Vec<(String, Vec<Value>)> {
    let told: Value = serde_json::from_str(&read("tests/examples.json")).unwrap();
    let operations = told["operations"].as_object().unwrap().clone().into_iter();
    operations.map(|(route, exchanges)| (route, exchanges.as_array().unwrap().clone())).collect()
}

#[test]
fn what_is_told_is_shown_and_the_ordinary_first() {
    let document = document();
    let operations = operations_of(&document);
    for (route, exchanges) in told() {
        let known = operations.iter().find(|(name, _)| *name == route);
        let (_, operation) = known.unwrap_or_else(|| panic!("{route} is no operation"));
        for (index, exchange) in exchanges.iter().enumerate() {
            let answer = operation["responses"].get(exchange["status"].to_string());
            for (member, place) in [("sent", operation.get("requestBody")), ("answer", answer)] {
                let Some(body) = exchange.get(member) else { continue };
                let content = place.unwrap().pointer("/content/application~1json").unwrap();
                let all = shown(&document, content);
                let place = all.iter().position(|example| *example == body);
                let place = place.unwrap_or_else(|| panic!("{route}: {body} is shown nowhere"));
                assert!(index > 0 || place == 0, "{route}: the first is not shown first");
            }
        }
    }
    let told: Value = serde_json::from_str(&read("tests/examples.json")).unwrap();
    for (name, members) in told["refusals"].as_object().unwrap() {
        let code = Code::ALL.iter().find(|code| code.as_str() == name).unwrap();
        let example = &document["components"]["examples"][format!("{code:?}")]["value"];
        for (member, value) in members.as_object().unwrap() {
            assert_eq!(example[member], *value, "{name}");
        }
    }
}

/// What a value says, by name; the `id` of a `doctor` is a `doctorId`.
fn said<'a>(value: &'a Value, name: &str) -> Vec<(String, &'a Value)> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| said(item, name)).collect(),
        Value::Object(members) => {
            let called = |member: &str| match member {
                "id" => format!("{name}Id"),
                _ => member.to_owned(),
            };
            members.iter().flat_map(|(member, inner)| said(inner, &called(member))).collect()
        }
        _ => vec![(name.to_owned(), value)],
    }
}

/// What is answered otherwise than it was sent: the reason may be the booking's, and one token is
/// followed by the next.
const OTHERWISE: [&str; 2] = ["reason", "refreshToken"];

/// An answer that tells what was sent tells it as it was sent.
#[test]
fn requests_and_answers_belong_together() {
    let mut echoes = 0;
    for (route, exchanges) in told() {
        for exchange in &exchanges {
            let answered = said(&exchange["answer"], "");
            let sent = said(&exchange["sent"], "").into_iter();
            for (name, value) in sent.filter(|(name, _)| !OTHERWISE.contains(&name.as_str())) {
                let told: Vec<&Value> =
                    answered.iter().filter(|(known, _)| *known == name).map(|it| it.1).collect();
                assert!(told.is_empty() || told.contains(&value), "{route}: {name} {value}");
                echoes += usize::from(!told.is_empty());
            }
        }
    }
    assert!(echoes > 50, "{echoes}");
}

#[test]
fn what_is_told_is_possible() {
    let told: Value = serde_json::from_str(&read("tests/examples.json")).unwrap();
    let (mut left, mut times) = (vec![&told], 0);
    while let Some(value) = left.pop() {
        if let (Some(start), Some(end)) = (value["start"].as_str(), value["end"].as_str()) {
            assert!(start < end, "{value}");
            times += 1;
        }
        let seats = ["capacity", "free"].map(|name| &value[name]);
        assert!(value["status"] != "open" || !seats.contains(&&json!(0)), "{value}");
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    assert!(times > 20, "{times}");
}

#[test]
fn every_json_body_has_an_example() {
    let document = document();
    let mut bodies = 0;
    for (route, operation) in operations_of(&document) {
        let sent = operation.get("requestBody").into_iter();
        let answers = operation["responses"].as_object().unwrap().iter();
        let answers = answers.filter(|(status, _)| status.starts_with('2'));
        for body in sent.chain(answers.map(|(_, answer)| answer)) {
            let Some(body) = body.pointer("/content/application~1json") else { continue };
            let all = shown(&document, body);
            assert!(!all.is_empty(), "{route}: nothing of it in tests/examples.json");
            assert!(all.iter().all(|example| !example.is_null()), "{route}");
            bodies += 1;
        }
    }
    assert!(bodies > 100, "{bodies}");
}

#[test]
fn every_refusal_has_an_example_of_each_code() {
    let document = document();
    let mut refusals = 0;
    for (route, operation) in operations_of(&document) {
        let answers = operation["responses"].as_object().unwrap().iter();
        for (status, answer) in answers.filter(|(status, _)| status.as_str() >= "400") {
            let content = &resolved(&document, answer)["content"]["application/problem+json"];
            let named = content["examples"].as_object().unwrap();
            let number: u16 = status.parse().unwrap();
            let known: BTreeSet<String> =
                codes(&document, &operation, number).into_iter().collect();
            assert_eq!(named.keys().cloned().collect::<BTreeSet<_>>(), known, "{route} {status}");
            for (code, example) in named {
                let problem = &resolved(&document, example)["value"];
                assert_eq!(problem["code"], code.as_str(), "{route} {status}");
                assert_eq!(problem["status"], number, "{route} {status}");
            }
            refusals += 1;
        }
    }
    assert!(refusals > 600, "{refusals}");
}

#[test]
fn every_tag_is_described_and_used() {
    let document = document();
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
    let document = document();
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
    let document = document();
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
    let all = refusals::by_operation().values().flat_map(|said| &said.codes);
    let answered: BTreeSet<&str> = all.map(|code| code.as_str()).collect();
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
