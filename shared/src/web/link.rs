//! Links that work without a log-in, as requests carry them.

use crate::models::{Issue, Parse};
use utoipa::ToSchema;

/// A link as it was handed out.
#[derive(Debug)]
pub struct LinkText(pub String);

impl Parse for LinkText {
    fn parse(text: &str) -> Result<Self, Issue> {
        let shaped = text.len() <= 512
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        shaped.then(|| Self(text.to_owned())).ok_or_else(|| Issue::invalid("is not a link"))
    }
}

impl utoipa::PartialSchema for LinkText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A link that works without a log-in, as it was handed out."))
            .pattern(Some("^[A-Za-z0-9_-]{0,512}$"))
            .examples(["c2VhbGVkIGJ5IHNvbWVib2R5IGVsc2U"])
            .into()
    }
}

impl ToSchema for LinkText {}
