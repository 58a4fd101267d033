//! The chain over the audit trail: entries are sealed in blocks, each of which names the one
//! before, so that an entry that was changed or taken away is found.

use super::MacKey;
use crate::models::{AuditBlock, AuditEntry, AuditFault, AuditFaultKind, Instant};
use std::collections::HashMap;

/// Seals and checks under a key that is in no database: whoever can write to it can change an
/// entry, and cannot make the chain fit again.
#[derive(Debug, Clone)]
pub struct AuditChain {
    current: MacKey,
    previous: Option<MacKey>,
}

impl AuditChain {
    /// A chain under a key derived from `secret`; what was sealed under the `previous` one is
    /// still checked.
    pub fn new(secret: &[u8], previous: Option<&[u8]>) -> Self {
        let key = |secret: &[u8]| MacKey::derive(secret, "audit-chain");
        Self { current: key(secret), previous: previous.map(key) }
    }

    /// The block of these entries that follows the one `before`.
    pub fn seal(
        &self,
        before: Option<&AuditBlock>,
        entries: &[AuditEntry],
        sealed_at: Instant,
    ) -> AuditBlock {
        let number = before.map_or(1, |block| block.number.saturating_add(1));
        let before = before.map(|block| block.hash.clone()).unwrap_or_default();
        let entries: Vec<(String, String)> = entries
            .iter()
            .map(|entry| (entry.id.as_str().to_owned(), mark(&self.current, entry)))
            .collect();
        let hash = seal(&self.current, number, &before, &entries);
        AuditBlock { number, before, entries, hash, sealed_at }
    }

    /// What is wrong with a block that should follow the one of this number and hash, and with its
    /// entries as they are now.
    pub fn faults(
        &self,
        (number, before): (i64, &str),
        block: &AuditBlock,
        entries: &HashMap<String, AuditEntry>,
    ) -> Vec<AuditFault> {
        let mut faults = Vec::new();
        let fault = |entry_id, fault| AuditFault { block: block.number, entry_id, fault };
        let sealed = self
            .keys()
            .any(|key| seal(key, block.number, &block.before, &block.entries) == block.hash);
        let follows = block.number == number.saturating_add(1) && block.before == before;
        if !sealed || !follows {
            faults.push(fault(None, AuditFaultKind::Broken));
        }
        for (id, as_it_was) in &block.entries {
            match entries.get(id) {
                None => faults.push(fault(Some(id.clone()), AuditFaultKind::Missing)),
                Some(entry) if self.keys().any(|key| mark(key, entry) == *as_it_was) => {}
                Some(_) => faults.push(fault(Some(id.clone()), AuditFaultKind::Changed)),
            }
        }
        faults
    }

    fn keys(&self) -> impl Iterator<Item = &MacKey> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten()
    }
}

fn mark(key: &MacKey, entry: &AuditEntry) -> String {
    // The order of members is that of the type, so the same entry gives the same text. One that
    // cannot be written has no mark that fits.
    serde_json::to_string(entry).map_or_else(|_| String::new(), |text| key.hex(&["entry", &text]))
}

fn seal(key: &MacKey, number: i64, before: &str, entries: &[(String, String)]) -> String {
    let number = number.to_string();
    let mut parts = vec!["block", &number, before];
    for (id, mark) in entries {
        parts.push(id);
        parts.push(mark);
    }
    key.hex(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{AuditActor, AuditResult, Id};
    use proptest::prelude::*;

    const NOW: Instant = Instant::from_seconds(1_796_000_000);

    fn entry(n: u8) -> AuditEntry {
        AuditEntry {
            id: Id::derived(n.into()),
            at: NOW,
            actor: AuditActor::default(),
            act: "GET /patients/{id}".to_owned(),
            about: vec![format!("pat_{n}")],
            listed: None,
            from: None,
            request_id: None,
            result: AuditResult::Allowed,
            code: None,
        }
    }

    /// The chain over these numbers of entries, and the entries.
    fn sealed(sizes: &[u8]) -> (AuditChain, Vec<AuditBlock>, HashMap<String, AuditEntry>) {
        let chain = AuditChain::new(b"secret", None);
        let (mut blocks, mut entries, mut next) = (Vec::<AuditBlock>::new(), HashMap::new(), 0);
        for size in sizes {
            let batch: Vec<AuditEntry> = (next..next + size).map(entry).collect();
            next += size;
            blocks.push(chain.seal(blocks.last(), &batch, NOW));
            entries.extend(batch.into_iter().map(|entry| (entry.id.as_str().to_owned(), entry)));
        }
        (chain, blocks, entries)
    }

    fn faults(
        chain: &AuditChain,
        blocks: &[AuditBlock],
        entries: &HashMap<String, AuditEntry>,
    ) -> Vec<AuditFaultKind> {
        let mut place = (0, String::new());
        let mut found = Vec::new();
        for block in blocks {
            found.extend(chain.faults((place.0, &place.1), block, entries));
            place = (block.number, block.hash.clone());
        }
        found.into_iter().map(|fault| fault.fault).collect()
    }

    proptest! {
        #[test]
        fn whatever_is_done_to_the_trail_is_found(
            sizes in prop::collection::vec(1..5_u8, 2..6), deed in 0..6, which: prop::sample::Index,
        ) {
            let (chain, mut blocks, mut entries) = sealed(&sizes);
            prop_assert_eq!(faults(&chain, &blocks, &entries), []);
            let id = Id::<crate::models::kinds::Audit>::derived(which.index(entries.len()) as u128);
            let block = which.index(blocks.len() - 1);
            let kind = match deed {
                0 => {
                    entries.get_mut(id.as_str()).unwrap().about.clear();
                    AuditFaultKind::Changed
                }
                1 => {
                    entries.remove(id.as_str());
                    AuditFaultKind::Missing
                }
                // With its block's line gone too, the block's hash tells.
                2 => {
                    blocks[block].entries.pop();
                    AuditFaultKind::Broken
                }
                3 => {
                    blocks.remove(block);
                    AuditFaultKind::Broken
                }
                // Whoever has no key cannot make a block that fits.
                4 => {
                    let (number, before) = (blocks[block].number, blocks[block].before.clone());
                    let other = AuditChain::new(b"other", None);
                    blocks[block].hash = seal(&other.current, number, &before, &[]);
                    blocks[block].entries.clear();
                    AuditFaultKind::Broken
                }
                _ => {
                    blocks.swap(block, block + 1);
                    AuditFaultKind::Broken
                }
            };
            prop_assert!(faults(&chain, &blocks, &entries).contains(&kind));
        }
    }

    #[test]
    fn a_chain_survives_a_change_of_its_secret() {
        let (_, blocks, entries) = sealed(&[2, 3]);
        let changed = AuditChain::new(b"new", Some(b"secret"));
        assert_eq!(faults(&changed, &blocks, &entries), []);
        assert!(!faults(&AuditChain::new(b"new", None), &blocks, &entries).is_empty());
    }
}
