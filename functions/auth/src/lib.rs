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

use shared::web::{Core, Environment, Function, LogIns};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What this function has.
#[derive(Debug, Clone)]
pub struct Auth {
    core: Core,
    log_ins: LogIns,
}

impl Function for Auth {
    const NAME: &'static str = "auth";

    fn configure(env: &mut Environment) -> Self {
        let core = Core::configure(env);
        Self { log_ins: LogIns::configure(env, &core), core }
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn operations() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .routes(routes!(log_in::log_in))
            .routes(routes!(otp_log_in::otp_log_in))
            .routes(routes!(otp_verify::otp_verify))
            .routes(routes!(password_forgot::password_forgot))
            .routes(routes!(password_reset::password_reset))
            .routes(routes!(token_refresh::token_refresh))
            .routes(routes!(log_out::log_out))
            .routes(routes!(me::me))
            .routes(routes!(my_sessions::my_sessions))
            .routes(routes!(session_end::session_end))
    }
}
