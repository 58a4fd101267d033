//! `PUT /hospital/payment-account`: the hospital hands in its own account at Razorpay.

use crate::{Payments, account::AccountReply};
use axum::extract::State;
use shared::{
    body,
    models::{Instant, Issue, IssueCode, KeyId, MerchantId, PaymentAccount, PlainSecret},
    tenancy::{Grant, ManagePaymentAccount},
    web::{Body, Code, Error, Json, Refusals, Result},
};

body! {
    /// An account at Razorpay.
    pub(crate) struct AccountRequest {
        /// Razorpay's id of the merchant; it is on the dashboard's profile.
        merchant_id: MerchantId = "merchantId",
        /// The public half of the API key.
        key_id: KeyId = "keyId",
        /// The secret half.
        key_secret: PlainSecret = "keySecret",
        /// What the webhooks are signed with.
        webhook_secret: PlainSecret = "webhookSecret",
    }
}

/// Makes an account of the hospital's own the one new orders go to, or replaces its keys. The
/// keys are tried at Razorpay and kept sealed; nobody can read them back. A webhook secret that is
/// replaced is taken for a day more.
#[utoipa::path(
    put, path = "/hospital/payment-account", tag = "payments", security(("bearer" = [])),
    request_body = AccountRequest,
    responses((status = 200, description = "As it is now", body = AccountReply), Refusals),
)]
pub(crate) async fn account_put(
    State(payments): State<Payments>,
    grant: Grant<ManagePaymentAccount>,
    Body(request): Body<AccountRequest>,
) -> Result<Json<AccountReply>> {
    let (tenant, now) = (grant.own_tenant()?, payments.core.clock.now());
    let store = payments.core.store.of(&tenant);
    let razorpay = payments.merchants.trying(request.key_id.as_str(), &request.key_secret);
    let (known, accounts) = tokio::join!(razorpay.knows_its_keys(), store.payment_accounts());
    if !known? {
        let issue = Issue::new(IssueCode::KeyRefused, "is not the secret of a key Razorpay knows");
        return Err(Error::field("keySecret", issue));
    }
    let accounts = accounts?;
    let before = accounts.iter().find(|account| account.merchant == request.merchant_id);
    let account = sealed(&payments, request, before, now)?;
    if !store.put_payment_account(&account, before).await? {
        return Err(Error::conflict(
            Code::Conflict,
            "The account is being changed by somebody else.",
        ));
    }
    Ok(Json(AccountReply::of(&[account], &tenant, now)))
}

fn sealed(
    payments: &Payments,
    request: AccountRequest,
    before: Option<&PaymentAccount>,
    now: Instant,
) -> Result<PaymentAccount> {
    let (vault, entropy) = (payments.merchants.vault(), payments.core.entropy);
    let id = match before {
        Some(before) => before.id.clone(),
        None => entropy.id(now)?,
    };
    let replaced = before.and_then(|before| {
        let same = vault.is_webhook_secret(before, &request.webhook_secret);
        before.replaced_webhook_secret(same, now)
    });
    Ok(PaymentAccount {
        key_secret: vault.seal_key(&id, &request.key_secret, entropy.bytes()?)?,
        webhook_secret: vault.seal_webhook(&id, &request.webhook_secret, entropy.bytes()?)?,
        id,
        merchant: request.merchant_id,
        key_id: request.key_id,
        previous_webhook_secret: replaced,
        current: true,
        changed_at: now,
    })
}
