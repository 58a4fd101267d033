//! Bodies and queries, parsed at the door: every bad field is named, and nothing is ignored.

use super::{Code, Error, FieldError, Result, json};
use crate::models::{
    BufferMinutes, Capacity, Currency, DaysAhead, Issue, IssueCode, Money, NoticeMinutes, Parse,
    SlotMinutes,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request},
};
use http::{header, request::Parts};
use serde_json::{Map, Value};

/// A value that comes as one member of a body or a query.
pub trait FromWire: Sized {
    /// Reads the value.
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>>;

    /// What a missing member means.
    fn absent() -> Result<Self, Issue> {
        Err(Issue::new(IssueCode::Required, "is required"))
    }
}

fn one<T>(result: Result<T, Issue>) -> Result<T, Vec<FieldError>> {
    result.map_err(|issue| vec![FieldError::new("", issue)])
}

fn type_issue(expected: &'static str) -> Vec<FieldError> {
    vec![FieldError::new("", Issue::new(IssueCode::Type, format!("must be {expected}")))]
}

impl<T: Parse> FromWire for T {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        match value {
            Value::String(text) => one(T::parse(&text)),
            _ => Err(type_issue("a string")),
        }
    }
}

impl<T: FromWire> FromWire for Option<T> {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        T::from_wire(value).map(Some)
    }

    fn absent() -> Result<Self, Issue> {
        Ok(None)
    }
}

impl<T: FromWire> FromWire for Vec<T> {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let Value::Array(values) = value else {
            return Err(type_issue("a list"));
        };
        let mut items = Self::new();
        let mut errors = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            match T::from_wire(value) {
                Ok(item) => items.push(item),
                Err(inner) => errors
                    .extend(inner.into_iter().map(|error| within(&format!("[{index}]"), error))),
            }
        }
        if errors.is_empty() { Ok(items) } else { Err(errors) }
    }
}

impl FromWire for bool {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        value.as_bool().ok_or_else(|| type_issue("true or false"))
    }
}

impl FromWire for u64 {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        value.as_u64().ok_or_else(|| type_issue("a whole number"))
    }
}

impl FromWire for SlotMinutes {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        u64::from_wire(value).and_then(|minutes| one(Self::new(minutes)))
    }
}

impl FromWire for BufferMinutes {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        u64::from_wire(value).and_then(|minutes| one(Self::new(minutes)))
    }
}

impl FromWire for NoticeMinutes {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        u64::from_wire(value).and_then(|minutes| one(Self::new(minutes)))
    }
}

impl FromWire for Capacity {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        u64::from_wire(value).and_then(|seats| one(Self::new(seats)))
    }
}

impl FromWire for DaysAhead {
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        u64::from_wire(value).and_then(|days| one(Self::new(days)))
    }
}

impl FromWire for Money {
    /// Nothing, or what Razorpay takes.
    fn from_wire(value: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value)?;
        let (amount, currency) =
            (fields.take::<u64>("amount"), fields.take::<Currency>("currency"));
        let (Some(amount), Some(currency)) = fields.all((amount, currency))? else {
            return Err(Vec::new());
        };
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        let payable = amount == 0 || (Self::LEAST_PAYABLE..=Self::LARGEST).contains(&amount);
        let money = Self::new(amount, currency).filter(|_| payable);
        money.ok_or_else(|| {
            let message = format!("must be 0, or {} to {}", Self::LEAST_PAYABLE, Self::LARGEST);
            vec![FieldError::new("amount", Issue::invalid(message))]
        })
    }
}

/// A body or a query: read member by member.
pub trait Wire: Sized {
    /// Takes its members; `None` if any was wrong, which `fields` remembers.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// The members of an object that have not been read yet, and what was wrong with those that have.
#[derive(Debug)]
pub struct Fields {
    members: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The members of an object.
    pub fn of(value: Value) -> Result<Self, Vec<FieldError>> {
        match value {
            Value::Object(members) => Ok(Self { members, errors: Vec::new() }),
            _ => Err(type_issue("an object")),
        }
    }

    /// Reads a member.
    pub fn take<T: FromWire>(&mut self, name: &str) -> Option<T> {
        let read = match self.members.remove(name) {
            Some(value) => T::from_wire(value),
            None => one(T::absent()),
        };
        match read {
            Ok(value) => Some(value),
            Err(errors) => {
                self.errors.extend(errors.into_iter().map(|error| within(name, error)));
                None
            }
        }
    }

    /// Notes a fault of a member that only shows beside others.
    pub fn fault(&mut self, field: &str, issue: Issue) {
        self.errors.push(FieldError::new(field, issue));
    }

    /// What was read, if nothing was wrong and nothing is left over.
    pub fn all<T>(mut self, read: T) -> Result<T, Vec<FieldError>> {
        let unknown = || Issue::new(IssueCode::UnknownField, "is not a known field");
        let left =
            self.members.into_iter().map(|(name, _)| FieldError::new(clip(&name), unknown()));
        self.errors.extend(left);
        if self.errors.is_empty() { Ok(read) } else { Err(self.errors) }
    }

    /// Reads a whole object.
    pub fn read<W: Wire>(value: Value) -> Result<W, Vec<FieldError>> {
        let mut fields = Self::of(value)?;
        let read = W::read(&mut fields);
        fields.all(read)?.ok_or_else(Vec::new)
    }
}

/// A name somebody sent, short and without control characters, so that it can be sent back.
fn clip(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn within(outer: &str, error: FieldError) -> FieldError {
    let field = match error.field.as_str() {
        "" => outer.to_owned(),
        inner if inner.starts_with('[') => format!("{outer}{inner}"),
        inner => format!("{outer}.{inner}"),
    };
    FieldError { field, ..error }
}

/// A JSON body of this type. Anything else is refused: 400 if it cannot be read, 422 with every
/// bad field if it can.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// The largest JSON body we read, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

impl<T: Wire, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            let detail = "The body must be JSON, with Content-Type: application/json.".to_owned();
            return Err(Error::Malformed { code: Code::UnsupportedMediaType, detail });
        }
        let bytes = read_body(request, state).await?;
        let value = json::parse(&bytes)
            .map_err(|detail| Error::Malformed { code: Code::MalformedJson, detail })?;
        if !value.is_object() {
            let detail = "The body must be a JSON object.".to_owned();
            return Err(Error::Malformed { code: Code::MalformedJson, detail });
        }
        Fields::read(value).map(Body).map_err(Error::Invalid)
    }
}

/// A body that may be left out: then nothing at all is sent.
impl<T: Wire, S: Send + Sync> OptionalFromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(Request::from_parts(parts.clone(), body), state).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let whole = Request::from_parts(parts, bytes.into());
        <Self as FromRequest<S>>::from_request(whole, state).await.map(Some)
    }
}

async fn read_body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    let too_large = || Error::Malformed {
        code: Code::BodyTooLarge,
        detail: format!("The body must have at most {LARGEST_BODY} bytes."),
    };
    let bytes = Bytes::from_request(request, state).await.map_err(|_| too_large())?;
    if bytes.len() > LARGEST_BODY { Err(too_large()) } else { Ok(bytes) }
}

/// A query string of this type, read as a body is.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: Wire, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let mut members = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if members.insert(name.into_owned(), Value::String(value.into_owned())).is_some() {
                let detail = "A query parameter is given twice.".to_owned();
                return Err(Error::Malformed { code: Code::RepeatedParameter, detail });
            }
        }
        Fields::read(Value::Object(members)).map(Query).map_err(Error::Invalid)
    }
}

/// Declares a body: `name: Type = "jsonName"`. One declaration gives the parser and the schema,
/// so that they cannot differ. An `Option` may be left out.
#[macro_export]
macro_rules! body {
    ($(#[$meta:meta])* $vis:vis struct $Name:ident {
        $($(#[$field_meta:meta])* $field:ident: $Type:ty = $json:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, utoipa::ToSchema)]
        $vis struct $Name {
            $($(#[$field_meta])* #[schema(rename = $json)] pub $field: $Type,)*
        }
        $crate::read_members!($Name { $($field: $Type = $json),* });
        impl $crate::web::FromWire for $Name {
            fn from_wire(value: serde_json::Value) -> Result<Self, Vec<$crate::web::FieldError>> {
                $crate::web::Fields::read(value)
            }
        }
    };
}

/// Declares a query: as [`body!`](crate::body).
#[macro_export]
macro_rules! query {
    ($(#[$meta:meta])* $vis:vis struct $Name:ident {
        $($(#[$field_meta:meta])* $field:ident: $Type:ty = $json:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        $vis struct $Name {
            $($(#[$field_meta])* #[param(rename = $json, inline)] pub $field: $Type,)*
        }
        $crate::read_members!($Name { $($field: $Type = $json),* });
    };
}

/// The reading of a declared body or query.
#[doc(hidden)]
#[macro_export]
macro_rules! read_members {
    ($Name:ident { $($field:ident: $Type:ty = $json:literal),* }) => {
        impl $crate::web::Wire for $Name {
            fn read(fields: &mut $crate::web::Fields) -> Option<Self> {
                $(let $field = fields.take::<$Type>($json);)*
                Some(Self { $($field: $field?),* })
            }
        }
    };
}
