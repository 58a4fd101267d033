//! A stack of one's own, or the one most tests share.

use std::{
    fs::File,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tests::seeded;

use crate::process::{descendants, signal, signal_group, wait_until};

/// How long a stack may take to come up on a busy machine.
const START: Duration = Duration::from_secs(90);
/// How long it may take to go down.
const STOP: Duration = Duration::from_secs(20);
/// What of a developer's environment would point a stack elsewhere.
const FOREIGN: [&str; 15] = [
    "ALLOWED_ORIGIN",
    "MONGODB_URI",
    "MONGODB_DATABASE",
    "UPSTASH_REDIS_REST_URL",
    "UPSTASH_REDIS_REST_TOKEN",
    "RAZORPAY_KEY_ID",
    "RAZORPAY_KEY_SECRET",
    "RAZORPAY_WEBHOOK_SECRET",
    "IMPORT_BUCKET",
    "AUTH_REQUESTS_PER_MINUTE",
    "OTP_RESEND_SECONDS",
    "OTP_PER_HOUR",
    "HOLD_SECONDS",
    "SEED",
    "LOG",
];

/// The folder of the built binaries: the tests' own are in `deps` below it.
pub(crate) fn binaries() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().nth(2).unwrap().to_owned();
    let built = folder.join("local").is_file();
    assert!(built, "{} is not built: cargo build --workspace", folder.join("local").display());
    folder
}

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `local run`, ready to be started in a folder.
pub(crate) fn command(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binaries().join("local"));
    command.arg("run").current_dir(root()).stdin(Stdio::null()).process_group(0);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.env("STACK_DIR", folder).env("PORT", "0").env("WATCH", "0").env("CONCURRENCY", "4");
    command.envs(settings.iter().copied());
    command
}

/// A running stack. It goes down with this value.
#[derive(Debug)]
pub(crate) struct Stack {
    child: Child,
    folder: PathBuf,
    file: Value,
}

impl Stack {
    /// Starts one in a folder and waits until it is up.
    pub(crate) fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        keep_logs(folder);
        let output = folder.join("output.log");
        let log = File::create(&output).unwrap();
        let mut child =
            command(folder, settings).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let file = folder.join("stack.json");
        wait_until("the stack is up", START, || {
            if let Some(status) = child.try_wait().unwrap() {
                let said = std::fs::read_to_string(&output).unwrap_or_default();
                panic!("the stack ended ({status}):\n{said}");
            }
            file.is_file()
        });
        let file = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        // Its demonstration's people are in it, and its secrets.
        seeded::note_body(&file);
        Self { child, folder: folder.to_owned(), file }
    }

    /// The stack's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A member of `stack.json`.
    pub(crate) fn at(&self, pointer: &str) -> &str {
        let member = self.file.pointer(pointer).and_then(Value::as_str);
        member.unwrap_or_else(|| panic!("stack.json has no {pointer}"))
    }

    /// The log of a function.
    pub(crate) fn log(&self, function: &str) -> String {
        let file = self.folder.join(format!("logs/{function}.log"));
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// Its supervisor.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends one of its servers as a crash would.
    pub(crate) fn crash(&self, named: &[&str]) {
        let is_it = |pid: &u32| {
            let line = crate::process::command(*pid);
            named.iter().any(|name| line.contains(name))
        };
        let found: Vec<u32> = descendants(self.pid()).into_iter().filter(is_it).collect();
        assert!(!found.is_empty(), "{named:?} does not run");
        for pid in &found {
            signal(*pid, Signal::KILL);
        }
        wait_until("it is gone", STOP, || !found.iter().any(|pid| crate::process::lives(*pid)));
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn end(&mut self) -> ExitStatus {
        signal(self.pid(), Signal::TERM);
        let mut status = None;
        wait_until("the stack is down", STOP, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if std::thread::panicking() {
            // Its children die with it; nobody waits for a tidy end any more.
            signal_group(self.pid(), Signal::KILL);
            let _dead = self.child.wait();
        } else {
            self.end();
        }
    }
}

/// Has a stack that is about to start log where the search at the end of the run finds it.
fn keep_logs(folder: &Path) {
    let (Some(kept), logs) = (seeded::folder(), folder.join("logs")) else { return };
    if logs.exists() {
        return;
    }
    let kept = tempfile::Builder::new().prefix("stack-").tempdir_in(kept).unwrap().keep();
    std::os::unix::fs::symlink(kept, logs).unwrap();
}

/// A folder for a stack.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("mediconnect-lambda-").tempdir().unwrap()
}

/// The stack most tests share, started by the first that wants it, with what `events/` takes for
/// granted.
pub(crate) fn shared() -> &'static Stack {
    static SHARED: OnceLock<(Stack, Child)> = OnceLock::new();
    let (stack, _) = SHARED.get_or_init(|| {
        let folder = folder().keep();
        let settings = [
            ("ADMIN_PASSWORD", "sample-password-of-events-2026"),
            ("RAZORPAY_WEBHOOK_SECRET", "sample-webhook-secret-of-events-0001"),
        ];
        let stack = Stack::start(&folder, &settings);
        let watch = end_with_this_process(stack.pid(), &folder);
        (stack, watch)
    });
    stack
}

/// A value that lives to the end of the process is never dropped. So a shell waits for the end of
/// this process, at the other end of a pipe, and takes the stack down then, however that end came.
/// It does not wait for ever: nobody may be there to bury the dead.
fn end_with_this_process(stack: u32, folder: &Path) -> Child {
    let script = r#"
        cat >/dev/null
        kill -TERM "$0"
        for _ in $(seq 200); do kill -0 "$0" 2>/dev/null || break; sleep 0.1; done
        rm -rf -- "$1""#;
    Command::new("sh")
        .args(["-c", script, &stack.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}
