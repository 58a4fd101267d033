//! Log-ins, OTPs, passwords and sessions, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve::<auth::Auth>()
}
