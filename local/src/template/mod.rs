//! `template.yaml`, read as far as a machine without AWS can honour it.
//!
//! Routes, environment, time-outs, schedules and S3 events come from here and nowhere else, so that
//! what runs locally is what would be deployed.

mod functions;
mod intrinsics;
mod schedule;

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::Value;

pub use schedule::Rate;

/// The AWS account the stack pretends to be in.
pub const ACCOUNT: &str = "123456789012";
/// The region it pretends to be in.
pub const REGION: &str = "ap-south-1";

/// The parts of the template that the local stack acts on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// The functions, by logical id.
    pub functions: Vec<Function>,
    /// The HTTP API's CORS rules, when it has some.
    pub cors: Option<Cors>,
}

/// One `AWS::Serverless::Function`.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its binary, which is also its short name: `Metadata.BuildProperties.Binary`.
    pub name: String,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Megabytes; only told to the function, not enforced.
    pub memory: u32,
    /// `Environment.Variables`, the globals' first, with what the template alone says of each.
    pub environment: BTreeMap<String, String>,
    /// `JSON` or `Text`, and the level, of `LoggingConfig`.
    pub logging: Option<(String, String)>,
    /// What invokes it.
    pub events: Vec<Event>,
}

/// One entry of a function's `Events`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A route of the HTTP API; method `ANY` and path `$default` as SAM has them.
    Http {
        /// Upper case, or `ANY`.
        method: String,
        /// With `{parameters}`.
        path: String,
    },
    /// A schedule of EventBridge.
    Schedule {
        /// The event's name in the template.
        name: String,
        /// When.
        rate: Rate,
        /// The payload to send in place of EventBridge's own.
        input: Option<Value>,
        /// Whether EventBridge Scheduler (`ScheduleV2`) sends it, whose payload differs a little.
        scheduler: bool,
    },
    /// Notifications of a bucket.
    S3 {
        /// Such as `s3:ObjectCreated:*`.
        kinds: Vec<String>,
        /// What the key must begin with.
        prefix: String,
        /// What the key must end with.
        suffix: String,
    },
}

/// `CorsConfiguration`: the gateway answers preflights itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins, or `*`.
    pub origins: Vec<String>,
    /// Methods, or `*`.
    pub methods: Vec<String>,
    /// Request headers, or `*`.
    pub headers: Vec<String>,
    /// Response headers a script may read.
    pub expose: Vec<String>,
    /// Seconds a preflight may be kept.
    pub max_age: Option<u64>,
    /// Whether cookies may be sent.
    pub credentials: bool,
}

impl Template {
    /// Reads a template file.
    ///
    /// # Errors
    /// When it is missing, is no YAML, or a function lacks what is needed to run it.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not usable", file.display()))
    }

    /// Parses a template.
    ///
    /// # Errors
    /// As for [`Template::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let document: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
        let resolver = intrinsics::Resolver::new(&document);
        let whole = resolver.resolve(&document);
        let resources = whole.get("Resources").and_then(Value::as_object);
        let mut template = Self::default();
        for (id, resource) in resources.into_iter().flatten() {
            match resource.get("Type").and_then(Value::as_str) {
                Some("AWS::Serverless::Function") => {
                    let function = functions::function(id, resource, whole.get("Globals"))
                        .with_context(|| format!("function {id}"))?;
                    template.functions.push(function);
                }
                Some("AWS::Serverless::HttpApi") => {
                    template.cors = functions::cors(resource.pointer("/Properties"));
                }
                _ => {}
            }
        }
        if template.cors.is_none() {
            template.cors = functions::cors(whole.pointer("/Globals/HttpApi"));
        }
        Ok(template)
    }

    /// The function of this short name or logical id.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|f| f.name == name || f.logical_id == name)
    }
}

impl Function {
    /// Whether API Gateway calls it: someone is waiting for the answer.
    pub fn is_http(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Http { .. }))
    }

    /// Its ARN in the pretended account.
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.name)
    }
}
