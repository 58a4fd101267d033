//! What the platform's webhooks are signed with.

use shared::{
    models::{Instant, PaymentAccount},
    outbound::WebhookSecrets,
    web::Environment,
};

/// The secret, and for a day after it was changed the one before: Razorpay repeats older events
/// for as long (webhooks, best practices).
#[derive(Clone)]
pub(crate) struct PlatformSecrets {
    current: String,
    previous: Option<(String, Instant)>,
}

/// Never shows a secret.
impl std::fmt::Debug for PlatformSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlatformSecrets(…)")
    }
}

impl PlatformSecrets {
    pub(crate) fn configure(env: &mut Environment) -> Self {
        let current = env.required("RAZORPAY_WEBHOOK_SECRET");
        let previous = env.optional("RAZORPAY_WEBHOOK_PREVIOUS_SECRET");
        let changed = env.optional("RAZORPAY_WEBHOOK_CHANGED_AT");
        let at = changed.as_ref().and_then(|text| Instant::parse_rfc3339(text));
        if changed.is_some() && at.is_none() {
            env.fault(
                "RAZORPAY_WEBHOOK_CHANGED_AT must be an instant such as 2026-12-01T10:00:00Z",
            );
        }
        if previous.is_some() && changed.is_none() {
            env.fault(
                "RAZORPAY_WEBHOOK_PREVIOUS_SECRET is set without RAZORPAY_WEBHOOK_CHANGED_AT",
            );
        }
        Self { current, previous: previous.zip(at) }
    }

    /// What is taken at this instant; `None` if nothing may be.
    pub(crate) fn at(&self, now: Instant) -> Option<WebhookSecrets> {
        let taken = |at: &Instant| now < at.plus_seconds(PaymentAccount::REPEATS_SECONDS);
        let previous = self.previous.as_ref().filter(|(_, at)| taken(at));
        let previous = previous.map(|(secret, _)| secret.clone());
        WebhookSecrets::new(self.current.clone(), previous)
    }
}
