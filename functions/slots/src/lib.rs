//! Publishing, booking and cancelling slots.

mod book;
mod cancel;
mod delete;
mod doctors;
mod fee_quote;
mod last_rules;
mod list;
mod patient;
mod set;

use last_rules::LastRules;
use shared::{
    operations,
    outbound::Merchants,
    web::{Core, Environment, Function},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Slots {
    core: Core,
    merchants: Arc<Merchants>,
    last_rules: Arc<LastRules>,
    /// How long an unpaid slot is kept, in seconds.
    hold_seconds: i64,
}

impl Function for Slots {
    const NAME: &'static str = "slots";

    fn configure(env: &mut Environment) -> Self {
        Self {
            core: Core::configure(env),
            merchants: Merchants::configure(env).into(),
            last_rules: Arc::default(),
            hold_seconds: env.number("HOLD_SECONDS", 600, 1..=86_400),
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        set::set,
        book::book,
        cancel::cancel,
        list::list,
        delete::delete,
        doctors::doctors,
        fee_quote::fee_quote,
    }
}
