//! Ids in paths.

use super::{Error, Result};
use crate::models::{Id, Kind, Parse as _};
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

/// The `{id}` of a path. One that cannot be an id is not there.
#[derive(Debug)]
pub struct PathId<K: Kind>(pub Id<K>);

impl<K: Kind, S: Send + Sync> FromRequestParts<S> for PathId<K> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        Id::parse(&text).map(PathId).map_err(|_| Error::NotFound)
    }
}
