//! What users and attackers see, in process over real servers. Each test has a world of its own;
//! nothing waits for luck.

mod booking;
mod families;
mod journey;
mod lists;
mod locks;
mod log_in;
mod otp;
mod passwords;
mod people;
mod publishing;
mod refreshing;
mod sessions;
mod shutting_out;
mod slots;
mod strangers;
