//! Lists: pages, and cursors that are good for one list of one hospital.

use super::{Core, Error, FieldError, Result, wire::FromWire};
use crate::{
    models::{Issue, Parse},
    store::{Page, PageRequest, Place},
    tenancy::Tenant,
};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The items.
    pub items: Vec<T>,
    /// For the next page, if there is one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// How many items a page has: 1 to 100, 25 unless told.
#[derive(Debug, Clone, Copy)]
pub struct Limit(i64);

impl FromWire for Limit {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let number =
            value.as_str().filter(|text| text.len() <= 3).and_then(|text| text.parse().ok());
        number.filter(|limit| (1..=100).contains(limit)).map(Self).ok_or_else(|| {
            vec![FieldError::new("", Issue::invalid("must be a whole number from 1 to 100"))]
        })
    }
}

impl utoipa::PartialSchema for Limit {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .minimum(Some(1))
            .maximum(Some(100))
            .default(Some(25.into()))
            .into()
    }
}

impl ToSchema for Limit {}

/// `true` or `false` in a query.
#[derive(Debug, Clone, Copy)]
pub struct Flag(pub bool);

impl Parse for Flag {
    fn parse(text: &str) -> Result<Self, Issue> {
        text.parse().map(Self).map_err(|_| Issue::invalid("must be true or false"))
    }
}

impl utoipa::PartialSchema for Flag {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        bool::schema()
    }
}

impl ToSchema for Flag {}

/// Where a page begins, as the page before it said.
#[derive(Debug, Clone)]
pub struct Cursor(String);

impl Parse for Cursor {
    fn parse(text: &str) -> Result<Self, Issue> {
        let shaped = text.len() <= 256
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        shaped.then(|| Self(text.to_owned())).ok_or_else(|| Issue::invalid("is not a cursor"))
    }
}

impl utoipa::PartialSchema for Cursor {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Where a page begins, as the page before it said."))
            .pattern(Some("^[A-Za-z0-9_-]{0,256}$"))
            .into()
    }
}

impl ToSchema for Cursor {}

/// One list as one caller pages through it. Its cursors are sealed for the list's name and the
/// hospital: another hospital's cursor, or another list's, is not there (404).
pub struct Paging<'a> {
    core: &'a Core,
    scope: [&'a str; 2],
}

const TAG: usize = 16;

impl<'a> Paging<'a> {
    /// A list of a hospital.
    pub fn of(core: &'a Core, list: &'static str, tenant: &'a Tenant) -> Self {
        Self { core, scope: [list, tenant.hospital().as_str()] }
    }

    /// A list of the platform.
    pub const fn of_platform(core: &'a Core, list: &'static str) -> Self {
        Self { core, scope: [list, ""] }
    }

    /// What to ask the store for.
    pub fn request(&self, limit: Option<Limit>, cursor: Option<&Cursor>) -> Result<PageRequest> {
        let after = cursor.map(|cursor| self.open(cursor).ok_or(Error::NotFound)).transpose()?;
        Ok(PageRequest { limit: limit.map_or(25, |limit| limit.0), after })
    }

    /// The reply.
    pub fn list<T, V>(&self, page: Page<T>, view: impl FnMut(T) -> V) -> List<V> {
        let page = page.map(view);
        List { items: page.items, next_cursor: page.next.map(|place| self.seal(&place)) }
    }

    fn tag(&self, body: &str) -> Vec<u8> {
        let [list, hospital] = self.scope;
        self.core.seal.tag(&[list, hospital, body]).iter().take(TAG).copied().collect()
    }

    fn seal(&self, place: &Place) -> String {
        let body = format!("{}:{}", place.key, place.id);
        let mut bytes = self.tag(&body);
        bytes.extend_from_slice(body.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn open(&self, cursor: &Cursor) -> Option<Place> {
        let bytes = BASE64URL_NOPAD.decode(cursor.0.as_bytes()).ok()?;
        let (tag, body) = bytes.split_at_checked(TAG)?;
        let body = std::str::from_utf8(body).ok()?;
        // A cursor tells nothing secret; a plain comparison of its seal gives nothing away that
        // would be worth the guessing.
        let (key, id) = body.split_once(':').filter(|_| self.tag(body) == tag)?;
        Some(Place { key: key.parse().ok()?, id: id.to_owned() })
    }
}
