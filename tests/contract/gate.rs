//! Who looks across hospitals, before one is known: `gate.golden`, a list that may only shrink.

use std::collections::BTreeSet;

use crate::files::{production, read};

const GOLDEN: &str = "tests/contract/gate.golden";

#[test]
fn the_callers_of_the_gate_are_no_more_than_they_were() {
    let golden = read(GOLDEN);
    let known: BTreeSet<&str> = golden.lines().filter(|line| !line.starts_with('#')).collect();
    let sources = production();
    let callers: BTreeSet<&str> = sources
        .iter()
        .filter(|source| !source.path.starts_with("shared/src/store/"))
        .filter(|source| source.code.replace(char::is_whitespace, "").contains(".gate()"))
        .map(|source| source.path.as_str())
        .collect();
    let new: Vec<_> = callers.difference(&known).collect();
    assert!(
        new.is_empty(),
        "{new:?}: what has a grant reads from the store of its tenant, not through the gate"
    );
    let gone: Vec<_> = known.difference(&callers).collect();
    assert!(gone.is_empty(), "{gone:?}: gone, take it out of {GOLDEN}");
}
