//! The domain: types that cannot be wrong, and decisions as pure functions.
//!
//! Nothing here does IO, reads a clock or draws a random number: instants and ids come in as
//! values. Nothing here knows of HTTP, of a database, or of which hospital it is in.

mod account;
mod appointment;
mod audit;
mod booking;
mod capture;
mod closing;
mod codes;
mod counter;
mod dispute;
mod effect;
mod fee;
mod history;
mod holiday;
mod hospital;
mod id;
mod import;
mod instant;
mod issue;
mod leave;
mod ledger;
mod money;
mod moving;
mod notice;
mod notification;
mod owing;
mod patient;
mod payment;
mod payment_account;
mod policy;
mod queue;
mod receipt;
mod reconciliation;
mod refund;
mod role;
mod schedule;
mod slot;
mod summary;
mod text;
mod visit;
mod waitlist;
mod zone;

pub use account::*;
pub use appointment::*;
pub use audit::*;
pub use booking::*;
pub use capture::*;
pub use closing::*;
pub(crate) use codes::codes;
pub use counter::*;
pub use dispute::*;
pub use effect::*;
pub use fee::*;
pub use history::*;
pub use holiday::*;
pub use hospital::*;
pub use id::*;
pub use import::*;
pub use instant::Instant;
pub use issue::{Issue, IssueCode, Parse};
pub use leave::*;
pub use ledger::*;
pub use money::{Currency, Money};
pub use moving::*;
pub use notice::*;
pub use notification::*;
pub use patient::*;
pub use payment::*;
pub use payment_account::*;
pub use policy::*;
pub use queue::*;
pub use receipt::*;
pub use reconciliation::*;
pub use refund::*;
pub use role::Role;
pub use schedule::*;
pub use slot::*;
pub use summary::{AppointmentSummary, CalendarEntry, StepAt};
pub use text::*;
pub use visit::*;
pub use waitlist::*;
pub use zone::*;

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod interleaving_tests;
