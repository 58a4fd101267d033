//! Lists of appointments, and what becomes of one.

mod cancel_quote;
mod list;
mod no_show;
mod read;
mod today;
mod upcoming;

use shared::web::{Core, Environment, Function};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Appointments {
    core: Core,
}

impl Function for Appointments {
    const NAME: &'static str = "appointments";

    fn configure(env: &mut Environment) -> Self {
        Self { core: Core::configure(env) }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .routes(routes!(today::today))
            .routes(routes!(upcoming::upcoming))
            .routes(routes!(list::list))
            .routes(routes!(read::read))
            .routes(routes!(cancel_quote::cancel_quote))
            .routes(routes!(no_show::no_show))
    }
}
