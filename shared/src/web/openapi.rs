//! What the generated `OpenAPI` document says beside the operations.

use std::collections::BTreeMap;
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The document without operations; each function adds its own.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "MediConnect",
        description = "Appointments of hospitals: people, slots, bookings, payments. Errors are \
                       RFC 9457 problem documents with a stable `code`. Above its own limits, or \
                       when a function dies, API Gateway itself answers 429, 500 or 503, with \
                       `{\"message\": …}` and without our headers.",
    ),
    components(schemas(super::Problem, super::FieldError))
)]
pub struct ApiDocument;

/// Adds the security scheme every protected operation names.
pub fn describe(document: &mut utoipa::openapi::OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token of a log-in; good for fifteen minutes."));
    let components = document.components.get_or_insert_with(Default::default);
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
}

/// The answers every operation may give besides its own: problem documents, by class. Which codes
/// an operation has with which status the whole document says, from what its handler reaches.
#[derive(Debug)]
pub struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |description: &str| {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response = ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content);
            RefOr::T(response.build())
        };
        BTreeMap::from([
            ("4XX".to_owned(), problem("Refused; `code` says why, and nothing was changed")),
            ("5XX".to_owned(), problem("Something needed is down (503), or we made a mistake")),
        ])
    }
}
