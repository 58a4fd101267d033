//! Examples in the API's document: of each body that is sent and each that is answered.
//!
//! What is sent is what `events/` sends, where it does; else, and what is answered, is made of the
//! schemas' own examples.

use serde_json::{Map, Value, json};

/// Bodies that are sent, as they are in `events/`: method, path and body.
pub(crate) type Samples = Vec<(String, Value)>;

/// Bodies of which the required members are no whole example.
const WHOLE: [(&str, &str); 2] = [
    (
        "POST /slots/set",
        r#"{"startDate":"2026-12-01","endDate":"2026-12-31","slotMinutes":15,"weekly":
            [{"day":"mon","from":"10:00","to":"13:00","breaks":[{"from":"11:30","to":"11:45"}]}]}"#,
    ),
    ("POST /waitlist", r#"{"speciality":"Cardiology","from":"2026-12-01","to":"2026-12-07"}"#),
];

/// Texts whose schema says no more than that they are texts.
const TEXTS: [(&str, &str); 13] = [
    ("keyId", "rzp_test_1DP5mmOlF5G5ag"),
    ("orderId", "order_DBJOWzybf0sJbb"),
    ("paymentId", "pay_29QQoUBi66xm2f"),
    ("merchantId", "acc_BFQ7uQEaa7j2z7"),
    ("code", "SLOT_TAKEN"),
    ("from", "2026-12-01"),
    ("path", "/calendar.ics?link=bGluaw"),
    ("link", "bGluaw"),
    ("url", "https://mediconnect.example/"),
    ("reportUrl", "https://mediconnect.example/report"),
    ("rule", "the doctor's fee for a consultation"),
    ("title", "Conflict"),
    ("detail", "Somebody else has this slot."),
];

/// Ids by the name of the member that holds one.
const IDS: [(&str, &str); 8] = [
    ("slotId", "slt"),
    ("appointmentId", "apt"),
    ("doctorId", "acc"),
    ("accountId", "acc"),
    ("patientId", "pat"),
    ("hospitalId", "hos"),
    ("leaveId", "lev"),
    ("importId", "imp"),
];

/// Gives every JSON body an example.
pub(crate) fn give_examples(document: &mut Value, samples: &Samples) {
    let whole = document.clone();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for (path, methods) in paths {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let route = format!("{} {path}", method.to_ascii_uppercase());
            if let Some(body) = json_of(operation.get_mut("requestBody")) {
                let schema = body.get("schema").cloned().unwrap_or_default();
                let sent =
                    samples.iter().find(|(of, _)| *of == route).map(|(_, body)| body.clone());
                let told = WHOLE.iter().find(|(of, _)| *of == route);
                let told = told.and_then(|(_, text)| serde_json::from_str(text).ok());
                let made = || Maker { whole: &whole, needed_only: true }.example(&schema, "");
                body.insert("example".to_owned(), sent.or(told).unwrap_or_else(made));
            }
            let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
            for (status, response) in responses.into_iter().flatten() {
                let Some(body) = json_of(Some(response)).filter(|_| status.starts_with('2')) else {
                    continue;
                };
                let schema = body.get("schema").cloned().unwrap_or_default();
                let maker = Maker { whole: &whole, needed_only: false };
                body.insert("example".to_owned(), maker.example(&schema, ""));
            }
        }
    }
}

fn json_of(body: Option<&mut Value>) -> Option<&mut Map<String, Value>> {
    body?.pointer_mut("/content/application~1json")?.as_object_mut()
}

/// Makes examples of schemas.
struct Maker<'a> {
    whole: &'a Value,
    /// Whether members that may be left out are, if there are others.
    needed_only: bool,
}

impl Maker<'_> {
    fn example(&self, schema: &Value, name: &str) -> Value {
        let first = |list: &str| schema.get(list).and_then(Value::as_array)?.first().cloned();
        let known = schema.get("example").cloned().or_else(|| first("examples"));
        if let Some(known) = known.or_else(|| first("enum")) {
            return known;
        }
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            if path.ends_with("/Id") {
                let kind = IDS.iter().find(|(known, _)| *known == name);
                return json!(format!(
                    "{}_01ke9x3n5p7q9r1s3t5v7w9x1y",
                    kind.map_or("acc", |it| it.1)
                ));
            }
            let target = self.whole.pointer(path.trim_start_matches('#'));
            return target.map_or(Value::Null, |target| self.example(target, name));
        }
        for any in ["oneOf", "anyOf"] {
            let several = schema.get(any).and_then(Value::as_array).into_iter().flatten();
            let mut several = several.filter(|one| one.get("type").is_none_or(|it| it != "null"));
            if let Some(one) = several.next() {
                return self.example(one, name);
            }
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            let parts = all.iter().map(|part| self.example(part, name));
            let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
        self.of_type(schema, name)
    }

    fn of_type(&self, schema: &Value, name: &str) -> Value {
        let kinds = schema.get("type").cloned().unwrap_or_default();
        let kind = match &kinds {
            Value::Array(kinds) => kinds.iter().find(|kind| **kind != "null").cloned(),
            _ => Some(kinds),
        };
        match kind.unwrap_or_default().as_str() {
            Some("object") => self.object(schema),
            Some("array") => {
                let items = schema.get("items").cloned().unwrap_or_default();
                json!([self.example(&items, name)])
            }
            Some("string") => text(schema, name),
            Some("boolean") => json!(true),
            // ₹500.
            Some("integer") if name == "amount" => json!(50_000),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            // Any object.
            _ => json!({}),
        }
    }

    fn object(&self, schema: &Value) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let required: Vec<&str> =
            required.into_iter().flatten().filter_map(Value::as_str).collect();
        let all = schema.get("properties").and_then(Value::as_object);
        let shown =
            |name: &str| !self.needed_only || required.is_empty() || required.contains(&name);
        let members = all.into_iter().flatten().filter(|(name, _)| shown(name));
        members.map(|(name, member)| (name.clone(), self.example(member, name))).collect()
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
