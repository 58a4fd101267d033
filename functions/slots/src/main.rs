//! Publishing, booking and cancelling slots, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve::<slots::Slots>()
}
