//! Orders and their verification, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve::<payments::Payments>()
}
