//! `POST /payments/reconciliation`: compares the books with Razorpay's now.

use crate::{Payments, reconciliations::ReconciliationView};
use axum::extract::State;
use shared::{
    models::Reconciliation,
    settlement,
    store::Payable,
    tenancy::{Grant, Reconcile},
    web::{Created, Refusals, Result},
};

/// About how many appointments one request asks Razorpay: the answer must come within half a
/// minute. The longest due go first, so a second request goes on where the first stopped.
const AT_ONCE: i64 = 50;
/// How long Razorpay is asked: what was found is kept before the function's time is over.
const LONGEST_SECONDS: i64 = 12;

/// Asks Razorpay about the payments and refunds of which it may have something to tell, heals what
/// was missed, and reports what differed. It asks about the 50 appointments that are longest due at
/// most, and for 12 seconds at most; asking again goes on where this stopped.
#[utoipa::path(
    post, path = "/payments/reconciliation", tag = "payments", security(("bearer" = [])),
    responses((status = 201, description = "Compared", body = ReconciliationView), Refusals),
)]
pub(crate) async fn reconcile(
    State(payments): State<Payments>,
    grant: Grant<Reconcile>,
) -> Result<Created<ReconciliationView>> {
    let (tenant, now) = (grant.own_tenant()?, payments.core.clock.now());
    let store = payments.core.store.of(&tenant);
    let mut run = Reconciliation::begun(payments.core.entropy.id(now)?, true, now);
    for Payable { appointment, accounts } in store.to_reconcile(AT_ONCE).await? {
        let id = appointment.id.clone();
        let merchants = payments.merchants.of(&accounts);
        let with = (payments.core.entropy, now);
        let asked = settlement::reconcile(&store, merchants, appointment, with).await;
        if let Err(error) = &asked.outcome {
            let (dependency, cause) = error.told();
            tracing::error!(dependency, cause, appointment = %id, "an appointment could not be reconciled");
        }
        run.add(asked.found, asked.outcome.is_ok());
        if payments.core.clock.now().seconds_since(now) >= LONGEST_SECONDS {
            break;
        }
    }
    store.keep_reconciliation(&run).await?;
    Ok(Created(ReconciliationView::of(run, &tenant)))
}
