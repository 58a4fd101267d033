//! Hospitals, and what the product says of itself.

mod change;
mod create;
mod docs;
mod health;
mod list;
mod openapi_json;
mod own;
mod view;

use shared::web::{Core, Environment, Function, LogIns};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Hospitals {
    core: Core,
    log_ins: LogIns,
}

impl Function for Hospitals {
    const NAME: &'static str = "hospitals";

    fn configure(env: &mut Environment) -> Self {
        let core = Core::configure(env);
        Self { log_ins: LogIns::configure(env, &core), core }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .routes(routes!(create::create))
            .routes(routes!(list::list))
            .routes(routes!(own::own))
            .routes(routes!(change::change))
            .routes(routes!(health::health))
            .routes(routes!(openapi_json::openapi_json))
            .routes(routes!(docs::docs))
    }
}
