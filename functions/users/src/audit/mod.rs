//! The audit trail: the hospital's, and each patient's view of who was at his data.

pub(crate) mod access_log;
pub(crate) mod list;
pub(crate) mod verify;
