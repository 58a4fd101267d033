//! The real binaries under the local Lambda, behind the local API Gateway: whole stacks, started
//! as `make run` starts them. The binaries are what `cargo build --workspace` built last; `make test`
//! builds them first.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect ends there"
)]

mod access;
mod bounces;
mod client;
mod configuration;
mod deployments;
mod emulator;
mod events;
mod import;
mod lifecycle;
mod money;
mod outage;
mod process;
mod race;
mod readme;
mod secrets;
mod soak;
mod stack;
