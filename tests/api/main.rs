//! What users and attackers see, in process over real servers.

mod smoke;
