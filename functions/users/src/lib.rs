//! People: accounts, doctors, patients, imports, and the trail of who was at their data.

mod audit;
mod block;
mod create_doctor;
mod create_patient;
mod delete;
mod fees;
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
    operations,
    outbound::BucketLinks,
    web::{Core, Environment, Function, LogIns},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Users {
    core: Core,
    log_ins: Arc<LogIns>,
    links: Arc<BucketLinks>,
    chain: Arc<AuditChain>,
}

impl Function for Users {
    const NAME: &'static str = "users";

    fn configure(env: &mut Environment) -> Self {
        let core = Core::configure(env);
        Self {
            log_ins: LogIns::configure(env, &core).into(),
            core,
            links: imports::links(env).into(),
            chain: AuditChain::configure(env).into(),
        }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        create_patient::create_patient,
        create_doctor::create_doctor,
        imports::create::import_create,
        imports::list::import_list,
        imports::read::import_read,
        patient_list::patient_list,
        my_patients::my_patients,
        list::list,
        read::read,
        patch::patch,
        fees::read::read,
        fees::put::put,
        delete::delete,
        block::block,
        unblock::unblock,
        patients::patients,
        patient_read::patient_read,
        patient_patch::patient_patch,
        audit::list::list,
        audit::verify::verify,
        audit::access_log::access_log,
    }
}
