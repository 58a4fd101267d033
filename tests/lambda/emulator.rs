//! Every binary under AWS's own Runtime Interface Emulator, fed with the samples in `events/`. The
//! emulator comes with AWS's SAM command; `make test` puts it into `.tools`.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    events::{JOBS, cases, invoke, invoke_at, migrated, opened, token},
    process::{command, descendants, wait_until},
    stack::{Stack, binaries, folder, root},
};

/// How long the emulator may take to come up on a busy machine.
const START: Duration = Duration::from_secs(30);

/// One function under the emulator. Both go down with this value.
pub(crate) struct Emulated {
    emulator: Child,
    /// Where it is invoked.
    pub(crate) url: String,
}

impl Emulated {
    /// Starts a function with the environment its own process in a stack has, but for some changes.
    pub(crate) fn start(stack: &Stack, function: &str, changes: &[(&str, &str)]) -> Self {
        let ports = [free_port(), free_port()];
        let binary = binaries().join(function);
        let emulator = Command::new(emulator())
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{}", ports[0])])
            .args(["--runtime-api-address", &format!("127.0.0.1:{}", ports[1])])
            .arg(binary)
            .env_clear()
            .envs(environment(stack, function))
            .envs(changes.iter().copied())
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "30")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = format!("127.0.0.1:{}", ports[0]);
        wait_until("the emulator is up", START, || std::net::TcpStream::connect(&address).is_ok());
        let url = format!("http://{address}/2015-03-31/functions/function/invocations");
        Self { emulator, url }
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        for pid in descendants(self.emulator.id()) {
            crate::process::signal(pid, rustix::process::Signal::KILL);
        }
        let _gone = self.emulator.kill();
        let _dead = self.emulator.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn emulator() -> PathBuf {
    let kind = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let inside = format!("site-packages/samcli/local/rapid/aws-lambda-rie-{kind}");
    let libraries = std::fs::read_dir(root().join(".tools/emulator/lib"));
    let found = libraries.into_iter().flatten().map(|entry| entry.unwrap().path().join(&inside));
    let found = found.into_iter().find(|path| path.is_file());
    found.expect("AWS's emulator is not there; make test fetches it")
}

/// The environment of a function's process, without what leads to the runtime it is under there.
fn environment(stack: &Stack, function: &str) -> BTreeMap<String, String> {
    let binary = binaries().join(function);
    let runs = |pid: &u32| command(*pid).trim_end() == binary.to_str().unwrap();
    let pid = descendants(stack.pid()).into_iter().find(runs).expect("the function runs there");
    let raw = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let raw = String::from_utf8(raw).unwrap();
    let all = raw.split('\0').filter_map(|pair| pair.split_once('='));
    all.filter(|(name, _)| *name != "AWS_LAMBDA_RUNTIME_API")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Which function a sample is for.
fn function_of(sample: &str) -> &str {
    sample.split_once('/').unwrap().0
}

#[tokio::test]
async fn every_function_answers_its_samples_under_awss_own_emulator() {
    let folder = folder();
    let settings = [
        ("ADMIN_PASSWORD", "sample-password-of-events-2026"),
        ("RAZORPAY_WEBHOOK_SECRET", "sample-webhook-secret-of-events-0001"),
    ];
    let stack = Stack::start(folder.path(), &settings);
    let mut emulated = BTreeMap::new();
    for waking in [
        "auth/me.json",
        "users/user-read.json",
        "hospitals/health.json",
        "slots/list.json",
        "appointments/upcoming.json",
        "payments/ledger.json",
        "razorpay-webhook/payment-captured.json",
        "patient-import/test-event.json",
        "scheduled/close.json",
        "migrate/by-hand.json",
    ] {
        invoke(&stack, waking, None).await;
        let function = function_of(waking);
        emulated.insert(function, Emulated::start(&stack, function, &[]));
    }
    let ask = async |sample: &str, token: Option<&str>| -> Value {
        let answer = invoke_at(&emulated[function_of(sample)].url, sample, token).await;
        // The emulator answers 200 also where the function failed.
        assert_eq!(answer.get("errorType"), None, "{sample}: {answer}");
        answer
    };
    for (sample, role, status, pointer, expected) in cases() {
        let token = match role {
            Some(role) => Some(token(&stack, role).await),
            None => None,
        };
        let (got, body) = opened(sample, &ask(sample, token.as_deref()).await);
        assert_eq!((got, body.pointer(pointer)), (status, Some(&expected)), "{sample}: {body}");
    }
    for job in JOBS {
        let answer = ask(&format!("scheduled/{job}.json"), None).await;
        assert!(answer["settled"].is_u64(), "{job}: {answer}");
    }
    assert_eq!(ask("migrate/by-hand.json", None).await, migrated());
    for event in ["test-event", "object-created"] {
        assert_eq!(ask(&format!("patient-import/{event}.json"), None).await, json!(null));
    }
}
