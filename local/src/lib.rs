//! The local stack: what AWS, Upstash, Razorpay and SES are in production, on one machine.
//!
//! No production crate depends on this one. Its binary has two commands: `local run` brings up
//! everything, `local exec -- COMMAND` only the servers behind the functions, for tests.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a supervisor in the foreground talks to the terminal"
)]

pub mod backing;
pub mod bounces;
pub mod chance;
pub mod console;
pub mod environment;
pub mod exec;
pub mod gateway;
pub mod logged;
pub mod logs;
pub mod outside;
pub mod process;
pub mod razorpay;
pub mod run;
pub mod runtime_api;
pub mod s3;
pub mod secrets;
pub mod seed;
pub mod settings;
pub mod signals;
pub mod stack_file;
pub mod template;
pub mod tools;
pub mod triggers;
pub mod upstash;
pub mod walkthrough;
pub mod watch;
