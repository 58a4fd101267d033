//! Which identifiers may stand twice in a file: found in its first reading, in little memory.

use shared::models::Identifier;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Bytes of a file for each word of the sieve: a dozen bits for a row of the usual length, which
/// lets one row in fifty through for nothing.
const BYTES_A_WORD: u64 = 384;
/// How many it keeps before it looks for repetitions among them.
const FIRST_TIDYING: usize = 1 << 14;

/// Lets through what it has seen before: all of that, and a little more. It is a Bloom filter of
/// which an entry's bits are in one word. The second reading looks closely at what has come
/// through ([`crate::seen`]), so that a million rows need a megabyte and not forty.
#[derive(Debug)]
pub struct Sieve {
    words: Vec<u64>,
    through: Vec<u64>,
    tidy_at: usize,
}

impl Sieve {
    /// A sieve for a file of this many bytes.
    pub fn for_file(bytes: u64) -> Self {
        let words = usize::try_from(bytes / BYTES_A_WORD).unwrap_or_default() + 1;
        Self { words: vec![0; words], through: Vec::new(), tidy_at: FIRST_TIDYING }
    }

    /// Enters the identifier of a row.
    pub fn enter(&mut self, identifier: &Identifier) {
        let hash = hash_of(identifier);
        let count = u64::try_from(self.words.len()).unwrap_or(u64::MAX).max(1);
        let place = usize::try_from((hash >> 32) % count).unwrap_or_default();
        let Some(word) = self.words.get_mut(place) else {
            return;
        };
        let bits = [0, 6, 12, 18].iter().fold(0, |bits, shift| bits | 1 << (hash >> shift & 63));
        let seen = *word & bits == bits;
        *word |= bits;
        if seen {
            self.keep(hash);
        }
    }

    fn keep(&mut self, hash: u64) {
        self.through.push(hash);
        if self.through.len() >= self.tidy_at {
            self.tidy();
            self.tidy_at = FIRST_TIDYING.max(self.through.len() * 2);
        }
    }

    fn tidy(&mut self) {
        self.through.sort_unstable();
        self.through.dedup();
    }

    /// The hashes of all that may stand twice, in order.
    pub fn through(mut self) -> Vec<u64> {
        self.tidy();
        self.through.shrink_to_fit();
        self.through
    }
}

/// 64 bits: two of a million different identifiers share a hash once in tens of millions of files.
pub fn hash_of(identifier: &Identifier) -> u64 {
    let mut hasher = DefaultHasher::new();
    identifier.as_str().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::models::Parse as _;

    fn identifier(number: u32) -> Identifier {
        Identifier::parse(&format!("MRN-{number:07}")).unwrap()
    }

    #[test]
    fn whatever_stands_twice_comes_through_and_little_else() {
        let mut sieve = Sieve::for_file(64 * 200_000);
        (0..200_000).for_each(|number| sieve.enter(&identifier(number)));
        (0..1000).for_each(|number| sieve.enter(&identifier(number * 200)));
        let through = sieve.through();
        for number in (0..1000).map(|number| number * 200) {
            assert!(through.binary_search(&hash_of(&identifier(number))).is_ok(), "{number}");
        }
        assert!(through.len() < 1000 + 200_000 / 40, "{}", through.len());
    }

    #[test]
    fn a_file_of_one_identifier_keeps_one() {
        let mut sieve = Sieve::for_file(10);
        (0..100_000).for_each(|_| sieve.enter(&identifier(7)));
        assert_eq!(sieve.through(), [hash_of(&identifier(7))]);
    }
}
