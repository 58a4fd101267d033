//! Hospitals, and what the product says of itself.

mod change;
mod create;
mod docs;
mod health;
mod list;
mod openapi_json;
mod own;
mod view;

use shared::{
    operations,
    web::{Core, Environment, Function, LogIns},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Hospitals {
    core: Core,
    log_ins: Arc<LogIns>,
}

impl Function for Hospitals {
    const NAME: &'static str = "hospitals";

    fn configure(env: &mut Environment) -> Self {
        let core = Core::configure(env);
        Self { log_ins: LogIns::configure(env, &core).into(), core }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        create::create,
        list::list,
        own::own,
        change::change,
        health::health,
        openapi_json::openapi_json,
        docs::docs,
    }
}
