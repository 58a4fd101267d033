//! What an operator relies on: a deployment that ends well or is taken back, queues for what failed,
//! roles that may do no more than their functions do.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value;

use crate::{
    files::{read, root},
    template::{at, members, reference, text},
};

/// The template.
pub(crate) fn template() -> Value {
    serde_yaml_ng::from_str(&read("template.yaml")).unwrap()
}

/// The resources of a kind, by their names.
pub(crate) fn of_kind(kind: &str) -> BTreeMap<String, Value> {
    let all = members(at(&template(), &["Resources"])).collect::<Vec<_>>();
    let some = all.into_iter().filter(|(_, resource)| text(resource, &["Type"]) == kind);
    some.map(|(name, resource)| (name, resource["Properties"].clone())).collect()
}

/// The functions, by their names in the template.
pub(crate) fn functions() -> BTreeMap<String, Value> {
    of_kind("AWS::Serverless::Function")
}

/// What a `!Ref`, or the resource part of a `!GetAtt`, names.
pub(crate) fn resource_of(value: &Value) -> String {
    match value {
        Value::Tagged(tagged) => {
            let named = tagged.value.as_str().unwrap_or_default();
            named.split('.').next().unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// Everything in a value that is a text.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Sequence(items) => items.iter().flat_map(texts).collect(),
        Value::Mapping(members) => members.values().flat_map(texts).collect(),
        Value::Tagged(tagged) => texts(&tagged.value),
        _ => Vec::new(),
    }
}

/// New code serves once its indexes are there.
#[test]
fn what_serves_waits_for_the_migration() {
    for (name, resource) in members(at(&template(), &["Resources"])) {
        if text(&resource, &["Type"]) == "AWS::Serverless::Function" {
            let expected = if name == "MigrateFunction" { "" } else { "Migration" };
            assert_eq!(text(&resource, &["DependsOn"]), expected, "{name}");
        }
    }
}

/// A custom resource does nothing while its properties stay as they are: whatever the migration is
/// told must be among them.
#[test]
fn the_migration_runs_again_when_it_is_told_something_else() {
    let template = template();
    let migrate = functions().remove("MigrateFunction").unwrap();
    let mut told = BTreeSet::new();
    for of in [at(&template, &["Globals", "Function"]), &migrate] {
        for (_, value) in members(at(of, &["Environment", "Variables"])) {
            told.extend(named(&texts(&value), "${", "}"));
            told.insert(reference(&value).to_owned());
        }
    }
    // Nothing it does depends on how it is logged and counted.
    for other in ["", "LogLevel", "AWS::StackName"] {
        told.remove(other);
    }
    for known in ["MongodbDatabase", "Secrets", "PaymentSecrets", "AdminEmail"] {
        assert!(told.contains(known), "{told:?}");
    }
    let resource = at(&template, &["Resources", "Migration", "Properties"]);
    let given: BTreeSet<String> = members(resource)
        .filter(|(name, value)| reference(value) == name)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(given, told);
    assert_eq!(reference(at(resource, &["Version"])), "MigrateFunction.Version");
}

/// SAM gives such settings to the alias, by which nobody calls.
#[test]
fn what_is_called_by_its_own_name_has_no_settings_of_an_alias() {
    for (name, function) in functions() {
        let alias = at(&function, &["AutoPublishAlias"]).is_string();
        let settings = at(&function, &["EventInvokeConfig"]);
        assert!(!alias || settings.is_null(), "{name}: {settings:?}");
    }
}

/// `make -n deploy` of a stack of this name: whether it begins, and what it says.
fn would_deploy(name: &str) -> (bool, String) {
    let run = std::process::Command::new("make")
        .args(["-n", "deploy", &format!("STACK_NAME={name}")])
        .current_dir(root())
        .output()
        .unwrap();
    (run.status.success(), String::from_utf8(run.stderr).unwrap())
}

/// Rights and the manual's commands go by names that begin with the stack's. CloudFormation leaves 24
/// characters of a resource's and adds 13 at most, and Lambda and EventBridge take 64.
#[test]
fn a_stacks_name_leaves_room_for_the_names_made_of_it() {
    let makefile = read("Makefile");
    let set = |name: &str| makefile.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let longest: usize = set("LONGEST_STACK_NAME := ").parse().unwrap();
    assert!(longest + "-".len() + 24 + "-".len() + 13 <= 64);
    // A right by the beginning of a name has the resource's in it whole.
    for text in texts(&template()) {
        let made = text.split_once("${AWS::StackName}-").map(|(_, made)| made);
        if let Some(resource) = made.and_then(|made| made.strip_suffix("-*")) {
            assert!(resource.len() <= 24, "{text}");
        }
    }
    let bucket = texts(&of_kind("AWS::S3::Bucket")["ImportBucket"]["BucketName"]).concat();
    assert_eq!(bucket, "${AWS::StackName}-imports-${AWS::AccountId}");
    assert!(longest + "-imports-".len() + 12 <= 63);
    for stage in set("STAGES := ").split(' ') {
        assert!(format!("mediconnect-{stage}").len() <= longest, "{stage}");
    }
    let (begins, _) = would_deploy(&"x".repeat(longest));
    assert!(begins);
    let (begins, said) = would_deploy(&"x".repeat(longest + 1));
    let told = format!("has {longest} characters at most");
    assert!(!begins && said.contains(&format!("STACK_NAME {told}")), "{said}");
    assert!(read("docs/OPERATIONS.md").contains(&told));
}

/// Each instance holds connections, of which the database has so many.
#[test]
fn what_answers_requests_can_be_bounded() {
    for (name, function) in functions() {
        let mut events = members(at(&function, &["Events"]));
        let answers = events.any(|(_, event)| text(&event, &["Type"]) == "HttpApi");
        let bound = texts(at(&function, &["ReservedConcurrentExecutions"]));
        assert!(!answers || bound.iter().any(|part| part.ends_with("Concurrency")), "{name}");
    }
}

/// Who waits for no answer keeps what failed, and somebody hears of it.
#[test]
fn what_runs_asynchronously_keeps_what_failed() {
    let rung: BTreeSet<String> = of_kind("AWS::CloudWatch::Alarm")
        .values()
        .filter(|alarm| text(alarm, &["MetricName"]) == "ApproximateNumberOfMessagesVisible")
        .map(|alarm| resource_of(&alarm["Dimensions"][0]["Value"]))
        .collect();
    let queues = of_kind("AWS::SQS::Queue");
    assert_eq!(rung, queues.keys().cloned().collect());
    for (name, function) in functions() {
        for (event, trigger) in members(at(&function, &["Events"])) {
            let kind = text(&trigger, &["Type"]);
            if kind == "HttpApi" {
                continue;
            }
            let kept = resource_of(at(&function, &["DeadLetterQueue", "TargetArn"]));
            assert!(queues.contains_key(&kept), "{name} has no dead letters");
            // A bucket calls Lambda, which keeps the event; EventBridge has to be told where.
            let undelivered = resource_of(at(&trigger, &["Properties", "DeadLetterConfig", "Arn"]));
            assert!(kind == "S3" || undelivered == kept, "{name}: {event}");
        }
    }
}

/// A new right stands here first.
#[test]
fn a_role_may_do_what_its_function_does() {
    let may: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("AuthFunction", ["lambda:InvokeFunction"].as_slice()),
        ("UsersFunction", &["lambda:InvokeFunction", "s3:GetObject", "s3:PutObject"]),
        ("HospitalsFunction", &["lambda:InvokeFunction"]),
        ("SlotsFunction", &["lambda:InvokeFunction"]),
        (
            "PatientImportFunction",
            &["lambda:InvokeFunction", "s3:GetObject", "s3:ListBucket", "s3:PutObject"],
        ),
        ("ScheduledFunction", &["ses:SendEmail", "ses:SendRawEmail"]),
    ]);
    let secrets = "secretsmanager:GetSecretValue";
    for (name, function) in functions() {
        let mut actions = BTreeSet::new();
        for policy in at(&function, &["Policies"]).as_sequence().into_iter().flatten() {
            for statement in policy["Statement"].as_sequence().unwrap() {
                actions.extend(texts(&statement["Action"]));
                let resources = texts(&statement["Resource"]);
                assert!(resources.iter().all(|one| one != "*"), "{name}: {resources:?}");
            }
        }
        let expected = may.get(name.as_str()).copied().unwrap_or_default().iter();
        let expected = expected.copied().chain([secrets]).map(str::to_owned).collect();
        assert_eq!(actions, expected, "{name}");
    }
}

/// The parameters that name the secrets some texts refer to, between these two parts.
fn named(texts: &[String], before: &str, after: &str) -> BTreeSet<String> {
    let name = |text: &String| {
        let (_, from) = text.split_once(before)?;
        Some(from.split_once(after)?.0.to_owned())
    };
    texts.iter().filter_map(name).collect()
}

/// Who handles no money cannot read its secrets.
#[test]
fn a_function_may_read_the_secrets_it_names_and_no_others() {
    let globals = at(&template(), &["Globals", "Function", "Environment", "Variables"]).clone();
    let mut of_money = BTreeSet::new();
    for (name, function) in functions() {
        let own = at(&function, &["Environment", "Variables"]).clone();
        let variables = [&globals, &own].map(texts).concat();
        let wanted = named(&variables, "secret:${", "}:");
        let readable = named(&texts(at(&function, &["Policies"])), ":secret:${", "}-??????");
        assert_eq!(wanted, readable, "{name}");
        assert!(wanted.contains("Secrets"), "{name}");
        if wanted.contains("PaymentSecrets") {
            of_money.insert(name.clone());
        }
        for (variable, value) in members(&own) {
            let [value] = &texts(&value)[..] else { continue };
            if value.starts_with("secret:") {
                let payment = variable.starts_with("RAZORPAY_") || variable.starts_with("KEYS_");
                let kept = if payment { "PaymentSecrets" } else { "Secrets" };
                assert_eq!(*value, format!("secret:${{{kept}}}:{variable}"), "{name}");
            }
        }
    }
    let handle_money = [
        "MigrateFunction",
        "PaymentsFunction",
        "RazorpayWebhookFunction",
        "ScheduledFunction",
        "SlotsFunction",
    ];
    assert_eq!(of_money, handle_money.map(str::to_owned).into());
    // Six characters are Secrets Manager's own, so that one name cannot begin another's.
    let parameters = at(&template(), &["Parameters"]).clone();
    assert_eq!(text(&parameters, &["Secrets", "Default"]), "mediconnect");
    assert_eq!(text(&parameters, &["PaymentSecrets", "Default"]), "mediconnect-payments");
    let apart = texts(&template()["Rules"]["PaymentSecretsAreApart"]["Assertions"]);
    assert!(["PaymentSecrets", "Secrets"].iter().all(|it| apart.contains(&(*it).to_owned())));
}

/// Links' tokens stand in the query, ids in the path, and addresses are people's.
#[test]
fn the_access_log_holds_nothing_of_a_person() {
    let template = template();
    let api = at(&template, &["Resources", "Api", "Properties"]);
    let format = text(api, &["AccessLogSettings", "Format"]);
    let line: serde_json::Value = serde_json::from_str(&format).unwrap();
    let mut logged: Vec<&str> =
        line.as_object().unwrap().values().filter_map(serde_json::Value::as_str).collect();
    logged.sort_unstable();
    let harmless = [
        "$context.apiId",
        "$context.error.responseType",
        "$context.integrationErrorMessage",
        "$context.integrationLatency",
        "$context.requestId",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.routeKey",
        "$context.status",
    ];
    assert_eq!(logged, harmless);
}

#[test]
fn the_bucket_is_private_encrypted_versioned_and_swept() {
    let buckets = of_kind("AWS::S3::Bucket");
    assert!(!buckets.is_empty());
    for (name, bucket) in buckets {
        let closed = members(&bucket["PublicAccessBlockConfiguration"]).collect::<Vec<_>>();
        assert!(closed.len() == 4 && closed.iter().all(|(_, set)| *set == true), "{name}");
        let encryption = ["BucketEncryption", "ServerSideEncryptionConfiguration"];
        assert!(at(&bucket, &encryption).as_sequence().is_some_and(|it| !it.is_empty()), "{name}");
        assert_eq!(text(&bucket, &["VersioningConfiguration", "Status"]), "Enabled", "{name}");
        let owner = &bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
        assert_eq!(owner, "BucketOwnerEnforced", "{name}");
        let rules = at(&bucket, &["LifecycleConfiguration", "Rules"]).as_sequence().unwrap();
        let has = |member| rules.iter().any(|rule| rule.get(member).is_some());
        for member in
            ["ExpirationInDays", "NoncurrentVersionExpiration", "ExpiredObjectDeleteMarker"]
        {
            assert!(has(member), "{name}: {member}");
        }
    }
    let policy = read("template.yaml");
    assert!(policy.contains("aws:SecureTransport: false") && policy.contains("s3:TlsVersion: 1.2"));
}

/// In production nothing may be left at its example.
#[test]
fn an_example_is_refused_in_production() {
    let template = template();
    let parameters = members(at(&template, &["Parameters"]));
    let examples = parameters.filter(|(_, one)| {
        let default = text(one, &["Default"]);
        default.contains("example") || default == "rzp_test_key"
    });
    let rules = &template["Rules"]["ProductionHasItsOwnParameters"]["Assertions"];
    let asserted: Vec<String> = rules.as_sequence().unwrap().iter().flat_map(texts).collect();
    for (name, one) in examples {
        assert!(asserted.contains(&name), "{name}");
        assert!(asserted.contains(&text(&one, &["Default"])), "{name}");
    }
}

/// What `make deploy` proposes for a stage, the template takes; and production's it does not.
#[test]
fn a_stage_has_secrets_of_its_own() {
    let (template, makefile) = (template(), read("Makefile"));
    let stages = makefile.lines().find_map(|line| line.strip_prefix("STAGES := ")).unwrap();
    let allowed = texts(at(&template, &["Parameters", "Stage", "AllowedValues"]));
    assert_eq!(stages.split(' ').collect::<Vec<_>>(), allowed);
    let refused = texts(at(&template, &["Rules", "ProductionsSecretsAreItsOwn", "Assertions"]));
    for parameter in ["Secrets", "PaymentSecrets"] {
        let name = text(&template, &["Parameters", parameter, "Default"]);
        assert!(makefile.contains(&format!(" {parameter}={name}-$(STAGE)")), "{parameter}");
        assert!(refused.contains(&name), "{parameter}");
    }
}

const AWS: &str = r#"#!/bin/bash
echo "$@" >> "$CALLS"
case "$2" in
  receive-message)
    if [ -s "$LETTERS" ]; then head -n 1 "$LETTERS"; else echo None; fi ;;
  delete-message)
    sed -i 1d "$LETTERS" ;;
  invoke)
    [ "${REFUSE:-}" = "" ] ;;
esac
"#;

/// Runs `make redrive` over these letters; what is left, and what was called.
fn redrive(letters: &str, refuse: &str) -> (String, String) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("redrive-{}{refuse}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let place = |name: &str| folder.join(name);
    std::fs::write(place("aws"), AWS).unwrap();
    std::fs::set_permissions(place("aws"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(place("letters"), letters).unwrap();
    std::fs::write(place("calls"), "").unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let ran = std::process::Command::new("make")
        .args(["redrive", "QUEUE=https://sqs/dead", "FUNCTION=patient-import"])
        .current_dir(root())
        .env("PATH", path)
        .env("LETTERS", place("letters"))
        .env("CALLS", place("calls"))
        .env("REFUSE", refuse)
        .output()
        .unwrap();
    assert_eq!(ran.status.success(), refuse.is_empty(), "{ran:?}");
    let text = |name: &str| std::fs::read_to_string(place(name)).unwrap();
    let result = (text("letters"), text("calls"));
    std::fs::remove_dir_all(&folder).unwrap();
    result
}

#[test]
fn dead_letters_go_back_and_are_kept_until_they_are_taken() {
    let letters = concat!(
        "h1\t{\"Records\": [{\"a\": 1}]}\n",
        "h2\t{\"job\":\"mails\"}\n",
        // What EventBridge could not deliver is as it came.
        "h3\t{\"detail-type\":\"Scheduled Event\",\"source\":\"aws.events\",\"detail\":{}}\n",
    );
    let (left, calls) = redrive(letters, "");
    assert_eq!(left, "");
    for part in [
        "{\"Records\": [{\"a\": 1}]}",
        "{\"job\":\"mails\"}",
        "\"source\":\"aws.events\"",
        "--receipt-handle h3",
    ] {
        assert!(calls.contains(part), "{calls}");
    }
    // Three letters, and once none. Without waiting SQS may say so though there are some.
    let mut received = 0;
    for call in calls.lines().filter(|line| line.contains("receive-message")) {
        assert!(call.contains("--wait-time-seconds 5"), "{call}");
        received += 1;
    }
    assert_eq!(received, 4);
    let (left, calls) = redrive(letters, "yes");
    assert_eq!(left, letters);
    assert!(!calls.contains("delete-message"), "{calls}");
}
