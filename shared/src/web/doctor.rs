//! Whose time a request is about.

use super::{Error, Result};
use crate::{
    models::{AccountId, Issue, IssueCode},
    tenancy::{Grant, Permit, Reach},
};

/// A doctor's own account; the hospital's administrator names the doctor (`doctorId`).
pub fn doctor_of<P: Permit>(grant: &Grant<P>, named: Option<AccountId>) -> Result<AccountId> {
    match (grant.reach(), named) {
        (Reach::Doctor(own), None) => Ok(own),
        (Reach::Doctor(own), Some(named)) if own == named => Ok(own),
        (Reach::Doctor(_), Some(_)) => Err(Error::Forbidden),
        (_, Some(named)) => Ok(named),
        (_, None) => Err(Error::field("doctorId", Issue::new(IssueCode::Required, "is required"))),
    }
}
