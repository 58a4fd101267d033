//! A deployment asks for the migration as a custom resource, and waits for its answer.
//!
//! The forms are those of the `CloudFormation` User Guide, "Custom resource request objects" and
//! "Custom resource response objects".

use serde_json::{Value, json};

/// What the resource is called in all its life; another name would be another resource, and the old
/// one would be deleted.
const NAME: &str = "mediconnect-migration";

/// The request of a deployment.
#[derive(Debug)]
pub(crate) struct Deployment<'a>(&'a Value);

impl<'a> Deployment<'a> {
    /// The request, if the event is one; what somebody sends by hand is none.
    pub(crate) fn of(event: &'a Value) -> Option<Self> {
        let told = ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"];
        let whole = told.iter().all(|member| event.get(member).is_some_and(Value::is_string));
        whole.then_some(Self(event))
    }

    /// Whether the stack goes. Its database stays as it is.
    pub(crate) fn is_the_end(&self) -> bool {
        self.0.get("RequestType").is_some_and(|kind| kind == "Delete")
    }

    /// Where the answer goes.
    pub(crate) fn answer_to(&self) -> &'a str {
        self.0.get("ResponseURL").and_then(Value::as_str).unwrap_or_default()
    }

    /// The answer. What went wrong is in the log alone: the answer is seen by whoever sees the stack.
    pub(crate) fn answer(&self, outcome: Result<&Value, &str>) -> Value {
        let of = |member: &str| self.0.get(member).cloned().unwrap_or_default();
        let name = self.0.get("PhysicalResourceId").and_then(Value::as_str).unwrap_or(NAME);
        let (status, member, told) = match outcome {
            Ok(data) => ("SUCCESS", "Data", data.clone()),
            Err(reason) => ("FAILED", "Reason", json!(reason)),
        };
        json!({
            "Status": status,
            member: told,
            "PhysicalResourceId": name,
            "StackId": of("StackId"),
            "RequestId": of("RequestId"),
            "LogicalResourceId": of("LogicalResourceId"),
        })
    }
}
