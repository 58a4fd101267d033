//! What happens by the clock, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve_events(scheduled::Scheduled::configure, scheduled::handle)
}
