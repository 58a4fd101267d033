//! Requests in, replies and problems out.

mod caller;
mod client;
mod config;
mod core;
mod edge;
mod error;
mod function;
mod gateway;
mod idempotency;
mod json;
mod list;
mod log_ins;
mod openapi;
mod operations;
mod path;
mod reply;
mod terms;
mod trail;
mod views;
mod wire;

pub use caller::end_sessions;
pub use client::Client;
pub use config::{Environment, Missing};
pub use core::Core;
pub use error::{Error, FieldError, Problem, Result};
pub use function::{Function, app, document, serve, serve_events, serve_long_events};
pub use list::{Cursor, Flag, Limit, List, Paging};
pub use log_ins::{DrawnOtp, LogIns};
pub use openapi::{ApiDocument, Refusals, describe};
pub use operations::{Operations, paste};
pub use path::PathId;
pub use reply::{Accepted, Created, Json, NoContent};
pub use trail::Trail;
pub use views::{AppointmentView, PatientView, PaymentSummary, RefundView, SlotView, UserView};
pub use wire::{Body, Fields, FromWire, Query, Wire};
