//! On which lines the identifiers stand that may stand twice.

use crate::sieve::hash_of;
use shared::models::Identifier;

/// Keeps a line for each identifier that the [sieve](crate::sieve::Sieve) let through; of any
/// other it knows that there is no second.
#[derive(Debug, Default)]
pub struct Seen {
    hashes: Vec<u64>,
    /// 0 for none yet: a file's first line is its header.
    lines: Vec<u32>,
}

impl Seen {
    /// Looks out for these, which are in order.
    pub fn among(hashes: Vec<u64>) -> Self {
        let lines = vec![0; hashes.len()];
        Self { hashes, lines }
    }

    /// Enters the identifier of a good row; the line of an earlier one that had it already.
    pub fn enter(&mut self, identifier: &Identifier, line: u64) -> Result<(), u64> {
        if self.hashes.is_empty() {
            return Ok(());
        }
        let found = self.hashes.binary_search(&hash_of(identifier)).ok();
        match found.and_then(|place| self.lines.get_mut(place)) {
            Some(first) if *first > 0 => Err(u64::from(*first)),
            Some(first) => {
                *first = u32::try_from(line).unwrap_or(u32::MAX);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sieve::Sieve;
    use proptest::prelude::*;
    use shared::models::Parse as _;
    use std::collections::HashMap;

    proptest! {
        /// Whatever a file's size makes of the sieve, a second one is told the line of the first.
        #[test]
        fn a_second_one_is_told_the_line_of_the_first(
            numbers in proptest::collection::vec(0_u32..60, 0..100),
            size in 0_u64..4000,
        ) {
            let identifiers: Vec<Identifier> =
                numbers.iter().map(|n| Identifier::parse(&format!("MRN-{n}")).unwrap()).collect();
            let mut sieve = Sieve::for_file(size);
            for identifier in &identifiers {
                sieve.enter(identifier);
            }
            let mut seen = Seen::among(sieve.through());
            let mut first = HashMap::new();
            for (identifier, line) in identifiers.iter().zip(2..) {
                let expected = first.get(identifier).map_or(Ok(()), |line| Err(*line));
                first.entry(identifier).or_insert(line);
                prop_assert_eq!(seen.enter(identifier, line), expected);
            }
        }
    }
}
