//! Saving a source file rebuilds the workspace and restarts the functions whose binaries changed.

use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{
    process::Command,
    sync::{
        mpsc::{UnboundedReceiver, unbounded_channel},
        watch,
    },
    time::{Instant, sleep},
};

use crate::{
    gateway::Api, runtime_api::RuntimeApi, settings::Settings, template::Template,
    triggers::Schedules,
};

/// Editors write a file in several steps.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// What a rebuild acts on.
#[derive(Debug)]
pub struct Reloader {
    /// The settings.
    pub settings: Settings,
    /// The functions.
    pub runtime: Arc<RuntimeApi>,
    /// Who follows the template.
    pub template: watch::Sender<Arc<Template>>,
    /// Who follows its routes.
    pub api: watch::Sender<Arc<Api>>,
    /// The schedules.
    pub schedules: Arc<Schedules>,
}

type Stamps = BTreeMap<String, Option<(SystemTime, u64)>>;

impl Reloader {
    /// Follows the sources until the stack ends.
    ///
    /// # Errors
    /// When the folders cannot be watched.
    pub async fn run(self) -> Result<()> {
        let (watcher, mut saved) = watch_sources(&self.settings.root)?;
        while saved.recv().await.is_some() {
            loop {
                sleep(DEBOUNCE).await;
                let mut more = false;
                while saved.try_recv().is_ok() {
                    more = true;
                }
                if !more {
                    break;
                }
            }
            self.rebuild().await;
        }
        drop(watcher);
        Ok(())
    }

    async fn rebuild(&self) {
        let before = self.stamps();
        let start = Instant::now();
        println!("local: a file was saved, building");
        match build(&self.settings).await {
            Ok(()) => {
                let changed = self.reload(&before);
                let took = start.elapsed().as_secs_f64();
                let names = if changed.is_empty() { "nothing".into() } else { changed.join(", ") };
                println!("local: built in {took:.1} s, restarted {names}");
            }
            Err(error) => eprintln!("{error:#}\nlocal: the build failed, the old functions go on"),
        }
    }

    /// Restarts what has a new binary or new settings; answers its names.
    fn reload(&self, before: &Stamps) -> Vec<String> {
        let old = Arc::clone(&self.template.borrow());
        match self.settings.template() {
            Ok(new) if new != *old => {
                self.runtime.load(&new.functions);
                self.api.send_replace(Arc::new(Api::new(&new)));
                self.template.send_replace(Arc::new(new));
                self.schedules.start();
            }
            Ok(_) => {}
            Err(error) => eprintln!("local: {error:#}; the template as it was goes on"),
        }
        let (now, current) = (self.stamps(), Arc::clone(&self.template.borrow()));
        let mut changed = Vec::new();
        for function in &current.functions {
            let name = &function.name;
            if now.get(name) != before.get(name) || old.function(name) != Some(function) {
                self.runtime.restart(name);
                changed.push(name.clone());
            }
        }
        changed
    }

    fn stamps(&self) -> Stamps {
        let template = Arc::clone(&self.template.borrow());
        let stamp = |name: &String| {
            let data = std::fs::metadata(self.settings.binaries.join(name)).ok()?;
            Some((data.modified().ok()?, data.len()))
        };
        template.functions.iter().map(|f| (f.name.clone(), stamp(&f.name))).collect()
    }
}

fn watch_sources(root: &Path) -> Result<(RecommendedWatcher, UnboundedReceiver<()>)> {
    let (saved, receiver) = unbounded_channel();
    let template = root.join("template.yaml");
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if let Ok(event) = event
            && !matches!(event.kind, EventKind::Access(_))
            && event.paths.iter().any(|path| is_source(path, &template))
        {
            let _ = saved.send(());
        }
    })?;
    for folder in ["functions", "shared"] {
        let folder = root.join(folder);
        watcher.watch(&folder, RecursiveMode::Recursive).with_context(|| {
            format!("{} cannot be watched (WATCH=0 does without)", folder.display())
        })?;
    }
    // The folder and not the file: editors replace files, and a replaced file is not followed.
    watcher.watch(root, RecursiveMode::NonRecursive).context("the folder cannot be watched")?;
    Ok((watcher, receiver))
}

fn is_source(path: &Path, template: &PathBuf) -> bool {
    if path.parent() == template.parent() {
        return path == template;
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("rs" | "toml" | "html" | "txt"))
}

async fn build(settings: &Settings) -> Result<()> {
    let mut command = Command::new("cargo");
    let color = if std::io::stderr().is_terminal() { "always" } else { "never" };
    command.args(["build", "--workspace", "--quiet", "--color", color]);
    if settings.release() {
        command.arg("--release");
    }
    let command = command.current_dir(&settings.root).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.context("cargo does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}", said.trim_end());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_from_what_editors_leave() {
        let template = PathBuf::from("/r/template.yaml");
        for (path, expected) in [
            ("/r/template.yaml", true),
            ("/r/Cargo.toml", false),
            ("/r/functions/auth/src/lib.rs", true),
            ("/r/shared/templates/otp.html", true),
            ("/r/functions/auth/src/.lib.rs.swp", false),
        ] {
            assert_eq!(is_source(Path::new(path), &template), expected, "{path}");
        }
    }
}
