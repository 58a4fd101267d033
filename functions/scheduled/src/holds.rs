//! Holds that ran out: the appointment is expired and its slot open. Readers see it so already;
//! this makes it so in the database.

use crate::{BATCH, Scheduled, trail::Act};
use shared::{store::Sweep, web::Result};

pub(crate) async fn sweep(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let due = this.store.gate().due(Sweep::Holds, now, BATCH).await?;
    let acts: Vec<Act> = due.iter().map(|due| Act::on(due, "holds")).collect();
    this.begin(&acts).await?;
    let mut swept = 0;
    for due in due {
        // A change in between, a payment above all, wins: the next run looks again.
        if let Some(expired) = due.appointment.expire(now) {
            this.store.of(&due.tenant).release(&expired).await?;
            swept += 1;
        }
    }
    Ok(swept)
}
