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
    /// `SecantusDB`, in this Python.
    Secantus(PathBuf),
}

/// Finds or installs everything.
///
/// # Errors
/// One line saying what is missing and how to get it.
pub async fn ensure(settings: &Settings) -> Result<Tools> {
    let folder = settings.tools();
    let _lock = lock(settings).await?;
    let mongo = if let Some(uri) = settings.get("MONGODB_URI") {
        Mongo::Given(uri.to_owned())
    } else if let Some(mongod) = find(settings, "mongod") {
        Mongo::Mongod(mongod)
    } else {
        Mongo::Secantus(secantus(settings, &folder).await?)
    };
    let node = need(settings, "node", "nodejs")?;
    let ses = ses(settings, &folder).await?;
    let redis = system(settings, "redis-server", "redis-server").await?;
    Ok(Tools { redis, node, ses, mongo })
}

/// The right to install: two stacks that start at once must not do it together. It ends when the
/// value is dropped.
pub(crate) async fn lock(settings: &Settings) -> Result<File> {
    let folder = settings.tools();
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let lock = File::create(folder.join(".lock"))?;
    Ok(tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??)
}

/// A Python of its own with these packages.
pub(crate) async fn venv(settings: &Settings, home: &Path, packages: &[&str]) -> Result<()> {
    let python = need(settings, "python3", "python3")?;
    run(Command::new(&python).args(["-m", "venv"]).arg(home))
        .await
        .context("python3 -m venv failed: install the package python3-venv")?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--pre"];
    run(Command::new(home.join("bin/python")).args(pip).args(packages)).await
}

async fn secantus(settings: &Settings, folder: &Path) -> Result<PathBuf> {
    let venv = folder.join("venv");
    if !venv.join("bin/secantusd-py").is_file() {
        println!("local: installing {SECANTUS} (MongoDB's protocol) into {}", venv.display());
        self::venv(settings, &venv, &[SECANTUS]).await?;
    }
    Ok(venv.join("bin/python"))
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

/// A program of the system; as root on Debian its package is installed where it is missing.
pub(crate) async fn system(settings: &Settings, name: &str, package: &str) -> Result<PathBuf> {
    if let Some(program) = find(settings, name) {
        return Ok(program);
    }
    if rustix::process::geteuid().is_root() && find(settings, "apt-get").is_some() {
        println!("local: installing the system package {package} (apt-get)");
        let quiet = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        run(&mut quiet(&["update", "-qq"])).await?;
        run(&mut quiet(&["install", "-y", "-qq", "--no-install-recommends", package])).await?;
    }
    need(settings, name, package)
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
