//! What must agree, though it stands in several places: template, document, access, layers,
//! environment, events, papers. Nothing here needs a server.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect ends there"
)]

mod access;
mod alarms;
mod dashboard;
mod document;
mod environment;
mod events;
mod files;
mod gate;
mod layers;
mod operations;
mod papers;
mod template;
