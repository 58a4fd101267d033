//! Jobs of `scheduled` that somebody has just given work.

use super::{Core, Environment};
use crate::outbound::{Dispatcher, Invocation};
use serde_json::json;

/// Has `scheduled` run a job at once, by itself. Should that fail, its schedule runs it.
#[derive(Debug, Clone)]
pub struct Jobs(Dispatcher);

impl Jobs {
    /// Reads who runs jobs: whoever sends the mails.
    pub fn configure(env: &mut Environment) -> Self {
        Self(Dispatcher::configure(env, "MAIL_FUNCTION"))
    }

    /// Has a job run.
    pub async fn start(&self, core: &Core, job: &'static str) {
        let event = json!({ "job": job });
        if let Err(error) = self.0.invoke(&event, Invocation::Asynchronous, core.clock.now()).await
        {
            tracing::warn!(%error, job, dependency = "Lambda", "a job waits for its schedule");
        }
    }
}
