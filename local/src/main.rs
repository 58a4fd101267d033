//! `local run [--release]` and `local exec [--release] -- COMMAND…`.

#![allow(clippy::print_stderr, reason = "a command line talks to the terminal")]

use std::process::ExitCode;

use anyhow::Result;
use local::{exec, process, run, settings::Settings};

const USAGE: &str = "\
usage: local run [--release]                 the whole stack, in the foreground
       local exec [--release] -- COMMAND…    the servers behind the functions, around a command";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        [process::TRAMPOLINE, program, ..] => {
            let error = process::become_child(program, arguments.get(2..).unwrap_or_default());
            eprintln!("local: {program} does not start: {error}");
            return ExitCode::from(127);
        }
        ["run"] => start(false, None),
        ["run", "--release"] => start(true, None),
        ["exec", "--", ..] => start(false, arguments.get(2..)),
        ["exec", "--release", "--", ..] => start(true, arguments.get(3..)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("local: {error:#}");
        ExitCode::FAILURE
    })
}

fn start(release: bool, command: Option<&[String]>) -> Result<ExitCode> {
    let settings = Settings::from_env(release)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        match command {
            Some(command) => exec::exec(&settings, command).await,
            None => run::run(settings).await.map(|()| ExitCode::SUCCESS),
        }
    });
    // Blocking tasks (a lock waited for) must not hold up the end.
    runtime.shutdown_background();
    code
}
