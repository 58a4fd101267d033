//! What every `MediConnect` function shares, in layers that import one way only:
//!
//! `models ← auth ← tenancy ← store ← web`, with `outbound` beside `store`.
//!
//! - [`models`]: the domain. Types that cannot be wrong and pure decisions; no IO, no clock.
//! - [`auth`]: who is calling. Passwords, OTPs, tokens.
//! - [`tenancy`]: what the caller may do, and in which hospital; a chain of proofs.
//! - [`store`]: the one place that talks to `MongoDB`, always inside one hospital.
//! - [`outbound`]: Upstash, Razorpay, SES, S3.
//! - [`print`]: what is handed to people on paper: receipts, in HTML and PDF.
//! - [`settlement`]: money between Razorpay and the store; the same for every caller.
//! - [`web`]: requests in, replies and problems out.
//!
//! [`clock`] and [`entropy`] are the only sources of time and chance, and [`calls`] counts what is
//! asked of others.

pub mod auth;
pub mod calls;
pub mod clock;
pub mod entropy;
pub mod models;
pub mod outbound;
pub mod print;
pub mod settlement;
pub mod store;
pub mod tenancy;
pub mod web;
