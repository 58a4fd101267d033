//! `template.yaml` and the code: the same binaries, and the same routes on each.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::files::{below, read};

/// One function of the template.
#[derive(Debug)]
pub(crate) struct Function {
    /// The names in its environment, the globals' among them.
    pub(crate) environment: BTreeSet<String>,
    /// Its triggers, by their names.
    pub(crate) events: BTreeMap<String, Value>,
}

impl Function {
    /// Its routes, as `METHOD /path`.
    pub(crate) fn routes(&self) -> BTreeSet<String> {
        let http = self.events.values().filter(|event| text(event, &["Type"]) == "HttpApi");
        http.map(|event| {
            let part = |name| text(event, &["Properties", name]);
            format!("{} {}", part("Method"), part("Path"))
        })
        .collect()
    }
}

/// The template's functions by the names of their binaries.
pub(crate) fn functions() -> BTreeMap<String, Function> {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let variables = ["Environment", "Variables"];
    let globals = names(at(&template, &["Globals", "Function"]), &variables);
    let mut functions = BTreeMap::new();
    for (id, resource) in members(at(&template, &["Resources"])) {
        if text(&resource, &["Type"]) != "AWS::Serverless::Function" {
            continue;
        }
        let own = at(&resource, &["Properties"]);
        let function = Function {
            environment: globals.union(&names(own, &variables)).cloned().collect(),
            events: members(at(own, &["Events"])).collect(),
        };
        let binary = text(&resource, &["Metadata", "BuildProperties", "Binary"]);
        let build = text(&resource, &["Metadata", "BuildMethod"]);
        assert_eq!(build, "rust-cargolambda", "{id}");
        assert!(functions.insert(binary, function).is_none(), "{id}");
    }
    functions
}

/// A member of a member; null where there is none.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    let step = |value: &'a Value, name: &&str| value.get(*name).unwrap_or(&Value::Null);
    path.iter().fold(value, step)
}

/// A member's text; empty where there is none.
pub(crate) fn text(value: &Value, path: &[&str]) -> String {
    at(value, path).as_str().unwrap_or_default().to_owned()
}

/// A mapping's members whose names are texts.
pub(crate) fn members(value: &Value) -> impl Iterator<Item = (String, Value)> + use<> {
    let pairs = value.as_mapping().cloned().unwrap_or_default();
    let named = |(name, value): (Value, Value)| Some((name.as_str()?.to_owned(), value));
    pairs.into_iter().filter_map(named)
}

fn names(value: &Value, path: &[&str]) -> BTreeSet<String> {
    members(at(value, path)).map(|(name, _)| name).collect()
}

/// The routes of a function's operations, from the annotations on its handlers.
fn routes_of_code() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for (binary, document) in tests::document::by_function() {
        let document = serde_json::to_value(document).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let mut routes = BTreeSet::new();
        for (path, operations) in paths {
            for method in operations.as_object().unwrap().keys() {
                routes.insert(format!("{} {path}", method.to_ascii_uppercase()));
            }
        }
        all.insert(binary.to_owned(), routes);
    }
    all
}

#[test]
fn every_route_of_the_code_is_in_the_template_and_the_other_way_round() {
    let template: BTreeMap<String, BTreeSet<String>> = functions()
        .iter()
        .map(|(binary, function)| (binary.clone(), function.routes()))
        .filter(|(_, routes)| !routes.is_empty())
        .collect();
    assert_eq!(routes_of_code(), template);
}

#[test]
fn no_two_functions_answer_one_route() {
    let mut seen = BTreeSet::new();
    for (binary, routes) in routes_of_code() {
        for route in routes {
            assert!(seen.insert(route.clone()), "{route}, again in {binary}");
        }
    }
}

#[test]
fn every_function_is_a_package_whose_binary_the_template_builds() {
    let manifests = below("functions").into_iter().filter(|path| path.ends_with("/Cargo.toml"));
    let packages: BTreeSet<String> = manifests
        .map(|path| {
            let manifest = read(&path);
            let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
            let package = name.trim_matches('"').to_owned();
            assert_eq!(path, format!("functions/{package}/Cargo.toml"));
            // The binary is the package's own, by Cargo's rule for `src/main.rs`.
            assert!(!manifest.contains("[[bin]]"), "{path}");
            read(&format!("functions/{package}/src/main.rs"));
            package
        })
        .collect();
    assert_eq!(packages, functions().into_keys().collect());
}

/// Whose a dropped file is, its prefix says; so nobody may write under another's.
#[test]
fn a_hospitals_system_may_write_under_its_own_prefix_and_nothing_else() {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let statements = |policy: &str| {
        let path = ["Resources", policy, "Properties", "PolicyDocument", "Statement"];
        at(&template, &path).as_sequence().unwrap().clone()
    };
    let own = "${ImportBucket.Arn}/imports/${!aws:PrincipalTag/hospital}/*";
    let tagged = |statement: &&Value| {
        let tag = ["Condition", "StringLike", "aws:PrincipalTag/hospital"];
        text(statement, &tag) == "?*"
    };
    let place = |statement: &Value, member: &str| match at(statement, &[member]) {
        Value::Tagged(tagged) => tagged.value.as_str().unwrap_or_default().to_owned(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    // What a bucket's policy allows the account, it allows none of the account's roles by itself.
    let of_the_role = statements("HospitalDropsPolicy");
    let [allowed] = &of_the_role[..] else { panic!("{of_the_role:?}") };
    assert_eq!(text(allowed, &["Effect"]), "Allow");
    assert!(tagged(&allowed));
    assert_eq!(place(allowed, "Resource"), own);
    let actions: Vec<&str> =
        at(allowed, &["Action"]).as_sequence().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(actions, ["s3:PutObject", "s3:AbortMultipartUpload"]);
    let of_the_bucket = statements("ImportBucketPolicy");
    assert!(of_the_bucket.iter().all(|statement| text(statement, &["Effect"]) == "Deny"));
    let denied: Vec<&Value> = of_the_bucket.iter().filter(tagged).collect();
    assert!(
        denied.iter().any(|it| place(it, "NotResource") == own && text(it, &["Action"]) == "s3:*")
    );
    assert!(denied.iter().any(|it| at(it, &["NotAction"]) == at(allowed, &["Action"])));
}

/// What still fails after Lambda's retries is kept, and a file may go on for as long as it takes.
#[test]
fn an_event_of_the_bucket_that_fails_is_kept() {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let function = at(&template, &["Resources", "PatientImportFunction", "Properties"]);
    assert_eq!(text(function, &["DeadLetterQueue", "Type"]), "SQS");
    assert_eq!(text(function, &["RecursiveLoop"]), "Allow");
    let rules = ["Resources", "ImportBucket", "Properties", "LifecycleConfiguration", "Rules"];
    let rule = at(&template, &rules).as_sequence().unwrap().first().unwrap();
    let days = at(rule, &["ExpirationInDays"]).as_i64();
    assert_eq!(days, Some(shared::models::ReportFile::DAYS));
}

/// What stays when a stack is deleted goes with a creation that failed: kept, it would be in the way
/// of the next.
#[test]
fn what_outlives_a_stack_does_not_outlive_a_creation_that_failed() {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let kept: BTreeMap<String, String> = members(at(&template, &["Resources"]))
        .map(|(id, resource)| (id, text(&resource, &["DeletionPolicy"])))
        .filter(|(_, policy)| !policy.is_empty() && policy != "Delete")
        .collect();
    assert!(kept.contains_key("ImportBucket"), "{kept:?}");
    for (id, policy) in kept {
        assert_eq!(policy, "RetainExceptOnCreate", "{id}");
    }
}

#[test]
fn nothing_runs_as_long_as_the_ledger_waits_before_it_closes_a_day() {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let globals = at(&template, &["Globals", "Function", "Timeout"]).as_i64().unwrap();
    assert!(globals < shared::models::LedgerClosing::AFTER_SECONDS);
    for (id, resource) in members(at(&template, &["Resources"])) {
        let own = at(&resource, &["Properties", "Timeout"]).as_i64().unwrap_or_default();
        assert!(own < shared::models::LedgerClosing::AFTER_SECONDS, "{id}");
    }
}

/// The field that the code sets is the one the filters read, wherever a line was written, and
/// each line with it is heard by an alarm that tells somebody.
#[test]
fn a_line_with_an_alarm_rings_one() {
    let template: Value = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let logs = "Logs";
    let group = at(&template, &["Globals", "Function", "LoggingConfig", "LogGroup"]);
    assert_eq!(reference(group), logs);
    let resources: BTreeMap<String, Value> = members(at(&template, &["Resources"])).collect();
    let of_type = |kind: &'static str| {
        resources.values().filter(move |it| text(it, &["Type"]) == kind).map(|it| &it["Properties"])
    };
    let mut heard = BTreeMap::new();
    for filter in of_type("AWS::Logs::MetricFilter") {
        assert_eq!(reference(at(filter, &["LogGroupName"])), logs);
        let metric = &filter["MetricTransformations"][0];
        heard.insert(text(metric, &["MetricName"]), text(filter, &["FilterPattern"]));
    }
    let (mut rung, mut by_name) = (Vec::new(), Vec::new());
    for alarm in of_type("AWS::CloudWatch::Alarm") {
        let actions = at(alarm, &["AlarmActions"]).as_sequence().unwrap();
        assert_eq!(actions.iter().map(reference).collect::<Vec<_>>(), ["Alarms"]);
        if reference(at(alarm, &["Namespace"])) != "AWS::StackName" {
            continue;
        }
        // What functions count has a dimension, and is no line with an alarm.
        match alarm.get("Dimensions") {
            None => rung.push(heard.remove(&text(alarm, &["MetricName"])).unwrap()),
            Some(of) if text(&of[0], &["Name"]) == "alarm" => {
                assert_eq!(text(alarm, &["MetricName"]), "Alarms");
                by_name.push(text(&of[0], &["Value"]));
            }
            Some(_) => {}
        }
    }
    // What comes again and again has an alarm of its own, so that the one for all others is quiet.
    by_name.sort();
    assert_eq!(by_name, ["document-unreadable", "otp-flood", "payment-unasked", "secrets-wrong"]);
    // A job that fails is an error of its function too, by which another alarm rings.
    by_name.splice(0..0, ["webhook-signature".to_owned(), "job-failed".to_owned()]);
    let apart = by_name.iter().map(|name| format!(r#" && ($.alarm != "{name}")"#));
    let all_but = format!(r#"{{ ($.alarm = "*"){} }}"#, apart.collect::<String>());
    for pattern in [r#"{ $.alarm = "webhook-signature" }"#, &all_but] {
        assert!(rung.iter().any(|one| one == pattern), "{rung:?}");
    }
    assert_eq!(heard.into_values().collect::<Vec<_>>(), [r#"{ $.alarm = "*" }"#]);
    assert_eq!(text(&resources["Alarms"], &["Type"]), "AWS::SNS::Topic");
}

/// What a `!Ref` names.
pub(crate) fn reference(value: &Value) -> &str {
    match value {
        Value::Tagged(tagged) if tagged.tag == "Ref" => tagged.value.as_str().unwrap_or_default(),
        _ => "",
    }
}
