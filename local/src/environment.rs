//! The environment of a function's process: what the template names, and what Lambda sets itself.
//!
//! A variable the template forgets is missing here too, which is the point: it would be missing in
//! production.

use std::collections::BTreeMap;

use crate::template::{Function, REGION};

/// What values come from, for every function of a stack.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// By name: where the local servers are, and the stack's secrets.
    pub overrides: BTreeMap<String, String>,
    /// The environment of `local run` itself.
    pub ambient: BTreeMap<String, String>,
    /// Endpoints the AWS SDK reads by itself.
    pub endpoints: Vec<(String, String)>,
    /// The credentials of the S3 stand-in, given as a role's would be.
    pub access_key_id: String,
    /// Its secret half.
    pub secret_access_key: String,
}

impl Environment {
    /// All variables of one process. `runtime` is the base of its runtime API.
    pub fn of(&self, function: &Function, runtime: &str) -> Vec<(String, String)> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (name, literal) in &function.environment {
            let value = self.overrides.get(name).or_else(|| self.ambient.get(name));
            // A secret that only the deployment can look up has no value here: the reference itself
            // would be one that everybody knows.
            let literal = if literal.starts_with("secret:") { "" } else { literal };
            all.insert(name.clone(), value.map_or(literal, String::as_str).to_owned());
        }
        let (format, level) = function.logging.clone().unwrap_or(("Text".into(), "INFO".into()));
        let memory = function.memory.to_string();
        let group = format!("/aws/lambda/{}", function.name);
        let set_by_lambda = [
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_FORMAT", &format),
            ("AWS_LAMBDA_LOG_LEVEL", &level),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ("AWS_LAMBDA_RUNTIME_API", runtime),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("_HANDLER", "bootstrap"),
            ("TZ", ":UTC"),
            ("LANG", "en_US.UTF-8"),
        ];
        all.extend(set_by_lambda.map(|(name, value)| (name.to_owned(), value.to_owned())));
        all.extend(self.endpoints.iter().cloned());
        all.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_names_of_the_template_pass_and_the_local_value_comes_first() {
        let pairs = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
            list.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let function = Function {
            logical_id: "UsersFunction".into(),
            name: "users".into(),
            timeout: Duration::from_secs(3),
            memory: 256,
            environment: pairs(&[
                ("MONGODB_URI", "x"),
                ("HOLD_SECONDS", "600"),
                ("LOG_LEVEL", "info"),
                ("JWT_PREVIOUS_SECRET", "secret:mediconnect:JWT_PREVIOUS_SECRET"),
            ]),
            logging: None,
            events: Vec::new(),
        };
        let environment = Environment {
            overrides: pairs(&[("MONGODB_URI", "mongodb://local"), ("JWT_SECRET", "s")]),
            ambient: pairs(&[("HOLD_SECONDS", "5"), ("HOME", "/root"), ("MONGODB_URI", "other")]),
            ..Environment::default()
        };
        let all: BTreeMap<_, _> = environment.of(&function, "http://h/x").into_iter().collect();
        let get = |name: &str| all.get(name).map(String::as_str);
        assert_eq!(get("MONGODB_URI"), Some("mongodb://local"));
        assert_eq!(get("HOLD_SECONDS"), Some("5"));
        assert_eq!(get("LOG_LEVEL"), Some("info"));
        assert_eq!(get("JWT_PREVIOUS_SECRET"), Some(""));
        assert_eq!((get("JWT_SECRET"), get("HOME"), get("PATH")), (None, None, None));
        assert_eq!(get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), Some("256"));
    }
}
