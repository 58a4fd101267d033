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
    operations,
    outbound::Merchants,
    web::{Core, Environment, Function},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Payments {
    core: Core,
    merchants: Arc<Merchants>,
}

impl Function for Payments {
    const NAME: &'static str = "payments";

    fn configure(env: &mut Environment) -> Self {
        Self { core: Core::configure(env), merchants: Merchants::configure(env).into() }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        create_order::create_order,
        verify::verify,
        receipt::receipt,
        counter::counter,
        counter_refund::counter_refund,
        link::link,
        ledger::ledger,
        reconcile::reconcile,
        reconciliations::reconciliations,
        account_read::account_read,
        account_put::account_put,
        account_leave::account_leave,
    }
}
