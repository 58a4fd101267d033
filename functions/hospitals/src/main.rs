//! Hospitals, and what the product says of itself, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve::<hospitals::Hospitals>()
}
