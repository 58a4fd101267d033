//! Orders of which no word came: Razorpay is asked for their payments. What was captured is
//! settled by the same transition as a webhook's word.

use crate::{BATCH, Scheduled};
use shared::{
    models::{Payment, PaymentStatus},
    settlement,
    store::{Due, Sweep},
    web::Result,
};

pub(crate) async fn ask(this: &Scheduled) -> Result<usize> {
    let now = this.clock.now();
    let mut settled = 0;
    for due in this.store.gate().due(Sweep::Reconcile, now, BATCH).await? {
        let order = due.appointment.id.clone();
        match ask_for(this, due).await {
            Ok(()) => settled += 1,
            Err(error) => {
                tracing::error!(?error, appointment = %order, "an order could not be reconciled");
            }
        }
    }
    Ok(settled)
}

async fn ask_for(this: &Scheduled, due: Due) -> Result<()> {
    let now = this.clock.now();
    let store = this.store.of(&due.tenant);
    let mut appointment = due.appointment;
    let Some(order) = appointment.order.clone() else {
        return Ok(());
    };
    for told in this.razorpay.payments_of(&order.id).await? {
        let told = match told.status() {
            Some(PaymentStatus::Authorized) => {
                this.razorpay.captured(&told.id, order.amount).await?
            }
            _ => told,
        };
        let (Some(status), Some(amount)) = (told.status(), told.money()) else {
            continue;
        };
        if status < PaymentStatus::Captured {
            continue;
        }
        tracing::warn!(alarm = "payment-healed", appointment = %appointment.id, "a payment nobody told of");
        let payment =
            Payment { id: told.id, amount, status: PaymentStatus::Captured, created_at: now };
        appointment =
            settlement::capture(&store, appointment, &payment, None, (this.entropy, now)).await?;
        appointment = settlement::pay_back(&store, &this.razorpay, appointment).await?;
    }
    store.change_appointment(&appointment.reconciled(now)).await?;
    Ok(())
}
