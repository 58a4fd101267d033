//! The ledgers' days are closed, so that reading one does not add up its whole history.

use crate::Scheduled;
use shared::{store::ClosedAll, web::Result};

pub(crate) async fn close(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let closing = this.store.close_ledgers(now, || this.is_over(now));
    let ClosedAll { days, failed } = closing.await?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(days),
    }
}
