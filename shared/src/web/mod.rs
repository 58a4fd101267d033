//! Requests in, replies and problems out.

mod caller;
mod client;
mod code;
mod config;
mod configured;
mod core;
mod doctor;
mod edge;
mod error;
mod function;
mod gateway;
mod idempotency;
mod jobs;
mod json;
mod lines;
mod link;
mod list;
mod log_ins;
mod metrics;
mod openapi;
mod operations;
mod path;
mod reply;
mod taken;
mod terms;
mod trail;
mod views;
mod wire;

pub use caller::end_sessions;
pub use client::Client;
pub use code::Code;
pub use config::{Environment, Missing};
pub use configured::{Configured, NotConfigured};
pub use core::Core;
pub use doctor::doctor_of;
pub use error::{Error, FieldError, Problem, Result};
pub use function::{
    Function, app, document, serve, serve_awaited_events, serve_events, serve_long_events,
};
pub use idempotency::Run;
pub use jobs::Jobs;
pub use link::LinkText;
pub use list::{Cursor, Flag, Limit, List, Paging};
pub use log_ins::{DrawnOtp, LogIns};
pub use metrics::TARGET as METRICS;
pub use openapi::{ApiDocument, Refusals, describe};
pub use operations::{Operations, paste};
pub use path::PathId;
pub use reply::{Accepted, Created, Json, NoContent};
pub use taken::not_to_be_had;
pub use trail::Trail;
pub use views::{AppointmentView, PatientView, PaymentSummary, RefundView, SlotView, UserView};
pub use wire::{Body, Fields, FromWire, Query, Wire};
