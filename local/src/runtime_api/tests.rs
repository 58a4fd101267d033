//! A function of a few lines of Python under the runtime API, real processes and all.

use std::{path::Path, sync::Arc};

use super::*;
use crate::{backing::listen, environment::Environment, process::Processes, template::Event};

/// Does what its event says: sleeps, waits until so many have left a file in a folder, exits, fails, or
/// answers its process id and the event.
const FUNCTION: &str = r#"
import json, os, sys, time, urllib.request as http
api = os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime"
opener = http.build_opener(http.ProxyHandler({}))
def post(path, value):
    opener.open(http.Request(api + path, json.dumps(value).encode(), method="POST"))
if os.environ.get("BROKEN") == "yes":
    post("/init/error", {"errorType": "Config", "errorMessage": "MONGODB_URI is missing"})
    sys.exit(1)
while True:
    with opener.open(api + "/invocation/next") as work:
        event, headers = json.load(work), {k.lower(): v for k, v in work.headers.items()}
    at = "/invocation/" + headers["lambda-runtime-aws-request-id"]
    if "exit" in event: sys.exit(event["exit"])
    time.sleep(event.get("sleep", 0))
    if "meets" in event:
        folder, number = event["meets"]
        open(os.path.join(folder, str(os.getpid())), "w").close()
        while len(os.listdir(folder)) < number: time.sleep(0.01)
    left = int(headers["lambda-runtime-deadline-ms"]) / 1000 - time.time()
    if "fail" in event: post(at + "/error", {"errorType": "Asked", "errorMessage": "to fail"})
    else: post(at + "/response", {"pid": os.getpid(), "event": event, "left": left})
"#;

struct World {
    api: Arc<RuntimeApi>,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

async fn world(broken: &str) -> World {
    world_within(broken, 20).await
}

async fn world_within(broken: &str, seconds: u64) -> World {
    let folder = tempfile::tempdir().unwrap();
    write_function(&folder.path().join("echo"));
    let logs = Logs::new(folder.path(), false);
    let (listener, _) = listen().await.unwrap();
    let address = listener.local_addr().unwrap();
    let launcher = Launcher {
        processes: Processes::new(None, logs.clone()),
        binaries: folder.path().to_owned(),
        environment: Environment::default(),
        address,
        concurrency: 2,
    };
    let api = Arc::new(RuntimeApi::new(launcher, logs));
    api.load(&[Function {
        logical_id: "EchoFunction".into(),
        name: "echo".into(),
        timeout: Duration::from_secs(seconds),
        memory: 128,
        environment: BTreeMap::from([("BROKEN".into(), broken.into())]),
        logging: None,
        events: vec![Event::Http { method: "GET".into(), path: "/".into() }],
    }]);
    tokio::spawn(Arc::clone(&api).serve(listener));
    World { api, address, folder }
}

fn write_function(file: &Path) {
    let python = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    let python = String::from_utf8(python.stdout).unwrap();
    let source = file.with_extension("py");
    std::fs::write(&source, format!("#!{}\n{FUNCTION}", python.trim())).unwrap();
    // Another process writes the program: while this one has it open for writing, a child that
    // another test forks has too, and a file being written cannot be executed.
    let install =
        std::process::Command::new("install").args(["-m", "755"]).arg(source).arg(file).status();
    assert!(install.unwrap().success());
}

impl World {
    async fn invoke(&self, event: Value) -> Outcome {
        self.api.invoke("echo", Bytes::from(event.to_string()), "").await.unwrap()
    }

    async fn answer(&self, event: Value) -> Value {
        match self.invoke(event).await {
            Outcome::Success(body) => serde_json::from_slice(&body).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn error(&self, event: Value) -> Value {
        match self.invoke(event).await {
            Outcome::Error(body) => serde_json::from_slice(&body).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_process_answers_one_invocation_after_the_other_with_a_real_deadline() {
    let world = world("no").await;
    let first = world.answer(json!({"n": 1})).await;
    let second = world.answer(json!({"n": 2})).await;
    assert_eq!(first["pid"], second["pid"]);
    assert_eq!(second["event"], json!({"n": 2}));
    let left = second["left"].as_f64().unwrap();
    assert!(left > 0.0 && left <= 20.0, "{left}");
}

#[tokio::test]
async fn as_many_processes_as_allowed_run_at_once_and_the_rest_queues() {
    let world = world("no").await;
    // None is answered before two have begun.
    let folder = tempfile::tempdir().unwrap();
    let calls = (0..6).map(|_| world.answer(json!({"meets": [folder.path(), 2]})));
    let answers = futures_util::future::join_all(calls).await;
    let pids: std::collections::BTreeSet<i64> =
        answers.iter().map(|answer| answer["pid"].as_i64().unwrap()).collect();
    assert_eq!(pids.len(), 2);
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_the_next_gets_a_new_process() {
    let world = world_within("no", 3).await;
    let before = world.answer(json!({})).await;
    let error = world.error(json!({"sleep": 30})).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Task timed out after 3.00 seconds"), "{message}");
    assert_ne!(world.answer(json!({})).await["pid"], before["pid"]);
}

#[tokio::test]
async fn an_exit_and_a_failure_are_errors_and_only_the_exit_costs_the_process() {
    let world = world("no").await;
    let before = world.answer(json!({})).await;
    assert_eq!(world.error(json!({"fail": 1})).await["errorType"], "Asked");
    assert_eq!(world.answer(json!({})).await["pid"], before["pid"]);
    let error = world.error(json!({"exit": 3})).await;
    assert_eq!(error["errorType"], "Runtime.ExitError");
    assert!(error["errorMessage"].as_str().unwrap().contains("exit status: 3"));
    assert_ne!(world.answer(json!({})).await["pid"], before["pid"]);
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why() {
    let world = world("yes").await;
    assert_eq!(world.error(json!({})).await["errorMessage"], "MONGODB_URI is missing");
}

#[tokio::test]
async fn a_restart_lets_running_work_end_and_replaces_the_process() {
    let world = world("no").await;
    let before = world.answer(json!({})).await["pid"].clone();
    let folder = tempfile::tempdir().unwrap();
    let (running, ()) = tokio::join!(world.answer(json!({"meets": [folder.path(), 2]})), async {
        while std::fs::read_dir(folder.path()).unwrap().next().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        world.api.restart("echo");
        std::fs::write(folder.path().join("restarted"), "").unwrap();
    });
    assert_eq!(running["pid"], before);
    assert_ne!(world.answer(json!({})).await["pid"], before);
}

#[tokio::test]
async fn an_event_that_fails_three_times_becomes_a_dead_letter() {
    let world = world("no").await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/2015-03-31/functions/EchoFunction/invocations", world.address);
    let call = http.post(&url).header("x-amz-invocation-type", "Event").body(r#"{"fail":1}"#);
    assert_eq!(call.send().await.unwrap().status(), 202);
    let file = world.folder.path().join("dead-letters.log");
    for _ in 0..600 {
        if file.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let letter: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(letter["event"], json!({"fail": 1}));
}

#[tokio::test]
async fn invoke_answers_as_lambda_does() {
    let world = world("no").await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("http://{}/2015-03-31/functions", world.address);
    let call = |name: &str, body: &'static str| {
        http.post(format!("{base}/{name}/invocations")).body(body).send()
    };
    let failed = call("echo", r#"{"fail":1}"#).await.unwrap();
    assert_eq!(failed.status(), 200);
    assert_eq!(failed.headers()["x-amz-function-error"], "Unhandled");
    assert_eq!(call("other", "{}").await.unwrap().status(), 404);
    assert_eq!(call("echo", "{").await.unwrap().status(), 400);
    let event: Value = call("echo", "").await.unwrap().json().await.unwrap();
    assert_eq!(event["event"], json!({}));
}
