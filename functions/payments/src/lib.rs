//! Orders and their verification, receipts, the desk, the ledger, and hospitals' own accounts.

mod account;
mod account_leave;
mod account_put;
mod account_read;
mod counter;
mod counter_refund;
mod create_order;
mod form;
mod ledger;
mod link;
mod receipt;
mod reconcile;
mod reconciliations;
mod refusal;
mod verify;

use shared::{
    outbound::Merchants,
    web::{Core, Environment, Function},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Payments {
    core: Core,
    merchants: Merchants,
}

impl Function for Payments {
    const NAME: &'static str = "payments";

    fn configure(env: &mut Environment) -> Self {
        Self { core: Core::configure(env), merchants: Merchants::configure(env) }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .routes(routes!(create_order::create_order))
            .routes(routes!(verify::verify))
            .routes(routes!(receipt::receipt))
            .routes(routes!(counter::counter))
            .routes(routes!(counter_refund::counter_refund))
            .routes(routes!(link::link))
            .routes(routes!(ledger::ledger))
            .routes(routes!(reconcile::reconcile))
            .routes(routes!(reconciliations::reconciliations))
            .routes(routes!(account_read::account_read))
            .routes(routes!(account_put::account_put))
            .routes(routes!(account_leave::account_leave))
    }
}
