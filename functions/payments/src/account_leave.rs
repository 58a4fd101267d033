//! `DELETE /hospital/payment-account`: back to the platform's account.

use crate::Payments;
use axum::extract::State;
use shared::{
    tenancy::{Grant, ManagePaymentAccount},
    web::{NoContent, Refusals, Result},
};

/// Leaves the own account: new orders go to the platform's. What was paid into the own one goes
/// back from it, so its keys are kept, sealed.
#[utoipa::path(
    delete, path = "/hospital/payment-account", tag = "payments", security(("bearer" = [])),
    responses((status = 204, description = "Left"), Refusals),
)]
pub(crate) async fn account_leave(
    State(payments): State<Payments>,
    grant: Grant<ManagePaymentAccount>,
) -> Result<NoContent> {
    payments.core.store.of(&grant.own_tenant()?).leave_payment_accounts().await?;
    Ok(NoContent)
}
