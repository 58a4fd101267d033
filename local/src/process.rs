//! Child processes that cannot outlive the stack.
//!
//! Every child leads a process group of its own, so that a Ctrl-C in the terminal reaches only the
//! supervisor, which then takes the children down in order. On Linux each is started through a
//! trampoline (this same binary, `__child`) that asks the kernel to kill it should the supervisor
//! be killed in a way it cannot catch.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::Command,
    sync::watch,
    time::{Instant, sleep},
};

use crate::logs::Logs;

/// The first argument that makes this binary a trampoline.
pub const TRAMPOLINE: &str = "__child";

/// What to start, and with what.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The name of its log file, and its prefix on the terminal.
    pub name: String,
    /// The program: a path, or a name looked up on `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables to set.
    pub environment: Vec<(String, String)>,
    /// Start from an empty environment, as Lambda does, and not from the supervisor's.
    pub clean: bool,
    /// Warnings and errors go to the terminal too.
    pub on_terminal: bool,
}

/// One started process.
#[derive(Debug, Clone)]
pub struct Running {
    pid: u32,
    exit: watch::Receiver<Option<ExitStatus>>,
    all: Processes,
}

/// All processes of one stack.
#[derive(Debug, Clone)]
pub struct Processes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    trampoline: Option<PathBuf>,
    logs: Logs,
    live: Mutex<Live>,
}

#[derive(Debug, Default)]
struct Live {
    closing: bool,
    names: BTreeMap<u32, String>,
}

impl Processes {
    /// An empty set. `trampoline` is the `local` binary itself; without it (in unit tests) children
    /// are started directly.
    pub fn new(trampoline: Option<PathBuf>, logs: Logs) -> Self {
        Self(Arc::new(Inner { trampoline, logs, live: Mutex::default() }))
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process, its output going to the logs.
    ///
    /// # Errors
    /// When the program cannot be started, or the stack is already going down.
    pub fn start(&self, launch: &Launch) -> Result<Running> {
        let mut command = self.command(launch);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.run(command, launch)
    }

    /// Starts a process whose output is the supervisor's own: the command of `local exec`.
    ///
    /// # Errors
    /// As for [`Processes::start`].
    pub fn start_attached(&self, launch: &Launch) -> Result<Running> {
        let mut command = self.command(launch);
        command.stdin(Stdio::null());
        self.run(command, launch)
    }

    fn command(&self, launch: &Launch) -> Command {
        let mut command = match &self.0.trampoline {
            Some(own) => {
                let mut command = Command::new(own);
                command.arg(TRAMPOLINE).arg(&launch.program);
                command
            }
            None => Command::new(&launch.program),
        };
        if launch.clean {
            command.env_clear();
        }
        command
            .args(&launch.args)
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    fn run(&self, mut command: Command, launch: &Launch) -> Result<Running> {
        let mut live = self.live();
        if live.closing {
            bail!("the stack is going down");
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("{} does not start", launch.program.display()))?;
        let pid = child.id().context("a process ended before it began")?;
        live.names.insert(pid, launch.name.clone());
        drop(live);
        if let Some(out) = child.stdout.take() {
            self.0.logs.follow(&launch.name, launch.on_terminal, out);
        }
        if let Some(err) = child.stderr.take() {
            self.0.logs.follow(&launch.name, launch.on_terminal, err);
        }
        let (tell, exit) = watch::channel(None);
        let all = self.clone();
        tokio::spawn(async move {
            let status = child.wait().await.unwrap_or_default();
            // What it left behind in its group goes with it.
            signal(pid, Signal::KILL);
            all.live().names.remove(&pid);
            tell.send_replace(Some(status));
        });
        Ok(Running { pid, exit, all: self.clone() })
    }

    /// Whether the stack is going down.
    pub fn closing(&self) -> bool {
        self.live().closing
    }

    /// Ends everything: asks first, and insists after `grace`. Nothing can be started afterwards.
    pub async fn stop(&self, grace: Duration) {
        let pids: Vec<u32> = {
            let mut live = self.live();
            live.closing = true;
            live.names.keys().copied().collect()
        };
        for pid in pids {
            signal(pid, Signal::TERM);
        }
        if !self.empty_within(grace).await {
            let left: Vec<u32> = self.live().names.keys().copied().collect();
            for pid in left {
                signal(pid, Signal::KILL);
            }
            self.empty_within(Duration::from_secs(5)).await;
        }
    }

    async fn empty_within(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if self.live().names.is_empty() {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.live().names.is_empty()
    }
}

impl Running {
    /// Kills it and its group at once.
    pub fn kill(&self) {
        self.send(Signal::KILL);
    }

    /// Sends a signal to its group, unless it has ended.
    pub fn send(&self, which: Signal) {
        if self.all.live().names.contains_key(&self.pid) {
            signal(self.pid, which);
        }
    }

    /// Its exit status, if it has ended.
    pub fn ended(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits for its end.
    pub async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(status) => (*status).unwrap_or_default(),
            Err(_) => ExitStatus::default(),
        }
    }
}

/// A group that is gone already is no error.
fn signal(pid: u32, which: Signal) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, which);
    }
}

/// The trampoline: becomes `program`, bound to die with its parent. Returns only on failure.
pub fn become_child(program: &str, args: &[String]) -> std::io::Error {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    std::os::unix::process::CommandExt::exec(std::process::Command::new(program).args(args))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(script: &str) -> Launch {
        Launch {
            name: "sh".into(),
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            environment: vec![("GREETING".into(), "hello".into())],
            clean: true,
            on_terminal: false,
        }
    }

    #[tokio::test]
    async fn a_clean_environment_holds_only_what_was_set() {
        let folder = tempfile::tempdir().unwrap();
        let processes = Processes::new(None, Logs::new(folder.path(), false));
        let run = processes.start(&launch("test -z \"$HOME\" && echo $GREETING; exit 3")).unwrap();
        assert_eq!(run.exited().await.code(), Some(3));
        // What it said is copied by a task of its own.
        let log = || std::fs::read_to_string(folder.path().join("sh.log")).unwrap_or_default();
        for _ in 0..3000 {
            if log().ends_with('\n') {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(log(), "hello\n");
    }

    #[tokio::test]
    async fn stopping_takes_the_whole_group_and_insists() {
        let folder = tempfile::tempdir().unwrap();
        let processes = Processes::new(None, Logs::new(folder.path(), false));
        let run = processes.start(&launch("trap '' TERM; sleep 60 & sleep 60; sleep 60")).unwrap();
        sleep(Duration::from_millis(100)).await;
        processes.stop(Duration::from_millis(200)).await;
        assert!(run.ended().is_some());
        assert!(processes.start(&launch("true")).is_err());
    }
}
