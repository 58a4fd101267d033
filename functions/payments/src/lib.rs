//! Orders, their verification, and receipts.

mod create_order;
mod form;
mod receipt;
mod verify;

use shared::{
    outbound::Razorpay,
    web::{Core, Environment, Function},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Payments {
    core: Core,
    razorpay: Razorpay,
}

impl Function for Payments {
    const NAME: &'static str = "payments";

    fn configure(env: &mut Environment) -> Self {
        Self { core: Core::configure(env), razorpay: Razorpay::configure(env) }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .routes(routes!(create_order::create_order))
            .routes(routes!(verify::verify))
            .routes(routes!(receipt::receipt))
    }
}
