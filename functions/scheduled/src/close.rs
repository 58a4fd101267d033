//! The ledgers' days are closed, so that reading one does not add up its whole history.

use crate::Scheduled;
use shared::{store::ClosedAll, web::Result};

pub(crate) async fn close(this: &Scheduled) -> Result<usize> {
    let ClosedAll { days, failed } = this.store.close_ledgers(this.clock.now()).await?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(days),
    }
}
