//! Razorpay's webhook.

mod event;
mod receive;

use shared::{
    outbound::WebhookSecrets,
    web::{Core, Environment, Function},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct RazorpayWebhook {
    core: Core,
    secrets: Option<WebhookSecrets>,
}

impl Function for RazorpayWebhook {
    const NAME: &'static str = "razorpay-webhook";

    fn configure(env: &mut Environment) -> Self {
        let current = env.required("RAZORPAY_WEBHOOK_SECRET");
        let previous = env.optional("RAZORPAY_WEBHOOK_PREVIOUS_SECRET");
        // Without a secret anybody could sign; the fault that was noted keeps it from starting.
        Self { core: Core::configure(env), secrets: WebhookSecrets::new(current, previous) }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new().routes(routes!(receive::receive))
    }
}
