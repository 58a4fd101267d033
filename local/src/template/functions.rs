//! SAM's function and HTTP API resources.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::{Cors, Event, Function, Rate, intrinsics::text};

/// Lambda's own defaults, for what neither the function nor the globals set.
const TIMEOUT_SECONDS: u64 = 3;
const MEMORY_MB: u64 = 128;

/// Reads one function, with the globals beneath it.
pub(super) fn function(id: &str, resource: &Value, globals: Option<&Value>) -> Result<Function> {
    let globals = globals.and_then(|g| g.get("Function"));
    let own = resource.get("Properties");
    let property = |name: &str| {
        own.and_then(|own| own.get(name)).or_else(|| globals.and_then(|g| g.get(name)))
    };
    let number = |name: &str, default| property(name).and_then(whole_number).unwrap_or(default);
    let binary = resource
        .pointer("/Metadata/BuildProperties/Binary")
        .and_then(Value::as_str)
        .context("has no Metadata.BuildProperties.Binary")?;
    let mut environment = BTreeMap::new();
    for scope in [globals, own].into_iter().flatten() {
        for (name, value) in object(scope.pointer("/Environment/Variables")) {
            environment.insert(name.clone(), text(value));
        }
    }
    let mut events = Vec::new();
    for (name, event) in object(own.and_then(|own| own.get("Events"))) {
        events.extend(read_event(name, event).with_context(|| format!("event {name}"))?);
    }
    let logging = property("LoggingConfig").map(|config| {
        let member = |name, default: &str| {
            config.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
        };
        (member("LogFormat", "Text"), member("ApplicationLogLevel", "INFO"))
    });
    Ok(Function {
        logical_id: id.to_owned(),
        name: binary.to_owned(),
        timeout: Duration::from_secs(number("Timeout", TIMEOUT_SECONDS)),
        memory: u32::try_from(number("MemorySize", MEMORY_MB)).unwrap_or(u32::MAX),
        environment,
        logging,
        events,
    })
}

/// Event sources without a local counterpart (queues, streams) are left out.
fn read_event(name: &str, event: &Value) -> Result<Option<Event>> {
    let properties = event.get("Properties").unwrap_or(&Value::Null);
    let member = |name: &str| properties.get(name).and_then(Value::as_str);
    let kind = event.get("Type").and_then(Value::as_str).context("has no Type")?;
    Ok(match kind {
        "HttpApi" => Some(Event::Http {
            method: member("Method").unwrap_or("ANY").to_ascii_uppercase().replace('*', "ANY"),
            path: member("Path").unwrap_or("$default").to_owned(),
        }),
        "Schedule" | "ScheduleV2" => {
            let expression = member("Schedule").or_else(|| member("ScheduleExpression"));
            let state = member("State").unwrap_or("ENABLED");
            let off = state == "DISABLED" || properties.get("Enabled") == Some(&Value::Bool(false));
            let rate = Rate::parse(expression.context("has no ScheduleExpression")?)?;
            let input = member("Input")
                .map(|input| serde_json::from_str(input).context("Input is not JSON"))
                .transpose()?;
            let scheduler = kind == "ScheduleV2";
            (!off).then(|| Event::Schedule { name: name.to_owned(), rate, input, scheduler })
        }
        "S3" => Some(s3(properties)),
        _ => None,
    })
}

fn s3(properties: &Value) -> Event {
    let (mut prefix, mut suffix) = (String::new(), String::new());
    let rules = properties.pointer("/Filter/S3Key/Rules").and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        let value = rule.get("Value").map(text).unwrap_or_default();
        match rule.get("Name").and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
            Some("prefix") => prefix = value,
            Some("suffix") => suffix = value,
            _ => {}
        }
    }
    Event::S3 { kinds: list(properties.get("Events")), prefix, suffix }
}

/// The CORS rules in an HTTP API's properties; `true` means SAM's allow-everything.
pub(super) fn cors(properties: Option<&Value>) -> Option<Cors> {
    let rules = properties?.get("CorsConfiguration")?;
    if *rules == Value::Bool(true) {
        let all = || vec!["*".to_owned()];
        return Some(Cors { origins: all(), methods: all(), headers: all(), ..Cors::default() });
    }
    rules.as_object()?;
    Some(Cors {
        origins: list(rules.get("AllowOrigins")),
        methods: list(rules.get("AllowMethods")),
        headers: list(rules.get("AllowHeaders")),
        expose: list(rules.get("ExposeHeaders")),
        max_age: rules.get("MaxAge").and_then(whole_number),
        credentials: rules.get("AllowCredentials") == Some(&Value::Bool(true)),
    })
}

fn whole_number(value: &Value) -> Option<u64> {
    text(value).parse().ok()
}

/// A list, or a single value where CloudFormation takes either.
fn list(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(text).collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![text(one)],
    }
}

fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Template;
    use super::*;

    const TEMPLATE: &str = r"
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Mail: {Type: String, Default: no-reply@example.org}
Globals:
  Function:
    Timeout: 29
    MemorySize: 256
    LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: INFO}
    Environment: {Variables: {MAIL_FROM: !Ref Mail, LOG_LEVEL: info}}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: ['*'], AllowMethods: [GET, POST], MaxAge: 600}
  UsersFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: users}}
    Properties:
      Timeout: 10
      Environment: {Variables: {LOG_LEVEL: debug, BUCKET: !Ref Bucket}}
      Events:
        One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: '/users/{id}', Method: get}}
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Q.Arn}}
  ImportFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: patient-import}}
    Properties:
      Events:
        Uploaded:
          Type: S3
          Properties:
            Bucket: !Ref Bucket
            Events: s3:ObjectCreated:*
            Filter: {S3Key: {Rules: [{Name: prefix, Value: imports/}, {Name: suffix, Value: .csv}]}}
        Tick:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(5 minutes), Input: '{\task\: \sweep\}'}
  Bucket: {Type: AWS::S3::Bucket}
";

    fn template() -> Template {
        Template::parse(&TEMPLATE.replace("\\task\\", "\"task\"").replace("\\sweep\\", "\"sweep\""))
            .unwrap()
    }

    #[test]
    fn a_function_stands_on_the_globals() {
        let template = template();
        let users = template.function("users").unwrap();
        assert_eq!(users, template.function("UsersFunction").unwrap());
        assert_eq!((users.timeout, users.memory), (Duration::from_secs(10), 256));
        assert_eq!(users.logging, Some(("JSON".into(), "INFO".into())));
        let environment: Vec<_> =
            users.environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            environment,
            [("BUCKET", "Bucket"), ("LOG_LEVEL", "debug"), ("MAIL_FROM", "no-reply@example.org")]
        );
        let http = Event::Http { method: "GET".into(), path: "/users/{id}".into() };
        assert_eq!(users.events, [http]);
        assert_eq!(template.function("patient-import").unwrap().timeout, Duration::from_secs(29));
    }

    #[test]
    fn buckets_schedules_and_cors_are_read() {
        let template = template();
        let import = template.function("patient-import").unwrap();
        let tick = Event::Schedule {
            name: "Tick".into(),
            rate: Rate::parse("rate(5 minutes)").unwrap(),
            input: Some(json!({"task": "sweep"})),
            scheduler: true,
        };
        let uploaded = Event::S3 {
            kinds: vec!["s3:ObjectCreated:*".into()],
            prefix: "imports/".into(),
            suffix: ".csv".into(),
        };
        assert_eq!(import.events.len(), 2);
        assert!(import.events.contains(&tick) && import.events.contains(&uploaded));
        let cors = template.cors.unwrap();
        assert_eq!((cors.methods.len(), cors.max_age), (2, Some(600)));
    }

    #[test]
    fn a_function_without_a_binary_is_refused_by_name() {
        let error = Template::parse("Resources: {F: {Type: 'AWS::Serverless::Function'}}");
        assert!(format!("{:#}", error.unwrap_err()).contains("function F: has no Metadata"));
    }
}
