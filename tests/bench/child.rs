//! A process of its own, so that what is measured is its cost and nobody else's.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Seconds of CPU, its own and the kernel's for it.
    pub(crate) cpu: f64,
    /// The most memory it had at once, in MiB.
    pub(crate) peak: f64,
}

/// A program beside this one.
pub(crate) fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    own.with_file_name(name)
}

/// A process that ends with this value.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts a program with these arguments, in this environment and no other.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        let started = command.spawn();
        Self(
            started.unwrap_or_else(|error| panic!("{} does not start: {error}", program.display())),
        )
    }

    /// What it has used so far.
    pub(crate) fn cost(&self) -> Cost {
        let read = |name: &str| {
            std::fs::read_to_string(format!("/proc/{}/{name}", self.0.id())).expect("it is there")
        };
        Cost { cpu: cpu(&read("stat")), peak: peak(&read("status")) }
    }

    /// What it has used when it is done. It stays until it is asked, for it waits to be read.
    pub(crate) fn cost_at_end(mut self, mut done: impl FnMut() -> bool) -> Cost {
        while !done() {
            let ended = self.0.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "the process ended by itself: {ended:?}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        self.cost()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already, or about to be.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Of `/proc/PID/stat`: user and system time, in hundredths (proc(5), fields 14 and 15).
fn cpu(stat: &str) -> f64 {
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> =
        after_name.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
    fields.iter().skip(11).take(2).sum::<f64>() / 100.0
}

/// Of `/proc/PID/status`: `VmHWM`, in kB.
fn peak(status: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kilobytes: f64 = line.split_whitespace().next().unwrap_or_default().parse().unwrap_or(0.0);
    kilobytes / 1024.0
}
