//! Installs what a fresh machine lacks, into `.tools` where that can be.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::{process::Command, time::timeout};

use crate::settings::Settings;

const SECANTUS: &str = "secantusdb==0.7.0b3";
const SES: &str = "aws-ses-v2-local@2.10.2";
/// A registry that does not answer must not hang a build for ever.
const INSTALL_LIMIT: Duration = Duration::from_mins(10);

/// Where the tools are.
#[derive(Debug, Clone)]
pub struct Tools {
    /// `redis-server`.
    pub redis: PathBuf,
    /// Node.js.
    pub node: PathBuf,
    /// The SES stand-in's script.
    pub ses: PathBuf,
    /// What speaks MongoDB's protocol.
    pub mongo: Mongo,
}

/// The choice of a MongoDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mongo {
    /// `MONGODB_URI`.
    Given(String),
    /// A `mongod` from the `PATH`.
    Mongod(PathBuf),
    /// `SecantusDB`.
    Secantus(PathBuf),
}

/// Finds or installs everything.
///
/// # Errors
/// One line saying what is missing and how to get it.
pub async fn ensure(settings: &Settings) -> Result<Tools> {
    let folder = settings.tools();
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    // Two stacks starting at once must not install into one folder together.
    let lock = File::create(folder.join(".lock"))?;
    tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let mongo = if let Some(uri) = settings.get("MONGODB_URI") {
        Mongo::Given(uri.to_owned())
    } else if let Some(mongod) = find(settings, "mongod") {
        Mongo::Mongod(mongod)
    } else {
        Mongo::Secantus(secantus(settings, &folder).await?)
    };
    let node = need(settings, "node", "nodejs")?;
    let ses = ses(settings, &folder).await?;
    let redis = redis(settings).await?;
    Ok(Tools { redis, node, ses, mongo })
}

async fn secantus(settings: &Settings, folder: &Path) -> Result<PathBuf> {
    let venv = folder.join("venv");
    let program = venv.join("bin/secantusd-py");
    if !program.is_file() {
        println!("local: installing {SECANTUS} (MongoDB's protocol) into {}", venv.display());
        let python = need(settings, "python3", "python3")?;
        run(Command::new(&python).args(["-m", "venv"]).arg(&venv))
            .await
            .context("python3 -m venv failed: install the package python3-venv")?;
        let pip =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--pre", SECANTUS];
        run(Command::new(venv.join("bin/python")).args(pip)).await?;
    }
    Ok(program)
}

async fn ses(settings: &Settings, folder: &Path) -> Result<PathBuf> {
    let home = folder.join("ses");
    let script = home.join("node_modules/aws-ses-v2-local/dist/cli.js");
    if !script.is_file() {
        println!("local: installing {SES} (SES v2) into {}", home.display());
        let npm = need(settings, "npm", "npm")?;
        run(Command::new(npm)
            .args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"])
            .arg(&home)
            .arg(SES))
        .await?;
    }
    Ok(script)
}

async fn redis(settings: &Settings) -> Result<PathBuf> {
    if let Some(redis) = find(settings, "redis-server") {
        return Ok(redis);
    }
    if rustix::process::geteuid().is_root() && find(settings, "apt-get").is_some() {
        println!("local: installing the system package redis-server (apt-get)");
        let quiet = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        run(&mut quiet(&["update", "-qq"])).await?;
        run(&mut quiet(&["install", "-y", "-qq", "--no-install-recommends", "redis-server"]))
            .await?;
    }
    need(settings, "redis-server", "redis-server")
}

/// A program on the `PATH`.
fn find(settings: &Settings, name: &str) -> Option<PathBuf> {
    let path = settings.ambient.get("PATH")?;
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn need(settings: &Settings, name: &str, package: &str) -> Result<PathBuf> {
    find(settings, name).with_context(|| {
        format!(
            "{name} is missing: install the Debian package {package} (or put {name} on the PATH)"
        )
    })
}

/// Runs an installer quietly; what it said is shown only when it fails.
async fn run(command: &mut Command) -> Result<()> {
    let line = format!("{:?}", command.as_std());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = match timeout(INSTALL_LIMIT, output).await {
        Ok(output) => output.with_context(|| format!("{line} does not start"))?,
        Err(_) => bail!("{line} took longer than {} s", INSTALL_LIMIT.as_secs()),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{line} failed: {}", said.trim());
    }
    Ok(())
}
