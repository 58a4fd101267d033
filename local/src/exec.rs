//! `local exec -- COMMAND`: only the backing servers, on data of their own, around one command.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    backing::{Backing, Plan, listen},
    console::{Console, Mails},
    logged,
    logs::Logs,
    outside::{self, Outside},
    process::{Launch, Processes},
    run::{GRACE, own_path},
    secrets::Secrets,
    settings::Settings,
    signals,
    stack_file::{self, StackFile},
    template::REGION,
    tools,
};

/// Runs the command with `STACK_JSON` naming a `stack.json` of the servers, and answers its exit
/// code; a failure, if functions that ran meanwhile logged what must be in no log.
///
/// # Errors
/// When a server or the command does not start.
pub async fn exec(settings: &Settings, command: &[String]) -> Result<ExitCode> {
    let folder = tempfile::Builder::new().prefix("mediconnect-").tempdir_in(quick_folder())?;
    let logs = folder.path().join("logs");
    std::fs::create_dir_all(&logs)?;
    let logged = folder.path().join("logged");
    std::fs::create_dir_all(&logged)?;
    let logs = Logs::new(&logs, settings.log_all);
    let processes = Processes::new(Some(own_path()?), logs.clone());
    let result = tokio::select! {
        code = around(settings, &processes, &logs, folder.path(), command) => code,
        () = signals::wait() => Ok(ExitCode::from(130)),
    };
    processes.stop(GRACE).await;
    let code = result?;
    Ok(if logged::is_clean(&logged)? { code } else { ExitCode::FAILURE })
}

/// Where servers that live for one command keep their data: in memory where there is room, so that
/// a slow disk cannot stall a database and with it a test.
fn quick_folder() -> PathBuf {
    const ROOM: u64 = 4 << 30;
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |fs| fs.f_bavail.saturating_mul(fs.f_frsize));
    if room >= ROOM { memory.to_owned() } else { std::env::temp_dir() }
}

async fn around(
    settings: &Settings,
    processes: &Processes,
    logs: &Logs,
    folder: &Path,
    command: &[String],
) -> Result<ExitCode> {
    let (program, args) = command.split_first().context("exec needs a command after --")?;
    let tools = tools::ensure(settings).await?;
    let outside = outside::ensure(settings).await?;
    let mut secrets = Secrets::open(&folder.join("secrets.json"))?;
    let plan = Plan {
        settings,
        tools: &tools,
        folder: folder.to_owned(),
        processes,
        logs,
        webhook_url: None,
        test_commands: true,
    };
    let backing = Backing::start(&plan, &mut secrets).await?;
    let (listener, console) = listen().await?;
    let routes = Console::new(Mails::new(&backing.ses_url)?, None).router();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut content = stack_file::servers(&backing, &console);
    if let Some(members) = content.as_object_mut() {
        members.insert("backing".into(), json!(true));
        let Outside { python, chromedriver, chromium } = outside;
        let tools = json!({ "python": python, "chromedriver": chromedriver, "chromium": chromium });
        members.insert("tools".into(), tools);
        members.insert("logged".into(), json!(folder.join("logged")));
    }
    let file = folder.join("stack.json");
    let _written = StackFile::write(&file, &content)?;
    let running = processes.start_attached(&Launch {
        name: "command".to_owned(),
        program: program.into(),
        args: args.to_vec(),
        environment: environment(&backing, &file),
        clean: false,
        on_terminal: false,
    })?;
    let status = running.exited().await;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// Where the servers are, and what the AWS SDK finds by itself: tests that run the functions in
/// their own process find what Lambda's environment would give them.
fn environment(backing: &Backing, file: &Path) -> Vec<(String, String)> {
    [
        ("STACK_JSON", file.display().to_string()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", backing.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", backing.secret_access_key.clone()),
        ("AWS_ENDPOINT_URL_SESV2", backing.ses_url.clone()),
        ("AWS_ENDPOINT_URL_S3", backing.s3_url.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
