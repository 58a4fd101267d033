//! How a hospital's own account at Razorpay looks outside: without its secrets.

use serde::Serialize;
use shared::{
    models::{Instant, KeyId, MerchantId, PaymentAccount, PaymentAccountId},
    tenancy::Tenant,
};
use utoipa::ToSchema;

/// The hospital's own account, if it has one. Without one, patients pay into the platform's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountReply {
    #[schema(required)]
    account: Option<AccountView>,
}

/// A hospital's own account at Razorpay. Its secrets are never told again; their last characters
/// say which they are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountView {
    id: PaymentAccountId,
    merchant_id: MerchantId,
    key_id: KeyId,
    key_secret_ends_with: String,
    webhook_secret_ends_with: String,
    /// Where Razorpay is to send its webhooks, on this API.
    webhook_path: String,
    /// Until when webhooks signed with the secret before are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    previous_webhook_secret_until: Option<String>,
    #[schema(format = DateTime)]
    changed_at: String,
}

impl AccountReply {
    /// The current one of a hospital's accounts.
    pub(crate) fn of(accounts: &[PaymentAccount], tenant: &Tenant, now: Instant) -> Self {
        let current = accounts.iter().find(|account| account.current);
        Self { account: current.map(|account| AccountView::of(account, tenant, now)) }
    }
}

impl AccountView {
    fn of(account: &PaymentAccount, tenant: &Tenant, now: Instant) -> Self {
        let previous = account.previous_webhook_secret.as_ref();
        let until = previous.map(|replaced| replaced.until).filter(|until| now < *until);
        Self {
            id: account.id.clone(),
            merchant_id: account.merchant.clone(),
            key_id: account.key_id.clone(),
            key_secret_ends_with: account.key_secret.hint.clone(),
            webhook_secret_ends_with: account.webhook_secret.hint.clone(),
            webhook_path: format!("/webhooks/razorpay/{}", account.id),
            previous_webhook_secret_until: until.map(|until| tenant.zone().show(until)),
            changed_at: tenant.zone().show(account.changed_at),
        }
    }
}
