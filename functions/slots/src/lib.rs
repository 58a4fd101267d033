//! Publishing, booking and cancelling slots.

mod book;
mod cancel;
mod delete;
mod doctors;
mod list;
mod set;

use shared::{
    outbound::Merchants,
    web::{Core, Environment, Function},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Slots {
    core: Core,
    merchants: Merchants,
    /// How long an unpaid slot is kept, in seconds.
    hold_seconds: i64,
}

impl Function for Slots {
    const NAME: &'static str = "slots";

    fn configure(env: &mut Environment) -> Self {
        Self {
            core: Core::configure(env),
            merchants: Merchants::configure(env),
            hold_seconds: env.number("HOLD_SECONDS", 600, 1..=86_400),
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .routes(routes!(set::set))
            .routes(routes!(book::book))
            .routes(routes!(cancel::cancel))
            .routes(routes!(list::list))
            .routes(routes!(delete::delete))
            .routes(routes!(doctors::doctors))
    }
}
