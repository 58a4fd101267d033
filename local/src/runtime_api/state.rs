//! What a pool knows at one moment. Nothing here waits or starts anything.

use std::collections::{BTreeMap, VecDeque};

use axum::body::Bytes;
use tokio::{sync::oneshot, task::AbortHandle};

use super::Outcome;
use crate::process::Running;

/// An invocation on its way to a process.
#[derive(Debug)]
pub(super) struct Job {
    /// The request id.
    pub(super) id: String,
    pub(super) payload: Bytes,
    pub(super) trace: String,
    /// Who waits; nobody may.
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// What a process gets from `next`.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) payload: Bytes,
    pub(super) trace: String,
    pub(super) arn: String,
    /// Milliseconds since 1970.
    pub(super) deadline_ms: i64,
}

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Running,
    pub(super) phase: Phase,
    /// To be replaced: it ends after what it is doing.
    pub(super) retired: bool,
    /// What it said in `init/error`.
    pub(super) init_error: Option<Bytes>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Has not asked for work yet.
    Starting,
    /// Waits in `next`.
    Idle(oneshot::Sender<Delivery>),
    /// Runs one invocation, under a timer.
    Busy { id: String, reply: Option<oneshot::Sender<Outcome>>, timer: AbortHandle },
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Job>,
    pub(super) workers: BTreeMap<u64, Worker>,
    pub(super) last: u64,
}

impl State {
    /// A process that waits for work; the longest-lived first, as Lambda prefers a warm one.
    pub(super) fn idle(&self) -> Option<u64> {
        let free = |worker: &Worker| !worker.retired && matches!(worker.phase, Phase::Idle(_));
        self.workers.iter().find(|(_, worker)| free(worker)).map(|(id, _)| *id)
    }

    /// How many processes to start so that the queue is served within `limit`.
    pub(super) fn wanted(&self, limit: usize) -> usize {
        let current = self.workers.values().filter(|worker| !worker.retired);
        let starting =
            current.clone().filter(|worker| matches!(worker.phase, Phase::Starting)).count();
        let room = limit.saturating_sub(current.count());
        self.queue.len().saturating_sub(starting).min(room)
    }

    /// Ends the invocation a process is running, if it is that one.
    pub(super) fn finish(&mut self, worker: u64, id: &str, outcome: Outcome) -> bool {
        let Some(worker) = self.workers.get_mut(&worker) else {
            return false;
        };
        match &mut worker.phase {
            Phase::Busy { id: running, reply, timer } if running == id => {
                timer.abort();
                let Some(reply) = reply.take() else {
                    return false;
                };
                let _ = reply.send(outcome);
                true
            }
            _ => false,
        }
    }
}
