//! What the environment of `local` says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::template::Template;

/// Settings of one stack.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The workspace's folder.
    pub root: PathBuf,
    /// `STACK_DIR`: data, logs and `stack.json`.
    pub stack_dir: PathBuf,
    /// `PORT`: where the API listens; 0 for any free port.
    pub port: u16,
    /// `CONCURRENCY`: processes of one function; those behind events have four at least.
    pub concurrency: usize,
    /// `ALLOWED_ORIGIN`: the web origin that may call the API, in place of the template's.
    pub allowed_origin: Option<String>,
    /// `WATCH`: rebuild and restart on saving.
    pub watch: bool,
    /// `SEED`: make the demonstration hospital.
    pub seed: bool,
    /// `LOG=all`: every line of the functions on the terminal.
    pub log_all: bool,
    /// The folder of the functions' binaries.
    pub binaries: PathBuf,
    /// The environment itself.
    pub ambient: BTreeMap<String, String>,
}

impl Settings {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// One line saying which variable is wrong, or that this is not inside the workspace.
    pub fn from_env(release: bool) -> Result<Self> {
        let ambient = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let current = std::env::current_dir().context("the current folder cannot be read")?;
        let own = std::env::current_exe().context("this program's own path cannot be read")?;
        Self::new(ambient, &current, &own, release)
    }

    fn new(
        ambient: BTreeMap<String, String>,
        current: &Path,
        own: &Path,
        release: bool,
    ) -> Result<Self> {
        let root = current
            .ancestors()
            .find(|folder| folder.join("local/Cargo.toml").is_file())
            .context("not inside the workspace: run this from the repository's folder")?
            .to_owned();
        let beside = own.parent().context("this program has no folder")?;
        let binaries = match (release, beside.parent()) {
            (true, Some(target)) => target.join("release"),
            _ => beside.to_owned(),
        };
        let value = |name: &str| ambient.get(name).map(|value| value.trim());
        let value = |name: &str| value(name).filter(|value| !value.is_empty());
        let stack_dir = match value("STACK_DIR") {
            Some(folder) => current.join(folder),
            None => root.join(".local"),
        };
        let Ok(port) = value("PORT").unwrap_or("3000").parse() else {
            bail!("PORT is not a port number: use 0 to 65535");
        };
        let Ok(concurrency @ 1..=64) = value("CONCURRENCY").unwrap_or("4").parse() else {
            bail!("CONCURRENCY is not a number of processes: use 1 to 64");
        };
        let allowed_origin = value("ALLOWED_ORIGIN").map(str::to_owned);
        let unless_off = |name| !matches!(value(name), Some("0" | "false" | "no"));
        let (watch, seed) = (unless_off("WATCH"), unless_off("SEED"));
        let log_all = value("LOG") == Some("all");
        Ok(Self {
            root,
            stack_dir,
            port,
            concurrency,
            allowed_origin,
            watch,
            seed,
            log_all,
            binaries,
            ambient,
        })
    }

    /// The template as it is now, with what of it is set for this machine.
    ///
    /// # Errors
    /// As for [`Template::read`].
    pub fn template(&self) -> Result<Template> {
        let mut template = Template::read(&self.root.join("template.yaml"))?;
        if let (Some(origin), Some(cors)) = (&self.allowed_origin, &mut template.cors) {
            cors.origins = vec![origin.clone()];
        }
        Ok(template)
    }

    /// Whether the functions are release binaries.
    pub fn release(&self) -> bool {
        self.binaries.ends_with("release")
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.ambient.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Two variables that only mean something together.
    ///
    /// # Errors
    /// When only one is set.
    pub fn pair(&self, first: &str, second: &str) -> Result<Option<(String, String)>> {
        match (self.get(first), self.get(second)) {
            (Some(one), Some(two)) => Ok(Some((one.to_owned(), two.to_owned()))),
            (None, None) => Ok(None),
            (Some(_), None) => bail!("{first} is set but {second} is not: set both or neither"),
            (None, Some(_)) => bail!("{second} is set but {first} is not: set both or neither"),
        }
    }

    /// The folder for installed tools; shared by all stacks of the workspace.
    pub fn tools(&self) -> PathBuf {
        self.root.join(".tools")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)], release: bool) -> Result<Settings> {
        let ambient = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        Settings::new(ambient, here, Path::new("/t/debug/local"), release)
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let settings = settings(&[], false).unwrap();
        assert_eq!((settings.port, settings.concurrency), (3000, 4));
        assert!(settings.watch && !settings.log_all && !settings.release());
        assert!(settings.stack_dir.ends_with(".local"));
        assert_eq!(settings.binaries, Path::new("/t/debug"));
    }

    #[test]
    fn wrong_settings_are_named() {
        let message = |pairs: &[(&str, &str)]| settings(pairs, false).unwrap_err().to_string();
        assert!(message(&[("PORT", "99999")]).contains("PORT"));
        assert!(message(&[("CONCURRENCY", "0")]).contains("CONCURRENCY"));
        let half = settings(&[("RAZORPAY_KEY_ID", "k")], true).unwrap();
        assert_eq!(half.binaries, Path::new("/t/release"));
        assert!(half.pair("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET").is_err());
    }
}
