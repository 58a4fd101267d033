//! Holds that ran out: the appointment is expired and its slot open. Readers see it so already;
//! this makes it so in the database.

use crate::{BATCH, Scheduled, trail::Act};
use shared::{
    models::Appointment,
    store::{Due, Released, Sweep},
    web::{Error, Result},
};

/// Sweeps what is due. A hold that cannot be is no reason to leave out the others.
pub(crate) async fn sweep(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let due = this.store.gate().due(Sweep::Holds, now, BATCH).await?;
    let expire = |due: Due| due.appointment.expire(now).map(|next| (due, next));
    let expired: Vec<(Due, Appointment)> = due.into_iter().filter_map(expire).collect();
    let acts: Vec<Act> = expired.iter().map(|(due, _)| Act::on(due, "holds")).collect();
    this.begin(&acts).await?;
    let (mut swept, mut undone) = (0, Vec::new());
    for ((due, next), act) in expired.into_iter().zip(acts) {
        if this.is_over(now) {
            undone.push(act);
            continue;
        }
        match this.store.of(&due.tenant).release(&next, now).await {
            Ok(Released::Done { .. }) => swept += 1,
            // A change in between, a payment above all, wins: the next run looks again.
            Ok(Released::Stale) => undone.push(act),
            Err(error) => {
                let error = Error::from(error);
                let (dependency, cause) = error.told();
                tracing::error!(dependency, cause, appointment = %next.id, "a hold could not be swept");
                undone.push(act);
            }
        }
    }
    this.came_to_nothing(&undone).await?;
    Ok(swept)
}
