//! A process of its own, so that what is measured is its cost and nobody else's.

use std::{
    io::{BufRead as _, BufReader, Write as _},
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

/// A program of the release build, which lies beside this one's.
pub(crate) fn released(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    let builds = own.ancestors().nth(2).expect("it lies in a build's folder");
    builds.join("release").join(name)
}

/// A process that ends with this value.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts a program with these arguments, in this environment and no other.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let started = command.spawn();
        Self(
            started.unwrap_or_else(|error| panic!("{} does not start: {error}", program.display())),
        )
    }

    /// Tells a reference to begin, and waits until it says that it is done.
    pub(crate) fn runs(&mut self) {
        let to = self.0.stdin.as_mut().expect("it is there");
        to.write_all(b"go\n").expect("it listens");
        let from = self.0.stdout.as_mut().expect("it is there");
        let mut line = String::new();
        BufReader::new(from).read_line(&mut line).expect("it speaks");
        assert_eq!(line, "done\n", "the reference ended by itself");
    }

    /// What it has used so far.
    pub(crate) fn cost(&self) -> Cost {
        Cost { cpu: cpu(&self.read("stat")), peak: mebibytes(&self.read("status"), "VmHWM:") }
    }

    /// Milliseconds it has been on a CPU so far, all its threads together (`/proc/PID/schedstat`
    /// counts nanoseconds where `stat` counts hundredths of a second).
    pub(crate) fn on_cpu(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).expect("it is there");
        let spent = tasks.filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        });
        spent.sum::<f64>() / 1e6
    }

    /// What memory it has now, in MiB.
    pub(crate) fn resident(&self) -> f64 {
        mebibytes(&self.read("status"), "VmRSS:")
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.0.id())).expect("it is there")
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

/// A line of `/proc/PID/status`, which is in kB.
fn mebibytes(status: &str, name: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kilobytes: f64 = line.split_whitespace().next().unwrap_or_default().parse().unwrap_or(0.0);
    kilobytes / 1024.0
}
