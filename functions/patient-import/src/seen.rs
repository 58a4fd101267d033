//! Which identifiers a file has had so far, and on which lines.

use shared::models::Identifier;
use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, DefaultHasher, Hash as _, Hasher},
};

/// Keeps a hash of 64 bits and a line for each identifier, not its text. Two of a million
/// different identifiers share a hash once in tens of millions of files.
#[derive(Debug, Default)]
pub struct Seen(HashMap<u64, u32, BuildHasherDefault<AsItIs>>);

impl Seen {
    /// Enters an identifier; the line of an earlier row that had it already.
    pub fn enter(&mut self, identifier: &Identifier, line: u64) -> Result<(), u64> {
        let mut hasher = DefaultHasher::new();
        identifier.as_str().hash(&mut hasher);
        match self.0.entry(hasher.finish()) {
            Entry::Occupied(earlier) => Err(u64::from(*earlier.get())),
            Entry::Vacant(place) => {
                place.insert(u32::try_from(line).unwrap_or(u32::MAX));
                Ok(())
            }
        }
    }
}

/// A hash is not hashed again.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::models::Parse as _;

    #[test]
    fn a_second_one_is_told_the_line_of_the_first() {
        let mut seen = Seen::default();
        let identifier = |number: u64| Identifier::parse(&format!("MRN-{number}")).unwrap();
        for number in 0..10_000 {
            assert_eq!(seen.enter(&identifier(number), number + 2), Ok(()));
        }
        assert_eq!(seen.enter(&identifier(7), 20_000), Err(9));
    }
}
