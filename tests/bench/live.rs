//! The released functions as processes of their own, over the servers of a world.

use crate::{
    child::{Process, released},
    runtime_api::RuntimeApi,
};
use serde_json::Value;
use std::collections::HashMap;
use tests::{call::Call, routes, world::World};
use tokio::runtime::Runtime;

/// One instance of each function that was asked so far.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    runtime: &'a Runtime,
    environment: Vec<(String, String)>,
    started: HashMap<&'static str, (Process, RuntimeApi)>,
}

impl<'a> Live<'a> {
    /// Functions with the settings of a world and these others.
    pub(crate) fn of(runtime: &'a Runtime, world: &World, others: &[(&str, &str)]) -> Self {
        let mut environment: Vec<_> = world.settings().collect();
        environment
            .extend(others.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self { runtime, environment, started: HashMap::new() }
    }

    /// Sends a request to the function that owns its route; the status of its answer.
    pub(crate) fn call(&mut self, call: &Call) -> u64 {
        let (function, event) = event(call);
        status(&self.event(function, &event))
    }

    /// Gives a function an event; its answer.
    pub(crate) fn event(&mut self, function: &'static str, event: &str) -> String {
        let (_, api) = self.started.entry(function).or_insert_with(|| {
            let api = RuntimeApi::start(self.runtime);
            let environment = of_function(&api, function, &self.environment);
            (Process::start(&released(function), &[], &environment), api)
        });
        let answered = api.ask(event);
        assert!(answered.ok, "{function} answers: {}", answered.body);
        answered.body
    }

    /// The most memory each function had at once, in MiB.
    pub(crate) fn peaks(&self) -> Vec<(&'static str, f64)> {
        let peak = |(name, (process, _)): (&&'static str, &(Process, RuntimeApi))| {
            (*name, process.cost().peak)
        };
        let mut peaks: Vec<_> = self.started.iter().map(peak).collect();
        peaks.sort_by_key(|(name, _)| *name);
        peaks
    }

    /// The process of a function that was asked before.
    pub(crate) fn process(&self, function: &str) -> &Process {
        &self.started.get(function).expect("it was asked before").0
    }
}

/// A function's environment: the runtime's part goes before the world's.
pub(crate) fn of_function(
    api: &RuntimeApi,
    function: &str,
    world: &[(String, String)],
) -> Vec<(String, String)> {
    let mut environment = world.to_vec();
    environment.extend(api.environment(function));
    environment
}

/// The function that owns a request's route, and the event it gets.
pub(crate) fn event(call: &Call) -> (&'static str, String) {
    let (route, parameters) = routes::find(call.method, call.path()).expect("there is a route");
    let key = format!("{} {}", route.method, route.path);
    (route.function, call.event(&key, &parameters, "bench").to_string())
}

/// The status in a function's answer to an event.
pub(crate) fn status(answer: &str) -> u64 {
    let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
    answer.get("statusCode").and_then(Value::as_u64).unwrap_or_default()
}
