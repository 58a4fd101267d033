//! What users and attackers see, in process over real servers. Each test has a world of its own;
//! nothing waits for luck.

mod journey;
mod locks;
mod log_in;
mod otp;
mod passwords;
mod refreshing;
mod sessions;
