//! People: accounts, doctors, patients and imports, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve::<users::Users>()
}
