//! The processes of one function, and the queue before them.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::oneshot, time::sleep};

use super::{
    Outcome, RuntimeApi,
    state::{Delivery, Job, Phase, State, Worker},
};
use crate::{
    chance,
    environment::Environment,
    process::{Launch, Processes, Running},
    template::Function,
};

/// Lambda allows ten seconds of initialisation; a debug build on a busy machine gets more.
const INIT_LIMIT: Duration = Duration::from_secs(20);

/// How function processes are started.
#[derive(Debug)]
pub struct Launcher {
    /// All processes of the stack.
    pub processes: Processes,
    /// The folder of the binaries.
    pub binaries: PathBuf,
    /// What their environment is made of.
    pub environment: Environment,
    /// Where the runtime API listens.
    pub address: SocketAddr,
    /// At most this many processes of one function; of one behind events four, if this is less.
    pub concurrency: usize,
}

/// One function.
#[derive(Debug)]
pub struct Pool {
    function: RwLock<Arc<Function>>,
    launcher: Arc<Launcher>,
    state: Mutex<State>,
}

impl Pool {
    pub(super) fn new(function: Function, launcher: Arc<Launcher>) -> Arc<Self> {
        let function = RwLock::new(Arc::new(function));
        Arc::new(Self { function, launcher, state: Mutex::default() })
    }

    /// The function as the template has it now.
    pub fn function(&self) -> Arc<Function> {
        Arc::clone(&self.function.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn configure(&self, function: Function) {
        *self.function.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(function);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A function behind events has its schedules and who invokes it: a mail with a code does not
    /// wait until two long jobs are done.
    fn limit(&self) -> usize {
        let least = if self.function().is_http() { 1 } else { 4 };
        self.launcher.concurrency.max(least)
    }

    /// Runs one invocation; answers its request id with its end. The work goes on when the caller
    /// goes away, as in Lambda.
    pub async fn invoke(
        self: &Arc<Self>,
        payload: Bytes,
        trace: &str,
        patience: Duration,
    ) -> (String, Outcome) {
        let id = chance::uuid();
        if payload.len() > super::PAYLOAD_LIMIT {
            let message = format!("{} byte payload is too large", payload.len());
            return (id, Outcome::error("RequestEntityTooLargeException", &message));
        }
        let (reply, mut answer) = oneshot::channel();
        let trace = match trace {
            "" => chance::trace(Timestamp::now().as_second()),
            given => given.to_owned(),
        };
        let job = Job { id: id.clone(), payload, trace, reply };
        self.enqueue(job);
        let outcome = tokio::select! {
            outcome = &mut answer => outcome,
            () = sleep(patience) => {
                if self.withdraw(&id) {
                    return (id, Outcome::Throttled);
                }
                answer.await
            }
        };
        let lost = || Outcome::error("Runtime.Unknown", "The invocation was lost");
        (id, outcome.unwrap_or_else(|_| lost()))
    }

    fn enqueue(self: &Arc<Self>, job: Job) {
        let mut state = self.state();
        state.queue.push_back(job);
        self.pump(&mut state);
    }

    /// Takes an invocation out of the queue; not when it runs already.
    fn withdraw(&self, id: &str) -> bool {
        let mut state = self.state();
        let before = state.queue.len();
        state.queue.retain(|job| job.id != id);
        state.queue.len() < before
    }

    /// Gives work to those who wait for it, and starts processes for what is left.
    fn pump(self: &Arc<Self>, state: &mut State) {
        while let Some(idle) = state.idle() {
            let Some(job) = state.queue.pop_front() else {
                return;
            };
            self.deliver(state, idle, job);
        }
        for _ in 0..state.wanted(self.limit()) {
            self.start(state);
        }
    }

    fn deliver(self: &Arc<Self>, state: &mut State, worker: u64, job: Job) {
        let function = self.function();
        let Some(entry) = state.workers.get_mut(&worker) else {
            state.queue.push_front(job);
            return;
        };
        let Job { id, payload, trace, reply } = job;
        let limit = SignedDuration::try_from(function.timeout).unwrap_or(SignedDuration::MAX);
        let deadline_ms = (Timestamp::now() + limit).as_millisecond();
        let delivery =
            Delivery { id: id.clone(), payload, trace, arn: function.arn(), deadline_ms };
        let timer = tokio::spawn(Arc::clone(self).watch(worker, id.clone(), function.timeout));
        let busy = Phase::Busy { id, reply: Some(reply), timer: timer.abort_handle() };
        let Phase::Idle(parked) = std::mem::replace(&mut entry.phase, busy) else {
            return;
        };
        let Err(Delivery { payload, trace, .. }) = parked.send(delivery) else {
            return;
        };
        // Its connection is gone, so the process is, or soon will be: take the work back.
        entry.retired = true;
        entry.process.kill();
        let lost = std::mem::replace(&mut entry.phase, Phase::Starting);
        if let Phase::Busy { id, reply: Some(reply), timer } = lost {
            timer.abort();
            state.queue.push_front(Job { id, payload, trace, reply });
        }
    }

    async fn watch(self: Arc<Self>, worker: u64, id: String, limit: Duration) {
        sleep(limit).await;
        let seconds = limit.as_secs_f64();
        let message = format!("RequestId: {id} Error: Task timed out after {seconds:.2} seconds");
        eprintln!("local: {}: {message}", self.function().name);
        let mut state = self.state();
        if state.finish(worker, &id, Outcome::error("Sandbox.Timedout", &message))
            && let Some(worker) = state.workers.get_mut(&worker)
        {
            worker.retired = true;
            worker.process.kill();
        }
    }

    fn start(self: &Arc<Self>, state: &mut State) {
        state.last += 1;
        let number = state.last;
        match self.launch(number) {
            Ok(process) => {
                let phase = Phase::Starting;
                let worker =
                    Worker { process: process.clone(), phase, retired: false, init_error: None };
                state.workers.insert(number, worker);
                tokio::spawn(Arc::clone(self).attend(number, process));
            }
            Err(error) => {
                eprintln!("local: {error:#}");
                let message = format!("{error:#}");
                for job in state.queue.drain(..) {
                    let _ = job.reply.send(Outcome::error("Runtime.InvalidEntrypoint", &message));
                }
            }
        }
    }

    fn launch(&self, number: u64) -> anyhow::Result<Running> {
        let (function, launcher) = (self.function(), &self.launcher);
        let program = launcher.binaries.join(&function.name);
        anyhow::ensure!(
            program.exists(),
            "{} is not built: cargo build --workspace",
            program.display()
        );
        let base = RuntimeApi::base(launcher.address, &function.name, number);
        launcher.processes.start(&Launch {
            name: function.name.clone(),
            program,
            args: Vec::new(),
            environment: launcher.environment.of(&function, &base),
            clean: true,
            on_terminal: true,
        })
    }

    /// Sees a process through to its end.
    async fn attend(self: Arc<Self>, number: u64, process: Running) {
        let status = tokio::select! {
            status = process.exited() => status,
            () = sleep(INIT_LIMIT) => {
                let starting = self.state().workers.get(&number)
                    .is_some_and(|worker| matches!(worker.phase, Phase::Starting));
                if starting {
                    process.kill();
                }
                process.exited().await
            }
        };
        self.bury(number, status);
    }

    fn bury(self: &Arc<Self>, number: u64, status: ExitStatus) {
        let mut state = self.state();
        let Some(worker) = state.workers.remove(&number) else {
            return;
        };
        match worker.phase {
            Phase::Busy { id, reply: Some(reply), timer } => {
                timer.abort();
                let message = format!("RequestId: {id} Error: Runtime exited with error: {status}");
                let _ = reply.send(Outcome::error("Runtime.ExitError", &message));
            }
            Phase::Starting if !worker.retired => {
                // It did not come up: whoever waited longest is told, so that a function that
                // cannot start answers with an error and does not loop.
                let message = format!("Runtime exited during initialisation: {status}");
                eprintln!("local: {}: {message}", self.function().name);
                let outcome = worker
                    .init_error
                    .map_or_else(|| Outcome::error("Runtime.ExitError", &message), Outcome::Error);
                if let Some(job) = state.queue.pop_front() {
                    let _ = job.reply.send(outcome);
                }
            }
            _ => {}
        }
        self.pump(&mut state);
    }

    /// Has one process ready before the first invocation.
    pub(super) fn warm(self: &Arc<Self>) {
        let mut state = self.state();
        if state.workers.values().all(|worker| worker.retired) {
            self.start(&mut state);
        }
    }

    /// Replaces all processes: those at work end after it, the others at once.
    pub(super) fn restart(&self) {
        for worker in self.state().workers.values_mut() {
            worker.retired = true;
            if !matches!(worker.phase, Phase::Busy { reply: Some(_), .. }) {
                worker.process.kill();
            }
        }
    }

    /// A process asks for work. `None`: it is not, or no longer, one of ours.
    pub(super) fn park(self: &Arc<Self>, number: u64) -> Option<oneshot::Receiver<Delivery>> {
        let mut state = self.state();
        let worker = state.workers.get_mut(&number)?;
        if worker.retired {
            worker.process.kill();
            return None;
        }
        let (parked, delivery) = oneshot::channel();
        let before = std::mem::replace(&mut worker.phase, Phase::Idle(parked));
        if let Phase::Busy { reply: Some(reply), timer, .. } = before {
            timer.abort();
            let _ = reply.send(Outcome::error("Runtime.NoResponse", "No answer was posted"));
        }
        self.pump(&mut state);
        Some(delivery)
    }

    /// A process ends its invocation; `false` when it runs no such one.
    pub(super) fn finish(&self, number: u64, id: &str, outcome: Outcome) -> bool {
        self.state().finish(number, id, outcome)
    }

    pub(super) fn init_failed(&self, number: u64, document: Bytes) {
        if let Some(worker) = self.state().workers.get_mut(&number) {
            worker.init_error = Some(document);
        }
    }
}
