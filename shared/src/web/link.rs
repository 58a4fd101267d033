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
        String::schema()
    }
}

impl ToSchema for LinkText {}
