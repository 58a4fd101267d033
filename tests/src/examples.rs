//! Examples in the API's document: of each body that is sent and each that is answered.
//!
//! First comes what the running product was sent and has answered, which `tests/examples.json` has
//! by `METHOD /path` and `METHOD /path STATUS`; then what `events/` sends. What is in neither is
//! made of the schemas' own examples.

use crate::document::operations;
use serde_json::{Map, Value, json};

/// Bodies that are sent, as they are in `events/`: method, path and body.
pub(crate) type Samples = Vec<(String, Value)>;

/// Bodies of which the required members are no whole example.
const WHOLE: [(&str, &str); 4] = [
    (
        "POST /slots/set",
        r#"{"startDate":"2026-12-01","endDate":"2026-12-31","slotMinutes":15,"weekly":
            [{"day":"mon","from":"10:00","to":"13:00","breaks":[{"from":"11:30","to":"11:45"}]}]}"#,
    ),
    (
        "PATCH /hospital",
        r#"{"cancellation":{"tiers":[{"beforeMinutes":1440,"percent":100},
            {"beforeMinutes":120,"percent":50}],"noShowPercent":0},
            "booking":{"minNoticeMinutes":30,"maxDaysAhead":60,"holdMinutes":10}}"#,
    ),
    ("POST /queue/recall", r#"{"number":7}"#),
    ("POST /waitlist", r#"{"speciality":"Cardiology","from":"2026-12-01","to":"2026-12-07"}"#),
];

/// Members that tell something else than their type's example: of which schema, or of any.
const MEMBERS: [(&str, &str, &str); 18] = [
    ("", "createdAt", "2026-11-28T18:20:00+05:30"),
    ("", "holdExpiresAt", "2026-11-28T18:30:00+05:30"),
    ("AccessedBy", "role", "doctor"),
    ("AuditActor", "role", "doctor"),
    ("DoctorCreated", "name", "Dr. Meera Iyer"),
    ("DoctorCreated", "role", "doctor"),
    ("DoctorRef", "name", "Dr. Meera Iyer"),
    ("DoctorView", "name", "Dr. Meera Iyer"),
    ("Doer", "role", "patient"),
    ("Holiday", "name", "Republic Day"),
    ("HospitalChange", "name", "Sunrise Hospital"),
    ("HospitalView", "name", "Sunrise Hospital"),
    ("NewDoctor", "name", "Dr. Meera Iyer"),
    ("PatientCreated", "role", "patient"),
    ("PersonView", "role", "doctor"),
    ("PersonView", "status", "active"),
    ("ReceiptView", "hospital", "Sunrise Hospital"),
    ("UserView", "role", "patient"),
];

/// Members that say when something ends.
const ENDS: [&str; 5] = ["end", "endDate", "expiresAt", "to", "until"];

/// Texts whose schema says no more than that they are texts.
const TEXTS: [(&str, &str); 14] = [
    ("about", "pat_01ke9x3n5p7q9r1s3t5v7w9x1y"),
    ("accessToken", "header.claims.signature"),
    ("code", "SLOT_TAKEN"),
    ("from", "203.0.113.7"),
    ("ids", "pat_01ke9x3n5p7q9r1s3t5v7w9x1y"),
    ("link", "bGluaw"),
    ("number", "sunrise/2026-27/1"),
    ("path", "/calendar.ics?link=bGluaw"),
    ("refreshToken", "b3BhcXVl"),
    ("reportUrl", "https://mediconnect.example/report"),
    ("requestId", "JKJaXmPLvHcESHA="),
    ("rule", "the doctor's fee for a consultation"),
    ("title", "Conflict"),
    ("url", "https://mediconnect.example/"),
];

/// What was recorded of the running product.
fn recorded() -> Map<String, Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples.json");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Gives every JSON body an example, and problems those that were recorded.
pub(crate) fn give_examples(document: &mut Value, samples: &Samples) {
    let (whole, recorded) = (document.clone(), recorded());
    for (route, operation) in operations(document) {
        if let Some(body) = content(operation.get_mut("requestBody"), "application/json") {
            let known = recorded.get(&route).cloned().or_else(|| sent(samples, &route));
            give(&whole, body, known, true);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            let known = recorded.get(&format!("{route} {status}")).cloned();
            if let Some(body) = content(Some(&mut *response), "application/json") {
                give(&whole, body, known, false);
            } else if let Some(body) = content(Some(response), "application/problem+json") {
                body.extend(known.map(|known| ("example".to_owned(), known)));
            }
        }
    }
}

fn content<'a>(of: Option<&'a mut Value>, kind: &str) -> Option<&'a mut Map<String, Value>> {
    of?.get_mut("content")?.get_mut(kind)?.as_object_mut()
}

/// What is sent by this operation's event, or by what stands above.
fn sent(samples: &Samples, route: &str) -> Option<Value> {
    let sample = samples.iter().find(|(of, _)| of == route).map(|(_, body)| body.clone());
    let told = || WHOLE.iter().find(|(of, _)| *of == route);
    sample.or_else(|| serde_json::from_str(told()?.1).ok())
}

/// Gives a body the example that is known, or one that is made.
fn give(whole: &Value, body: &mut Map<String, Value>, known: Option<Value>, needed_only: bool) {
    let schema = body.get("schema").cloned().unwrap_or_default();
    let make = || Maker { whole, needed_only }.example(&schema, Place::default());
    body.insert("example".to_owned(), known.unwrap_or_else(make));
}

/// An example of what a member of this name may be.
pub(crate) fn made(whole: &Value, schema: &Value, name: &str) -> Value {
    Maker { whole, needed_only: false }.example(schema, Place { owner: "", name })
}

/// Makes examples of schemas.
struct Maker<'a> {
    whole: &'a Value,
    /// Whether members that may be left out are, if there are others.
    needed_only: bool,
}

/// Where a value stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    /// The schema that has the member.
    owner: &'a str,
    /// The member, or the list it is in.
    name: &'a str,
}

impl Place<'_> {
    /// What stands here and nowhere else.
    fn own(self, schema: &Value) -> Option<Value> {
        let told = MEMBERS.iter().find(|(owner, name, _)| {
            *name == self.name && (owner.is_empty() || *owner == self.owner)
        });
        told.map(|(.., text)| json!(text)).or_else(|| self.end(schema))
    }

    /// An end is later than a beginning.
    fn end(self, schema: &Value) -> Option<Value> {
        let first = schema.pointer("/examples/0").and_then(Value::as_str);
        let later = match (schema.get("format").and_then(Value::as_str), first) {
            (Some("date-time"), _) => "2026-12-01T10:15:00+05:30",
            (Some("date"), _) => "2026-12-07",
            (_, Some("10:00")) => "13:00",
            _ => return None,
        };
        ENDS.contains(&self.name).then(|| json!(later))
    }
}

impl Maker<'_> {
    fn example(&self, schema: &Value, at: Place<'_>) -> Value {
        let first = |list: &str| schema.get(list).and_then(Value::as_array)?.first().cloned();
        let known = at.own(schema).or_else(|| schema.get("example").cloned());
        if let Some(known) = known.or_else(|| first("examples")).or_else(|| first("enum")) {
            return known;
        }
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            let owner = path.rsplit('/').next().unwrap_or_default();
            let target = self.whole.pointer(path.trim_start_matches('#'));
            let place = Place { owner, name: at.name };
            return target.map_or(Value::Null, |target| self.example(target, place));
        }
        for any in ["oneOf", "anyOf"] {
            let several = schema.get(any).and_then(Value::as_array).into_iter().flatten();
            let mut several = several.filter(|one| one.get("type").is_none_or(|it| it != "null"));
            if let Some(one) = several.next() {
                return self.example(one, at);
            }
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            let parts = all.iter().map(|part| self.example(part, at));
            let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
        self.of_type(schema, at)
    }

    fn of_type(&self, schema: &Value, at: Place<'_>) -> Value {
        let kinds = schema.get("type").cloned().unwrap_or_default();
        let kind = match &kinds {
            Value::Array(kinds) => kinds.iter().find(|kind| **kind != "null").cloned(),
            _ => Some(kinds),
        };
        match kind.unwrap_or_default().as_str() {
            Some("object") => self.object(schema, at.owner),
            Some("array") => {
                let items = schema.get("items").cloned().unwrap_or_default();
                json!([self.example(&items, at)])
            }
            Some("string") => text(schema, at.name),
            Some("boolean") => json!(true),
            // ₹500.
            Some("integer") if at.name == "amount" => json!(50_000),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            // Any object.
            _ => json!({}),
        }
    }

    fn object(&self, schema: &Value, owner: &str) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let required: Vec<&str> =
            required.into_iter().flatten().filter_map(Value::as_str).collect();
        let all = schema.get("properties").and_then(Value::as_object);
        let shown =
            |name: &str| !self.needed_only || required.is_empty() || required.contains(&name);
        let members = all.into_iter().flatten().filter(|(name, _)| shown(name));
        let example = |name: &str, member| self.example(member, Place { owner, name });
        members.map(|(name, member)| (name.clone(), example(name, member))).collect()
    }
}

fn text(schema: &Value, name: &str) -> Value {
    if name == "nextCursor" {
        return Value::Null;
    }
    let of_format = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => Some("2026-12-01T10:00:00+05:30"),
        Some("date") => Some("2026-12-01"),
        _ => None,
    };
    let of_name = TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    json!(of_format.or(of_name).unwrap_or(name))
}
