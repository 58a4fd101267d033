//! What the suites share: the description of the whole API, and a world to test in.

pub mod actor;
pub mod alarms;
pub mod answer;
pub mod api;
pub mod books;
pub mod call;
pub mod deeds;
pub mod document;
pub mod examined;
mod examples;
pub mod fleet;
pub mod hospital;
pub mod imports;
pub mod lambda;
pub mod log;
pub mod mailbox;
pub mod pdf;
pub mod proxy;
pub mod razorpay;
pub mod refusals;
pub mod routes;
pub mod schema;
pub mod seeded;
pub mod stack;
pub mod switch;
pub mod wire;
pub mod world;
