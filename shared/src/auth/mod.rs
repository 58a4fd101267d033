//! Who is calling: passwords, OTPs, access and refresh tokens.
//!
//! Only this module names `argon2`, `aws_lc_rs` and `jsonwebtoken`.

mod access;
mod chain;
mod keyed;
mod links;
mod otp;
mod password;
mod principal;
mod refresh;
mod sealing;

pub use access::{AccessTokens, TokenRefused, bearer};
pub use chain::AuditChain;
pub use keyed::MacKey;
pub use links::{Links, OpenedLink};
pub use otp::Otps;
pub use password::{HashingFailed, PasswordHasher};
pub use principal::{Membership, Principal};
pub use refresh::{RefreshToken, RefreshTokens};
pub use sealing::{SealingFailed, SealingKey, SealingNonce};
