//! Indexes and the first administrator, as a Lambda function run at deployment.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (configure, handle) = (migrate::Migrate::configure, migrate::handle);
    shared::web::serve_awaited_events(configure, handle, migrate::unconfigured)
}
