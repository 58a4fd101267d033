//! The audit trail: the hospital's, and each patient's view of who was at his data.

pub(crate) mod access_log;
pub(crate) mod list;
pub(crate) mod verify;

use shared::{auth::AuditChain, web::Environment};

/// Reads the settings of the chain over the trail.
pub(crate) fn chain(env: &mut Environment) -> AuditChain {
    let secret = env.secret("AUDIT_SECRET");
    let previous = env.optional("AUDIT_PREVIOUS_SECRET");
    AuditChain::new(secret.as_bytes(), previous.as_ref().map(String::as_bytes))
}
