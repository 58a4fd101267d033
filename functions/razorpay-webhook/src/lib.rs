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

/// What this function has.
#[derive(Debug, Clone)]
pub struct RazorpayWebhook {
    core: Core,
    platform: PlatformSecrets,
    vault: AccountVault,
}

impl Function for RazorpayWebhook {
    const NAME: &'static str = "razorpay-webhook";

    fn configure(env: &mut Environment) -> Self {
        Self {
            core: Core::configure(env),
            platform: PlatformSecrets::configure(env),
            vault: AccountVault::configure(env),
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
