//! The description of the whole API, put together from every function's operations.

use crate::{
    examples::{Samples, give_examples},
    refusals,
};
use serde_json::{Map, Value, json};
use shared::{
    models::IssueCode,
    web::{ApiDocument, Code, describe, document},
};
use std::collections::BTreeMap;
use utoipa::{OpenApi as _, openapi::OpenApi};

/// Every function's operations by the name of its binary.
pub fn by_function() -> Vec<(&'static str, OpenApi)> {
    vec![
        ("auth", document::<auth::Auth>()),
        ("users", document::<users::Users>()),
        ("hospitals", document::<hospitals::Hospitals>()),
        ("slots", document::<slots::Slots>()),
        ("appointments", document::<appointments::Appointments>()),
        ("payments", document::<payments::Payments>()),
        ("razorpay-webhook", document::<razorpay_webhook::RazorpayWebhook>()),
    ]
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
    name_operations(&mut document);
    describe_all(&mut document);
    forbid_null(&mut document);
    close_bodies(&mut document);
    drop_unused(&mut document);
    first_sentences(&mut document);
    name_codes(&mut document);
    give_examples(&mut document, &samples());
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Names each operation after its method and path: `postSlotsBook`.
fn name_operations(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for (path, methods) in paths {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let words =
                path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
            let name: String = words.map(capitalised).collect();
            if let Some(operation) = operation.as_object_mut() {
                operation.insert("operationId".to_owned(), format!("{method}{name}").into());
            }
        }
    }
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
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if operation.get("security").is_none() {
            operation["security"] = json!([]);
        }
    }
}

/// What an operation does in a sentence, and the rest of what is said of it beside that.
fn first_sentences(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let methods = paths.into_iter().flatten().filter_map(|(_, methods)| methods.as_object_mut());
    for operation in methods.flat_map(Map::values_mut) {
        let said = operation.get("summary").and_then(Value::as_str).unwrap_or_default();
        let said = said.replace('\n', " ");
        if let Some((first, rest)) = said.split_once(". ") {
            operation["description"] = json!(rest);
            operation["summary"] = json!(format!("{first}."));
        } else {
            operation["summary"] = json!(said);
        }
    }
}

/// Says of each operation with which codes it refuses, by status, and of each code what it means.
fn name_codes(document: &mut Value) {
    let codes = Code::ALL.iter().map(|code| (code.as_str(), code.meaning()));
    describe_codes(document.pointer_mut("/components/schemas/Problem/properties/code"), codes);
    let issues = IssueCode::ALL.iter().map(|code| (code.as_str(), code.meaning()));
    describe_codes(document.pointer_mut("/components/schemas/FieldError/properties/code"), issues);
    let of_operations = refusals::by_operation();
    let mut alike: BTreeMap<String, Value> = BTreeMap::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let route = format!("{} {path}", method.to_ascii_uppercase());
            let codes = of_operations.get(&route).map_or(&[][..], Vec::as_slice);
            let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
            let Some(responses) = responses else { continue };
            responses.retain(|status, _| !status.ends_with("XX"));
            let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
            for code in codes {
                by_status.entry(code.status().as_u16()).or_default().push(*code);
            }
            for (status, codes) in by_status {
                let answer = match codes.as_slice() {
                    // Most operations have it, so it is described once.
                    [only] => {
                        let name = format!("{only:?}");
                        let answer = json!({ "$ref": format!("#/components/responses/{name}") });
                        alike.insert(name, refusal(&codes));
                        answer
                    }
                    _ => refusal(&codes),
                };
                responses.insert(status.to_string(), answer);
            }
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("responses".to_owned(), json!(alike));
    }
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

/// An answer that is a problem document with one of these codes.
fn refusal(codes: &[Code]) -> Value {
    let named = codes.iter().map(|code| (code.as_str(), code.meaning()));
    let description = match codes {
        [only] => format!("`{}`: {}", only.as_str(), only.meaning()),
        _ => named.clone().map(meant).collect::<Vec<_>>().join("\n"),
    };
    let codes: Value = named.map(|(code, _)| code).collect();
    let schema = json!({ "allOf": [
        { "$ref": "#/components/schemas/Problem" },
        { "type": "object", "properties": { "code": { "type": "string", "enum": codes } } },
    ]});
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": schema } },
    })
}

/// The bodies in `events/`.
fn samples() -> Samples {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
    let entries = |path: &str| {
        let mut paths: Vec<_> =
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|it| it.path()).collect();
        paths.sort();
        paths
    };
    let files = entries(folder).into_iter().flat_map(|path| entries(&path.to_string_lossy()));
    files
        .filter_map(|file| {
            let event: Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
            let body = serde_json::from_str(event.get("body")?.as_str()?).ok()?;
            Some((event.get("routeKey")?.as_str()?.to_owned(), body))
        })
        .collect()
}

/// Takes out the schemas that nothing refers to: lists describe their items in place.
fn drop_unused(document: &mut Value) {
    let mut used = Vec::new();
    references(document.get("paths"), &mut used);
    let mut index = 0;
    while let Some(name) = used.get(index).cloned() {
        let schema = document.pointer(&format!("/components/schemas/{name}")).cloned();
        references(schema.as_ref(), &mut used);
        index += 1;
    }
    if let Some(all) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        all.retain(|name, _| used.contains(name));
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

fn schemas(document: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    schemas.into_iter().flatten()
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
    // Parameters too: a query knows no null.
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for operation in
        paths.values_mut().filter_map(Value::as_object_mut).flat_map(|methods| methods.values_mut())
    {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        parameters
            .into_iter()
            .flatten()
            .filter_map(|parameter| parameter.get_mut("schema"))
            .for_each(not_null);
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
    let mut bodies = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for operation in
        paths.into_iter().flat_map(|paths| paths.values().filter_map(Value::as_object)).flatten()
    {
        let schema = operation.1.pointer("/requestBody/content/application~1json/schema");
        references(schema, &mut bodies);
    }
    let mut index = 0;
    while let Some(name) = bodies.get(index).cloned() {
        let schema = document.pointer(&format!("/components/schemas/{name}")).cloned();
        references(schema.as_ref(), &mut bodies);
        index += 1;
    }
    for (_, schema) in schemas(document).filter(|(name, _)| bodies.contains(name)) {
        if let Some(schema) =
            schema.as_object_mut().filter(|schema| schema.contains_key("properties"))
        {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    }
}

/// The names of the schemas a schema refers to.
fn references(schema: Option<&Value>, names: &mut Vec<String>) {
    match schema {
        Some(Value::Object(members)) => {
            if let Some(name) =
                members.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
            members.values().for_each(|member| references(Some(member), names));
        }
        Some(Value::Array(items)) => items.iter().for_each(|item| references(Some(item), names)),
        _ => {}
    }
}
