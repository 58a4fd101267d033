//! People: accounts, doctors, patients, imports, and the trail of who was at their data.

mod audit;
mod block;
mod create_doctor;
mod create_patient;
mod delete;
mod imports;
mod invite;
mod list;
mod my_patients;
mod patch;
mod patient_list;
mod patient_patch;
mod patient_read;
mod patients;
mod read;
mod unblock;
mod view;

use shared::{
    auth::AuditChain,
    outbound::BucketLinks,
    web::{Core, Environment, Function, LogIns},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Users {
    core: Core,
    log_ins: LogIns,
    links: BucketLinks,
    chain: AuditChain,
}

impl Function for Users {
    const NAME: &'static str = "users";

    fn configure(env: &mut Environment) -> Self {
        let core = Core::configure(env);
        Self {
            log_ins: LogIns::configure(env, &core),
            core,
            links: imports::links(env),
            chain: AuditChain::configure(env),
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .routes(routes!(create_patient::create_patient))
            .routes(routes!(create_doctor::create_doctor))
            .routes(routes!(imports::create::import_create))
            .routes(routes!(imports::list::import_list))
            .routes(routes!(imports::read::import_read))
            .routes(routes!(patient_list::patient_list))
            .routes(routes!(my_patients::my_patients))
            .routes(routes!(list::list))
            .routes(routes!(read::read))
            .routes(routes!(patch::patch))
            .routes(routes!(delete::delete))
            .routes(routes!(block::block))
            .routes(routes!(unblock::unblock))
            .routes(routes!(patients::patients))
            .routes(routes!(patient_read::patient_read))
            .routes(routes!(patient_patch::patient_patch))
            .routes(routes!(audit::list::list))
            .routes(routes!(audit::verify::verify))
            .routes(routes!(audit::access_log::access_log))
    }
}
