//! Lists of appointments, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve::<appointments::Appointments>()
}
