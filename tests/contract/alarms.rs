//! Alarms: each has its runbook, each function is watched, and nothing that stops does so unheard.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::{
    files::{names, production, read, sources},
    operations::{functions, of_kind, resource_of, template},
    template::{at, members, reference, text},
};

const DURATION_SHARE: f64 = 0.8;
/// Seconds for which Razorpay waits for an answer; more counts as none.
const RAZORPAY_WAITS: f64 = 5.0;

#[test]
fn every_alarm_has_a_runbook_and_every_runbook_its_alarm() {
    let manual = read("docs/OPERATIONS.md");
    let section = manual.split("\n## Alarms of CloudWatch").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let written: Vec<String> = rows.map(str::to_owned).collect();
    let alarms: BTreeSet<String> = of_kind("AWS::CloudWatch::Alarm").into_keys().collect();
    assert_eq!(written.iter().cloned().collect::<BTreeSet<_>>(), alarms);
    assert_eq!(written.len(), alarms.len(), "one stands twice");
}

/// The manual's first table is of lines, by the names the code gives them.
#[test]
fn every_line_the_manual_explains_is_one_the_code_writes() {
    let manual = read("docs/OPERATIONS.md");
    let section = manual.split("\n## Logs and alarms").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let explained: Vec<&str> = rows.map(|(name, _)| name).filter(|name| *name != "alarm").collect();
    assert!(explained.contains(&"refund-waits"), "{explained:?}");
    let code = production();
    for name in explained {
        let line = format!("alarm = \"{name}\"");
        assert!(code.iter().any(|source| source.code.contains(&line)), "nothing writes {name}");
    }
}

/// The names of the functions whose metric of this name an alarm watches, with its threshold.
fn watched(metric: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for alarm in of_kind("AWS::CloudWatch::Alarm").values() {
        let several = at(alarm, &["Metrics"]).as_sequence().cloned().unwrap_or_default();
        let mut metrics: Vec<Value> =
            several.iter().map(|one| at(one, &["MetricStat", "Metric"]).clone()).collect();
        metrics.push(alarm.clone());
        for one in metrics {
            if text(&one, &["Namespace"]) != "AWS/Lambda" || text(&one, &["MetricName"]) != metric {
                continue;
            }
            let function = reference(&one["Dimensions"][0]["Value"]).to_owned();
            found.insert(function, alarm["Threshold"].as_f64().unwrap());
        }
    }
    found
}

#[test]
fn errors_and_throttles_of_every_function_ring() {
    let all: BTreeSet<String> = functions().into_keys().collect();
    for metric in ["Errors", "Throttles"] {
        assert_eq!(watched(metric).into_keys().collect::<BTreeSet<_>>(), all, "{metric}");
    }
}

/// An import uses all the time it has, and goes on in another invocation.
#[test]
fn a_function_that_comes_near_its_time_out_rings() {
    let globals = at(&template(), &["Globals", "Function", "Timeout"]).as_f64().unwrap();
    let mut thresholds = watched("Duration");
    for (name, function) in functions() {
        if name == "PatientImportFunction" {
            continue;
        }
        let allowed = at(&function, &["Timeout"]).as_f64().unwrap_or(globals);
        let seconds = if name == "RazorpayWebhookFunction" { RAZORPAY_WAITS } else { allowed };
        let threshold = thresholds.remove(&name).unwrap_or_else(|| panic!("{name} may be slow"));
        assert!((threshold - seconds * 1000.0 * DURATION_SHARE).abs() < 1.0, "{name}");
    }
    assert!(thresholds.is_empty(), "{thresholds:?}");
}

/// The rules whose ringing an alarm counts, each with the seconds it counts for.
fn rules_rung(alarm: &Value) -> BTreeMap<String, u64> {
    let several = at(alarm, &["Metrics"]).as_sequence().cloned().unwrap_or_default();
    let mut counts: Vec<(Value, Value)> = several
        .iter()
        .map(|one| at(one, &["MetricStat"]))
        .map(|counts| (at(counts, &["Metric"]).clone(), at(counts, &["Period"]).clone()))
        .collect();
    counts.push((alarm.clone(), at(alarm, &["Period"]).clone()));
    counts
        .iter()
        .filter(|(metric, _)| text(metric, &["Namespace"]) == "AWS/Events")
        .map(|(metric, period)| {
            assert_eq!(text(metric, &["MetricName"]), "Invocations");
            let rule = reference(&metric["Dimensions"][0]["Value"]).to_owned();
            (rule, period.as_u64().unwrap())
        })
        .collect()
}

/// A schedule that stops is heard: one of each minute alone or with the others, the one of each
/// hour by itself.
#[test]
fn the_clock_rings_for_each_of_its_schedules() {
    let scheduled = functions().remove("ScheduledFunction").unwrap();
    let mut rules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (event, trigger) in members(at(&scheduled, &["Events"])) {
        if text(&trigger, &["Type"]) == "Schedule" {
            let rate = text(&trigger, &["Properties", "Schedule"]);
            rules.entry(rate).or_default().insert(format!("ScheduledFunction{event}"));
        }
    }
    for (rate, seconds, name, period) in [
        ("rate(1 minute)", 60, "TheClockStands", 300),
        ("rate(1 hour)", 3600, "TheHourStands", 3600),
    ] {
        let rules = rules.remove(rate).unwrap();
        let alarm = of_kind("AWS::CloudWatch::Alarm").remove(name).unwrap();
        let rung = rules_rung(&alarm);
        assert_eq!(rung.keys().cloned().collect::<BTreeSet<_>>(), rules, "{name}");
        assert!(rung.values().all(|own| *own == period), "{name}: {rung:?}");
        // What does not ring at all is missing.
        assert_eq!(text(&alarm, &["TreatMissingData"]), "breaching", "{name}");
        assert!(alarm["EvaluationPeriods"].as_u64() >= Some(2), "{name}");
        // All but one; of one alone, that is none.
        let most = period / seconds * (u64::try_from(rules.len()).unwrap() - 1);
        assert_eq!(alarm["Threshold"].as_u64(), Some(most), "{name}");
        assert_eq!(text(&alarm, &["ComparisonOperator"]), "LessThanOrEqualToThreshold", "{name}");
    }
    assert!(rules.is_empty(), "nobody hears that these stop: {rules:?}");
}

/// Mails that do not go out wait, which nobody would see.
#[test]
fn mails_that_do_not_go_out_ring() {
    let alarm = of_kind("AWS::CloudWatch::Alarm").remove("MailsFail").unwrap();
    assert_eq!(reference(at(&alarm, &["Namespace"])), "AWS::StackName");
    assert_eq!(text(&alarm, &["MetricName"]), "mails_failed");
    let numbers = ["Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"];
    assert_eq!(numbers.map(|name| alarm[name].as_u64()), [300, 6, 3, 1].map(Some));
    assert_eq!(text(&alarm, &["ComparisonOperator"]), "GreaterThanOrEqualToThreshold");
    assert_eq!(text(&alarm, &["Statistic"]), "Sum");
}

/// A metric that a function counts is its own, by its name, under a name it counts by.
#[test]
fn what_an_alarm_has_of_a_functions_counts_is_counted_there() {
    let mut found = 0;
    let production = production();
    let named = production.iter().flat_map(|source| source.code.split("alarm = \"").skip(1));
    let lines: BTreeSet<String> =
        named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect();
    for (name, alarm) in of_kind("AWS::CloudWatch::Alarm") {
        let own = reference(at(&alarm, &["Namespace"])) == "AWS::StackName";
        let Some(dimensions) = at(&alarm, &["Dimensions"]).as_sequence().filter(|_| own) else {
            continue;
        };
        let [dimension] = &dimensions[..] else { panic!("{name}: {dimensions:?}") };
        if text(dimension, &["Name"]) == "alarm" {
            // Lines of one name, which is one that is written.
            assert!(lines.contains(&text(dimension, &["Value"])), "{name}");
            continue;
        }
        assert_eq!(text(dimension, &["Name"]), "function", "{name}");
        let of = resource_of(&dimension["Value"]);
        let path = ["Resources", of.as_str(), "Metadata", "BuildProperties", "Binary"];
        let binary = text(&template(), &path);
        let metric = text(&alarm, &["MetricName"]);
        let mut code = sources(&format!("functions/{binary}/src")).into_iter();
        let counts = |code: &str| {
            let mut counts = code.split("count!(").skip(1);
            counts.any(|rest| names(rest.split(';').next().unwrap(), &metric))
        };
        assert!(code.any(|source| counts(&source.code)), "{name}: {binary} counts no {metric}");
        found += 1;
    }
    assert!(found > 0);
}

/// By share alone, all that fails at night would be too few to be heard.
#[test]
fn a_few_answers_that_fail_ring_where_there_are_few() {
    let alarm = of_kind("AWS::CloudWatch::Alarm").remove("AnswersFail").unwrap();
    let (share, counted) = alarm["Metrics"].as_sequence().unwrap().split_first().unwrap();
    let expression = "IF(requests >= 50, failed / requests, IF(failed >= 3, 1, 0))";
    assert_eq!(text(share, &["Expression"]), expression);
    let counted: BTreeMap<String, String> = counted
        .iter()
        .map(|one| (text(one, &["Id"]), text(one, &["MetricStat", "Metric", "MetricName"])))
        .collect();
    let expected = [("failed", "5xx"), ("requests", "Count")];
    assert_eq!(counted, expected.map(|(id, name)| (id.to_owned(), name.to_owned())).into());
    // A share of one in fifty, above which all of a few is.
    assert!(alarm["Threshold"].as_f64().is_some_and(|share| share > 0.0 && share <= 0.02));
}

/// What keeps the alarm of all lines from ringing on must ring another.
#[test]
fn a_job_that_fails_is_heard_as_an_error_of_its_function() {
    let mut lines = 0;
    for source in production() {
        for after in source.code.split("alarm = \"job-failed\"").skip(1) {
            assert!(source.path.starts_with("functions/scheduled/"), "{}", source.path);
            let rest = after.split("\n}\n").next().unwrap();
            assert!(rest.contains("Err("), "{}: it ends well", source.path);
            lines += 1;
        }
    }
    assert!(lines > 0);
    let alarm = of_kind("AWS::CloudWatch::Alarm").remove("JobsCrash").unwrap();
    let errors = |one: &Value| {
        let metric = at(one, &["MetricStat", "Metric"]);
        text(metric, &["MetricName"]) == "Errors"
            && reference(&metric["Dimensions"][0]["Value"]) == "ScheduledFunction"
    };
    assert!(alarm["Metrics"].as_sequence().unwrap().iter().any(errors));
    assert_eq!(alarm["Threshold"].as_u64(), Some(1));
}
