//! `GET /hospital/payment-account`.

use crate::{Payments, account::AccountReply};
use axum::extract::State;
use shared::{
    tenancy::{Grant, ManagePaymentAccount},
    web::{Json, Refusals, Result},
};

/// The hospital's own account at Razorpay, without its secrets.
#[utoipa::path(
    get, path = "/hospital/payment-account", tag = "payments", security(("bearer" = [])),
    responses((status = 200, description = "The account", body = AccountReply), Refusals),
)]
pub(crate) async fn account_read(
    State(payments): State<Payments>,
    grant: Grant<ManagePaymentAccount>,
) -> Result<Json<AccountReply>> {
    let tenant = grant.own_tenant()?;
    let accounts = payments.core.store.of(&tenant).payment_accounts().await?;
    Ok(Json(AccountReply::of(&accounts, &tenant, payments.core.clock.now())))
}
