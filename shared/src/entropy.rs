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

    /// Six decimal digits, each code equally likely (ASVS 6.5.4: 20 bits or close to it).
    pub fn six_digits(self) -> Result<String, NoEntropy> {
        const CODES: u32 = 1_000_000;
        // The largest multiple of CODES that fits: numbers above it would favour low codes.
        const FAIR: u32 = u32::MAX - u32::MAX % CODES;
        loop {
            let number = u32::from_be_bytes(self.bytes()?);
            if number < FAIR {
                return Ok(format!("{:06}", number % CODES));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_six_digits_and_differ() {
        let codes: std::collections::HashSet<String> =
            (0..200).map(|_| Entropy.six_digits().unwrap()).collect();
        assert!(codes.iter().all(|c| c.len() == 6 && c.bytes().all(|b| b.is_ascii_digit())));
        assert!(codes.len() > 190, "{} different codes of 200", codes.len());
    }
}
