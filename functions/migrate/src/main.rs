//! Indexes and the first administrator, as a Lambda function run at deployment.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::web::serve_events(migrate::Migrate::configure, migrate::handle)
}
