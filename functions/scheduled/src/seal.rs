//! The audit trail is sealed: what was written since becomes the next block of its hospital's
//! chain.

use crate::Scheduled;
use shared::{store::SealedAll, web::Result};

/// Seals every hospital's trail. The end of each chain is logged, so that one that is cut off later
/// can be told by the log.
pub(crate) async fn seal(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let sealing = this.store.seal_audit(&this.chain, now, || this.is_over(now));
    let SealedAll { sealed, failed } = sealing.await?;
    for one in &sealed {
        let (number, hash) = (one.block.number, one.block.hash.as_str());
        tracing::info!(hospital = %one.owner, number, hash, "the audit trail is sealed");
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(sealed.iter().map(|one| one.block.entries.len()).sum()),
    }
}
