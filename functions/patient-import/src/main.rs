//! Files of patients in the bucket become patients, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve_long_events(patient_import::configure, patient_import::handle)
}
