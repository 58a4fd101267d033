//! Log-ins, OTPs, passwords and sessions.

mod log_in;
mod log_out;
mod me;
mod my_sessions;
mod otp_log_in;
mod otp_verify;
mod password_forgot;
mod password_reset;
mod proof;
mod session;
mod session_end;
mod token_refresh;

use shared::{
    operations,
    web::{Core, Environment, Function, LogIns},
};
use std::sync::Arc;

/// What this function has.
#[derive(Debug, Clone)]
pub struct Auth {
    core: Core,
    log_ins: Arc<LogIns>,
}

impl Function for Auth {
    const NAME: &'static str = "auth";

    /// Tokens are in its answers, and are kept nowhere.
    const KEYED: bool = false;

    fn configure(env: &mut Environment) -> Self {
        let core = Core::configure(env);
        Self { log_ins: LogIns::configure(env, &core).into(), core }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    operations! {
        log_in::log_in,
        otp_log_in::otp_log_in,
        otp_verify::otp_verify,
        password_forgot::password_forgot,
        password_reset::password_reset,
        token_refresh::token_refresh,
        log_out::log_out,
        me::me,
        my_sessions::my_sessions,
        session_end::session_end,
    }
}
