//! Orders, links and refunds of which no word came: Razorpay is asked. What differs is put right
//! and goes into the hospital's report.

use crate::{BATCH, Scheduled, trail::Act};
use shared::{
    models::Reconciliation,
    settlement,
    store::{Due, Sweep},
    tenancy::Tenant,
    web::Result,
};

/// Asks about what is due. What was found is in the report before the function's time is over.
pub(crate) async fn ask(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let mut runs: Vec<(Tenant, Reconciliation)> = Vec::new();
    let due = this.store.gate().due(Sweep::Reconcile, now, BATCH).await?;
    let acts: Vec<Act> = due.iter().map(|due| Act::on(due, "reconcile")).collect();
    this.begin(&acts).await?;
    let (mut settled, mut undone) = (0, Vec::new());
    for (due, act) in due.into_iter().zip(acts) {
        if this.is_over(now) {
            undone.push(act);
            continue;
        }
        let at = match runs.iter().position(|(tenant, _)| *tenant == due.tenant) {
            Some(at) => at,
            None => {
                let run = Reconciliation::begun(this.entropy.id(now)?, false, now);
                runs.push((due.tenant.clone(), run));
                runs.len() - 1
            }
        };
        let Some((_, run)) = runs.get_mut(at) else {
            continue;
        };
        if ask_about(this, due, run).await {
            settled += 1;
        } else {
            undone.push(act);
        }
    }
    for (tenant, run) in runs.into_iter().filter(|(_, run)| !run.differences.is_empty()) {
        this.store.of(&tenant).keep_reconciliation(&run).await?;
    }
    this.came_to_nothing(&undone).await?;
    Ok(settled)
}

/// Asks about one appointment; whether there was an answer.
async fn ask_about(this: &Scheduled, due: Due, run: &mut Reconciliation) -> bool {
    let Due { tenant, appointment, accounts } = due;
    let (store, id) = (this.store.of(&tenant), appointment.id.clone());
    let now = this.clock.now();
    let (with, long) = ((this.entropy, now), appointment.is_long_unanswered(now));
    let asked =
        settlement::reconcile(&store, this.merchants.of(&accounts), appointment, with).await;
    let answered = asked.outcome.is_ok();
    if let Err(error) = &asked.outcome {
        let (dependency, cause) = error.told();
        if long {
            tracing::error!(alarm = "payment-unasked", hospital = %tenant.hospital(), appointment = %id, dependency, cause, "for a day nobody could be asked about an appointment's money");
        } else {
            tracing::error!(dependency, cause, appointment = %id, "an appointment could not be reconciled");
        }
    }
    run.add(asked.found, answered);
    answered
}
