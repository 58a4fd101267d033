//! The description of the whole API, put together from every function's operations.

use shared::web::{ApiDocument, describe, document};
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

/// The document's text as it is committed. A member that may be left out may not be `null`: that
/// is what the parser of bodies holds, and the derived schemas do not know it.
pub fn text() -> String {
    let mut value = serde_json::to_value(whole()).unwrap_or_default();
    if let Some(schemas) = value.pointer_mut("/components/schemas").and_then(|value| value.as_object_mut()) {
        for (_, schema) in schemas.iter_mut() {
            optional_is_not_null(schema);
        }
    }
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn optional_is_not_null(schema: &mut serde_json::Value) {
    let required: Vec<String> = schema
        .get("required")
        .and_then(|required| serde_json::from_value(required.clone()).ok())
        .unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
        not_null(property);
    }
}

fn not_null(property: &mut serde_json::Value) {
    if let Some(types) = property.get_mut("type")
        && let Some(kind) = types.as_array().and_then(|types| types.iter().find(|kind| *kind != "null")).cloned()
    {
        *types = kind;
    }
    let only = property.get("oneOf").and_then(|any| any.as_array()).and_then(|any| {
        any.iter().find(|one| one.get("type").is_none_or(|kind| kind != "null")).cloned()
    });
    if let Some(serde_json::Value::Object(only)) = only
        && let Some(property) = property.as_object_mut()
    {
        property.remove("oneOf");
        property.extend(only);
    }
}
