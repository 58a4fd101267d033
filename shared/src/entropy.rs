//! The only source of chance: the operating system's generator.

use crate::models::{Id, Instant, Kind};

/// Draws random values. It holds no state; it is passed along so that a signature shows where
/// chance comes in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entropy;

/// The operating system gave no random bytes; nothing safe can be done without them.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoEntropy(getrandom::Error);

impl Entropy {
    /// `N` random bytes from the operating system.
    pub fn bytes<const N: usize>(self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).map_err(NoEntropy)?;
        Ok(bytes)
    }

    /// A new identifier: a ULID, so that ids made later sort later, with 80 random bits.
    pub fn id<K: Kind>(self, now: Instant) -> Result<Id<K>, NoEntropy> {
        let random = u128::from_be_bytes(self.bytes()?);
        Ok(Id::from_parts(now, random))
    }
}
