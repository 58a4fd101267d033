//! The real binaries under the local Lambda, behind the local API Gateway: whole stacks, started
//! as `make run` starts them.

mod access;
mod client;
mod configuration;
mod events;
mod import;
mod lifecycle;
mod money;
mod outage;
mod process;
mod race;
mod readme;
mod stack;
