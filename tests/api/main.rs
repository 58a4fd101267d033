//! What users and attackers see, in process over real servers. Each test has a world of its own;
//! nothing waits for luck.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs,
    reason = "what is not as expected ends its test, and a list of one reads best as a list"
)]

mod agenda;
mod alarms;
mod audit;
mod booking;
mod bounces;
mod calendar;
mod cancelling;
mod closings;
mod corpus;
mod counter;
mod deployments;
mod dying;
mod examined;
mod families;
mod faults;
mod fees;
mod groups;
mod hostile;
mod idempotency;
mod import_events;
mod importing;
mod interleaving;
mod journey;
mod leave;
mod ledger;
mod limits;
mod lists;
mod locks;
mod log_in;
mod log_lines;
mod mails;
mod my_sessions;
mod notice;
mod orders;
mod otp;
mod outages;
mod own_keys;
mod passwords;
mod people;
mod plans;
mod publishing;
mod queues;
mod racing;
mod razorpay_acceptance;
mod receipts;
mod reconciling;
mod refreshing;
mod refunds;
mod rescheduling;
mod round_trips;
mod secrets;
mod sessions;
mod shutting_out;
mod slots;
mod strangers;
mod terms;
mod uniform;
mod verifying;
mod visits;
mod waitlist;
mod walk;
mod webhooks;
