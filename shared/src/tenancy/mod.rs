//! What a caller may do, and in which hospital: a chain of proofs.
//!
//! [`Principal`](crate::auth::Principal) → [`Grant`] → [`Tenant`] → a store scoped to that
//! hospital. Each is made only from the one before; none can be deserialised or put together by
//! hand, so a handler cannot forget a check: without it, it has nothing to read from.

mod grant;
mod permit;
mod tenant;

pub use grant::{Forbidden, Grant};
pub use permit::*;
pub use tenant::{Reach, Tenant};
