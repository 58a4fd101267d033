//! Razorpay's webhook.

mod apply;
mod event;
mod receive;
mod receive_own;
mod secrets;

use secrets::PlatformSecrets;
use shared::{
    operations,
    outbound::AccountVault,
    web::{Core, Environment, Function},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct RazorpayWebhook {
    core: Core,
    platform: Arc<PlatformSecrets>,
    vault: Arc<AccountVault>,
}

impl Function for RazorpayWebhook {
    const NAME: &'static str = "razorpay-webhook";

    fn configure(env: &mut Environment) -> Self {
        Self {
            core: Core::configure(env),
            platform: PlatformSecrets::configure(env).into(),
            vault: AccountVault::configure(env).into(),
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        receive::receive,
        receive_own::receive_own,
    }
}
