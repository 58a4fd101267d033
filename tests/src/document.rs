//! The description of the whole API, put together from every function's operations.

use crate::{
    examples::{Examples, give_examples},
    refusals,
};
use serde_json::{Map, Value, json};
use shared::{
    models::{IssueCode, Role},
    web::{ApiDocument, Code, Function, describe, document},
};
use std::collections::BTreeMap;
use utoipa::{OpenApi as _, openapi::OpenApi};

/// A function, as the document has it.
struct Part {
    /// The name of its binary.
    name: &'static str,
    /// Whether its POSTs take an `Idempotency-Key`.
    keyed: bool,
    /// Its operations.
    operations: fn() -> OpenApi,
}

impl Part {
    const fn of<F: Function>() -> Self {
        Self { name: F::NAME, keyed: F::KEYED, operations: document::<F> }
    }
}

const PARTS: [Part; 7] = [
    Part::of::<auth::Auth>(),
    Part::of::<users::Users>(),
    Part::of::<hospitals::Hospitals>(),
    Part::of::<slots::Slots>(),
    Part::of::<appointments::Appointments>(),
    Part::of::<payments::Payments>(),
    Part::of::<razorpay_webhook::RazorpayWebhook>(),
];

/// Every function's operations by the name of its binary.
pub fn by_function() -> Vec<(&'static str, OpenApi)> {
    PARTS.iter().map(|part| (part.name, (part.operations)())).collect()
}

/// Whether the POSTs of a function take an `Idempotency-Key`.
pub(crate) fn takes_keys(function: &str) -> bool {
    PARTS.iter().any(|part| part.name == function && part.keyed)
}

/// The whole document, as `openapi.json` has it.
pub fn whole() -> OpenApi {
    let mut whole = ApiDocument::openapi();
    for (_, part) in by_function() {
        whole.merge(part);
    }
    describe(&mut whole);
    whole
}

/// The document's text as it is committed, with what the derived schemas do not know.
pub fn text() -> String {
    let mut document = serde_json::to_value(whole()).unwrap_or_default();
    let examples = Examples::read();
    name_operations(&mut document);
    describe_all(&mut document);
    share_items(&mut document);
    forbid_null(&mut document);
    close_bodies(&mut document);
    first_sentences(&mut document);
    name_callers(&mut document);
    name_ids(&mut document);
    name_codes(&mut document, &examples);
    name_keys(&mut document);
    name_headers(&mut document);
    drop_unused(&mut document);
    give_examples(&mut document, &examples);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Every operation, by `METHOD /path`.
pub(crate) fn operations(document: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    paths.into_iter().flatten().flat_map(|(path, methods)| {
        let methods = methods.as_object_mut().into_iter().flatten();
        methods.map(move |(method, operation)| {
            (format!("{} {path}", method.to_ascii_uppercase()), operation)
        })
    })
}

fn schemas(document: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    schemas.into_iter().flatten()
}

/// A reference to a component.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// A member that is a text.
fn text_of<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Names each operation after its method and path: `postSlotsBook`.
fn name_operations(document: &mut Value) {
    for (route, operation) in operations(document) {
        let (method, path) = route.split_once(' ').unwrap_or_default();
        let words =
            path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let name: String = words.map(capitalised).collect();
        operation["operationId"] = format!("{}{name}", method.to_ascii_lowercase()).into();
    }
}

/// Gives an object a member.
fn put(object: Option<&mut Value>, name: &str, member: Value) {
    if let Some(object) = object.and_then(Value::as_object_mut) {
        object.insert(name.to_owned(), member);
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The tags in the order in which somebody meets them, with what is behind each.
const TAGS: [(&str, &str); 11] = [
    ("about", "What the product says of itself."),
    ("auth", "Log-ins by password or mailed code, tokens, sessions."),
    ("hospitals", "Hospitals and their settings."),
    ("people", "Accounts, doctors, patients, and files of patients."),
    ("slots", "Doctors and their free times: publishing, booking, cancelling."),
    ("appointments", "Lists of appointments, and what becomes of one."),
    ("leave", "Doctors who are away, and what their patients choose."),
    ("waitlist", "Who waits for a slot, and what is kept for whom."),
    ("queue", "Numbers for those who wait, and whose turn it is."),
    ("payments", "Orders, the desk, refunds, the ledger, receipts, hospitals' own accounts."),
    ("audit", "Who did and saw what."),
];

/// Says where the API is and what its tags mean, and that what needs no token needs none.
fn describe_all(document: &mut Value) {
    let tag = |(name, description)| json!({ "name": name, "description": description });
    document["tags"] = TAGS.into_iter().map(tag).collect();
    document["servers"] = json!([{ "url": "/", "description": "Where this document comes from" }]);
    for (_, operation) in operations(document) {
        if operation.get("security").is_none() {
            operation["security"] = json!([]);
        }
    }
}

/// What lists hold is what it is elsewhere: one type, one schema.
fn share_items(document: &mut Value) {
    let mut items = Vec::new();
    for (name, list) in schemas(document) {
        let Some(item) = name.strip_prefix("List_") else { continue };
        if let Some(inline) = list.pointer_mut("/properties/items/items") {
            let schema = std::mem::replace(inline, reference("schemas", item));
            items.push((item.to_owned(), schema));
        }
    }
    let all = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let Some(all) = all else { return };
    for (name, schema) in items {
        all.entry(name).or_insert(schema);
    }
}

/// A member that may be left out may not be `null`: so the parser of bodies has it, and so the
/// replies are written.
fn forbid_null(document: &mut Value) {
    for (_, schema) in schemas(document) {
        let required = schema.get("required").cloned().unwrap_or_default();
        let required: Vec<String> = serde_json::from_value(required).unwrap_or_default();
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            if !required.contains(name) {
                not_null(property);
            }
        }
    }
    // Parameters too: a query knows no null. And of a body that may be left out nothing is sent.
    for (_, operation) in operations(document) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        let parameters = parameters.into_iter().flatten();
        parameters.filter_map(|parameter| parameter.get_mut("schema")).for_each(not_null);
        let bodies = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
        let bodies = bodies.into_iter().flat_map(Map::values_mut);
        bodies.filter_map(|body| body.get_mut("schema")).for_each(not_null);
    }
}

fn not_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type")
        && let Some(kind) =
            types.as_array().and_then(|types| types.iter().find(|kind| *kind != "null")).cloned()
    {
        *types = kind;
    }
    let some = schema.get("oneOf").and_then(Value::as_array);
    let some = some
        .and_then(|any| any.iter().find(|one| one.get("type").is_none_or(|kind| kind != "null")));
    if let Some(Value::Object(some)) = some.cloned()
        && let Some(schema) = schema.as_object_mut()
    {
        schema.remove("oneOf");
        schema.extend(some);
    }
}

/// A body with an unknown member is refused; its schema says so.
fn close_bodies(document: &mut Value) {
    let mut sent = Vec::new();
    for (_, operation) in operations(document) {
        references(operation.get("requestBody"), &mut sent);
    }
    follow(document, &mut sent);
    for (name, schema) in schemas(document) {
        if !sent.contains(&format!("/components/schemas/{name}")) {
            continue;
        }
        if let Some(schema) = schema.as_object_mut().filter(|it| it.contains_key("properties")) {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    }
}

/// Where the references in a value lead.
fn references(value: Option<&Value>, found: &mut Vec<String>) {
    match value {
        Some(Value::Object(members)) => {
            let leads = members.get("$ref").and_then(Value::as_str);
            if let Some(pointer) = leads.and_then(|path| path.strip_prefix('#'))
                && !found.iter().any(|known| known == pointer)
            {
                found.push(pointer.to_owned());
            }
            members.values().for_each(|member| references(Some(member), found));
        }
        Some(Value::Array(items)) => items.iter().for_each(|item| references(Some(item), found)),
        _ => {}
    }
}

/// And where the references there lead, to the last.
fn follow(document: &Value, found: &mut Vec<String>) {
    let mut index = 0;
    while let Some(pointer) = found.get(index).cloned() {
        references(document.pointer(&pointer), found);
        index += 1;
    }
}

/// What an operation does in a sentence, and the rest of what is said of it beside that.
fn first_sentences(document: &mut Value) {
    for (_, operation) in operations(document) {
        let said = text_of(operation, "summary").replace('\n', " ");
        let (first, rest) = match said.split_once(". ") {
            Some((first, rest)) => (format!("{first}."), rest),
            None => (said.clone(), ""),
        };
        let more = text_of(operation, "description");
        let paragraphs: Vec<&str> = [rest, more].into_iter().filter(|it| !it.is_empty()).collect();
        let description = paragraphs.join("\n\n");
        operation["summary"] = first.into();
        operation["description"] = description.into();
    }
}

/// The words of operations that something else opens than a token.
const OPENED: [&str; 2] = ["the link is the key", "signature"];

/// Says who may call each operation, if its own words do not.
fn name_callers(document: &mut Value) {
    for (route, operation) in operations(document) {
        let roles = refusals::by_operation().get(&route).and_then(refusals::Operation::roles);
        let said = text_of(operation, "description");
        if roles.is_none() && OPENED.iter().any(|words| said.contains(words)) {
            continue;
        }
        let roles = roles.map(|roles| roles.iter().copied().map(Role::as_str).collect::<Vec<_>>());
        let who = roles.map_or_else(|| "anybody".to_owned(), |roles| roles.join(", "));
        let space = if said.is_empty() { "" } else { "\n\n" };
        operation["description"] = format!("{said}{space}For: {who}.").into();
    }
}

/// Says of which kind the id in a path is: a handler names it, as in `kinds::Appointment`.
fn name_ids(document: &mut Value) {
    let known: Vec<String> = schemas(document).map(|(name, _)| name.clone()).collect();
    for (route, operation) in operations(document) {
        let said = refusals::by_operation().get(&route);
        let named = said.into_iter().flat_map(|said| &said.arguments);
        let Some(kind) = named.map(|name| format!("{name}Id")).find(|id| known.contains(id)) else {
            continue;
        };
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter(|it| it["in"] == "path") {
            parameter["schema"] = reference("schemas", &kind);
        }
    }
}

/// Says of each operation with which codes it refuses, by status, and of each code what it means.
fn name_codes(document: &mut Value, examples: &Examples) {
    let codes = Code::ALL.iter().map(|code| (code.as_str(), code.meaning()));
    describe_codes(document.pointer_mut("/components/schemas/Problem/properties/code"), codes);
    let issues = IssueCode::ALL.iter().map(|code| (code.as_str(), code.meaning()));
    describe_codes(document.pointer_mut("/components/schemas/FieldError/properties/code"), issues);
    let mut alike = Map::new();
    for (route, operation) in operations(document) {
        let said = refusals::by_operation().get(&route);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        let Some(responses) = responses else { continue };
        responses.retain(|status, _| !status.ends_with("XX"));
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in said.into_iter().flat_map(|said| &said.codes) {
            by_status.entry(code.status().as_u16()).or_default().push(*code);
        }
        for (status, codes) in by_status {
            let answer = match codes.as_slice() {
                // Most operations have it, so it is described once.
                [only] => {
                    let name = format!("{only:?}");
                    let shared = reference("responses", &name);
                    alike.entry(name).or_insert_with(|| shared_refusal(*only));
                    shared
                }
                _ => refusal(&codes),
            };
            responses.insert(status.to_string(), answer);
        }
    }
    let problems = Code::ALL.iter().map(|code| (format!("{code:?}"), problem(*code, examples)));
    put(document.get_mut("components"), "responses", Value::Object(alike));
    put(document.get_mut("components"), "examples", Value::Object(problems.collect()));
}

/// The codes a member may have, each with its meaning.
fn describe_codes<'a>(
    member: Option<&mut Value>,
    codes: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) {
    if let Some(member) = member {
        let meanings: Vec<String> = codes.clone().map(meant).collect();
        member["description"] = json!(format!("Stable.\n\n{}", meanings.join("\n")));
        member["enum"] = codes.map(|(code, _)| code).collect();
    }
}

/// A line of a list in Markdown.
fn meant((code, meaning): (&str, &str)) -> String {
    format!("- `{code}`: {meaning}")
}

/// The answer with this code of every operation that has no other of the same status.
fn shared_refusal(code: Code) -> Value {
    let mut answer = refusal(&[code]);
    let of_any = Asked { route: "", counted: true, keyed: true };
    let headers = headers_of(&of_any, code.status().as_u16(), &answer);
    put(Some(&mut answer), "headers", headers);
    answer
}

/// An answer that is a problem document with one of these codes, and an example of each.
fn refusal(codes: &[Code]) -> Value {
    let named = codes.iter().map(|code| (code.as_str(), code.meaning()));
    let description = match codes {
        [only] => format!("`{}`: {}", only.as_str(), only.meaning()),
        _ => named.clone().map(meant).collect::<Vec<_>>().join("\n"),
    };
    let known: Value = named.map(|(code, _)| code).collect();
    let mut members: Map<String, Value> = codes.iter().flat_map(|code| more_of(*code)).collect();
    members.insert("code".to_owned(), json!({ "type": "string", "enum": known }));
    let schema = json!({ "allOf": [
        reference("schemas", "Problem"),
        { "type": "object", "properties": members },
    ]});
    let example = |code: &Code| {
        let shared = reference("examples", &format!("{code:?}"));
        (code.as_str().to_owned(), shared)
    };
    let examples: Map<String, Value> = codes.iter().map(example).collect();
    let content = json!({ "schema": schema, "examples": examples });
    json!({ "description": description, "content": { "application/problem+json": content } })
}

/// What a problem with this code tells beside what all do.
fn more_of(code: Code) -> Map<String, Value> {
    let slots = |description: &str| {
        let items = reference("schemas", "SlotView");
        json!({ "description": description, "type": "array", "items": items })
    };
    let difference = "How much more the slot costs.";
    let more = match code {
        Code::SlotTaken => json!({
            "nextAvailable": slots("The same doctor's next open slots, up to three."),
            "alternatives":
                slots("Up to three: the same doctor's, or else others' of the speciality."),
        }),
        Code::SlotOverlap => json!({ "clashes": slots("The doctor's slots that are in the way.") }),
        Code::SlotCostsMore => json!({
            "difference":
                { "$ref": "#/components/schemas/Money", "description": difference },
        }),
        _ => json!({}),
    };
    more.as_object().cloned().unwrap_or_default()
}

/// An example of a problem with this code.
fn problem(code: Code, examples: &Examples) -> Value {
    let kind = code.as_str().to_ascii_lowercase().replace('_', "-");
    let mut problem = json!({
        "type": format!("urn:mediconnect:problem:{kind}"),
        "title": code.status().canonical_reason(),
        "status": code.status().as_u16(),
        "code": code.as_str(),
        "detail": code.meaning(),
        "requestId": "JKJaXmPLvHcESHA=",
    });
    for (member, told) in examples.refusal(code.as_str()).into_iter().flatten() {
        put(Some(&mut problem), member, told.clone());
    }
    json!({ "value": problem })
}

/// Says which operations take an `Idempotency-Key`, and what it does.
fn name_keys(document: &mut Value) {
    for (route, operation) in operations(document) {
        if refusals::by_operation().get(&route).is_some_and(|said| said.keyed) {
            let key = reference("parameters", "IdempotencyKey");
            match operation.get_mut("parameters").and_then(Value::as_array_mut) {
                Some(parameters) => parameters.push(key),
                None => operation["parameters"] = json!([key]),
            }
        }
    }
    let description = "A name of the caller's own for this request, under which it is done once, \
        however often it is sent. It is good for 24 hours, for the caller and the route.\n\n\
        - The same path, query and body again: the first answer again, with \
        `Idempotent-Replayed: true`\n\
        - Another path, query or body: 422, `IDEMPOTENCY_KEY_REUSED`\n\
        - While the first request is still running: 409, `IDEMPOTENCY_IN_PROGRESS`\n\n\
        Refusals that may pass are not kept, so that the same key can be tried again: 401, 403, \
        429, 5xx, and the codes `CONFLICT` and `PAYMENT_UNFINISHED`.";
    let parameters = json!({ "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": description,
        "schema": {
            "type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255,
        },
        "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    }});
    put(document.get_mut("components"), "parameters", parameters);
}

/// What the value of a header may be.
enum Rule {
    /// Always the same.
    Fixed,
    Text,
    /// A number of seconds.
    Seconds,
}

/// The headers of answers that say something of their own: name, rule, example, meaning.
const HEADERS: [(&str, Rule, &str, &str); 9] = [
    (
        "x-request-id",
        Rule::Text,
        "JKJaXmPLvHcESHA=",
        "Under which the request stands in the log; on every answer.",
    ),
    ("Retry-After", Rule::Seconds, "2", "Seconds after which it is worth trying again."),
    (
        "RateLimit-Policy",
        Rule::Text,
        "\"requests\";q=3000;w=60",
        "Where requests are counted: how many (`q`) one may make within so many seconds (`w`).",
    ),
    (
        "RateLimit",
        Rule::Text,
        "\"requests\";r=2999;t=60",
        "Where requests are counted: how many are left (`r`) for so many seconds (`t`).",
    ),
    (
        "Idempotent-Replayed",
        Rule::Fixed,
        "true",
        "It is the first answer under this `Idempotency-Key` once more.",
    ),
    ("Cache-Control", Rule::Fixed, "no-store", "It is for whoever asked, and no cache keeps it."),
    ("WWW-Authenticate", Rule::Fixed, "Bearer", "What a caller is known by: an access token."),
    (
        "Content-Disposition",
        Rule::Text,
        "inline; filename=\"SUN-2026-27-000123.pdf\"",
        "On the file: that it can be shown, and the name to save it by.",
    ),
    ("Vary", Rule::Fixed, "accept", "The form of the answer goes by `Accept`."),
];

/// The names of these headers.
pub(crate) fn header_names() -> impl Iterator<Item = &'static str> {
    HEADERS.iter().map(|(name, ..)| *name)
}

/// Says which headers each answer may have.
fn name_headers(document: &mut Value) {
    let all = HEADERS.iter().map(|(name, rule, example, description)| {
        let (schema, example) = match rule {
            Rule::Fixed => (json!({ "type": "string", "enum": [example] }), json!(example)),
            Rule::Text => (json!({ "type": "string" }), json!(example)),
            Rule::Seconds => {
                (json!({ "type": "integer", "minimum": 1 }), json!(example.parse::<u32>().ok()))
            }
        };
        let header = json!({ "description": description, "schema": schema, "example": example });
        ((*name).to_owned(), header)
    });
    let headers = Value::Object(all.collect());
    put(document.get_mut("components"), "headers", headers);
    for (route, operation) in operations(document) {
        let said = refusals::by_operation().get(&route);
        let asked = Asked {
            route: &route,
            counted: said.is_some_and(|said| said.codes.contains(&Code::TooManyRequests)),
            keyed: said.is_some_and(|said| said.keyed),
        };
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            if response.get("$ref").is_none() {
                let status = status.parse().unwrap_or_default();
                response["headers"] = headers_of(&asked, status, response);
            }
        }
    }
}

/// An operation, as far as it decides about the headers of its answers.
struct Asked<'a> {
    /// `METHOD /path`, but for what several operations share.
    route: &'a str,
    /// Whether requests are counted.
    counted: bool,
    /// Whether it takes an `Idempotency-Key`.
    keyed: bool,
}

/// What is the same for everybody, so that caches may keep it.
const FOR_ALL: [&str; 2] = ["GET /docs", "GET /openapi.json"];

/// The headers of an operation's answer with this status.
fn headers_of(asked: &Asked<'_>, status: u16, answer: &Value) -> Value {
    let kinds = answer.get("content").and_then(Value::as_object);
    let kept = status < 400 && FOR_ALL.contains(&asked.route);
    let has = |name: &str| match name {
        "Retry-After" => matches!(status, 429 | 503),
        "RateLimit" | "RateLimit-Policy" => asked.counted,
        // What may soon be answered otherwise is not kept under a key.
        "Idempotent-Replayed" => asked.keyed && matches!(status, 200..=299 | 400 | 404 | 409 | 422),
        "Cache-Control" => kinds.is_some() && !kept,
        "WWW-Authenticate" => status == 401,
        "Content-Disposition" => kinds.is_some_and(|kinds| kinds.contains_key("application/pdf")),
        "Vary" => kinds.is_some_and(|kinds| kinds.len() > 1),
        _ => true,
    };
    let named = header_names().filter(|name| has(name));
    Value::Object(named.map(|name| (name.to_owned(), reference("headers", name))).collect())
}

/// Takes out the schemas that nothing refers to.
fn drop_unused(document: &mut Value) {
    let mut used = Vec::new();
    references(document.get("paths"), &mut used);
    follow(document, &mut used);
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        all.retain(|name, _| used.contains(&format!("/components/schemas/{name}")));
    }
}
