//! The samples in `events/`: each is what its trigger sends, whole.

use std::collections::BTreeSet;

use aws_lambda_events::event::s3::S3Event;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambda_http::{Body, Request, RequestExt as _, request::RequestContext};
use serde_json::Value;
use shared::outbound::WebhookSecrets;

use crate::{
    files::{below, ends, read},
    template::{Function, functions, text},
};

/// What the webhook samples are signed with, as `events/README.md` says.
const WEBHOOK_SECRET: &str = "sample-webhook-secret-of-events-0001";

/// What every payload 2.0 event of an HTTP API has.
const ALWAYS: [&str; 27] = [
    "/version",
    "/routeKey",
    "/rawPath",
    "/rawQueryString",
    "/headers/content-length",
    "/headers/host",
    "/headers/user-agent",
    "/headers/x-amzn-trace-id",
    "/headers/x-forwarded-for",
    "/headers/x-forwarded-port",
    "/headers/x-forwarded-proto",
    "/requestContext/accountId",
    "/requestContext/apiId",
    "/requestContext/domainName",
    "/requestContext/domainPrefix",
    "/requestContext/http/method",
    "/requestContext/http/path",
    "/requestContext/http/protocol",
    "/requestContext/http/sourceIp",
    "/requestContext/http/userAgent",
    "/requestContext/requestId",
    "/requestContext/routeKey",
    "/requestContext/stage",
    "/requestContext/time",
    "/requestContext/timeEpoch",
    "/isBase64Encoded",
    "/headers/accept",
];

/// A function's samples: name, text, document.
fn samples(function: &str) -> Vec<(String, String, Value)> {
    let files = below(&format!("events/{function}"));
    let json = files.into_iter().filter(|path| ends(path, "json"));
    json.map(|path| {
        let text = read(&path);
        let document =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        (path, text, document)
    })
    .collect()
}

fn triggers(function: &Function, kind: &str) -> Vec<String> {
    let matching = function.events.values().filter(|event| text(event, &["Type"]) == kind);
    matching.map(|event| text(event, &["Properties", "Input"])).collect()
}

#[test]
fn every_function_and_trigger_has_a_sample() {
    let functions = functions();
    let folders: BTreeSet<String> = below("events")
        .iter()
        .filter_map(|path| Some(path.strip_prefix("events/")?.split_once('/')?.0.to_owned()))
        .collect();
    assert_eq!(folders, functions.keys().cloned().collect());
    for (binary, function) in &functions {
        let samples = samples(binary);
        let has = |probe: &dyn Fn(&Value) -> bool| samples.iter().any(|(_, _, event)| probe(event));
        if !function.routes().is_empty() {
            assert!(has(&|event| event.get("routeKey").is_some()), "{binary}");
        }
        if !triggers(function, "S3").is_empty() {
            assert!(has(&|event| event.get("Records").is_some()), "{binary}");
            assert!(has(&|event| event["Event"] == "s3:TestEvent"), "{binary}");
        }
        for event in function.events.values() {
            let template = text(event, &["Properties", "InputTransformer", "InputTemplate"]);
            // Its placeholders stand where a sample has what came with the event.
            let Some((job, _)) = template.split_once(",\"event\":<event>") else {
                assert_ne!(text(event, &["Type"]), "EventBridgeRule", "{binary}");
                continue;
            };
            let input: Value = serde_json::from_str(&format!("{job}}}")).unwrap();
            assert!(has(&|event| event["job"] == input["job"]), "{binary}: {input}");
        }
        for input in triggers(function, "Schedule") {
            let input: Value = serde_json::from_str(&input).unwrap();
            assert!(has(&|event| *event == input), "{binary}: {input}");
        }
    }
}

#[test]
fn http_samples_are_whole_and_of_their_functions_routes() {
    for (binary, function) in functions() {
        for (path, text, event) in samples(&binary) {
            if function.routes().is_empty() {
                continue;
            }
            for member in ALWAYS {
                assert!(
                    event.pointer(member).is_some_and(|value| !value.is_null()),
                    "{path}: {member}"
                );
            }
            let key = event["routeKey"].as_str().unwrap();
            assert!(function.routes().contains(key), "{path}: {key} is no route of {binary}");
            agrees_with_itself(&path, &event);
            let request = lambda_http::request::from_str(&text).unwrap();
            is_read_right(&path, &event, &request);
        }
    }
}

/// What stands twice in an event says the same twice.
fn agrees_with_itself(path: &str, event: &Value) {
    let of = |pointer: &str| event.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let method = of("/requestContext/http/method");
    assert_eq!(of("/routeKey"), of("/requestContext/routeKey"), "{path}");
    assert_eq!(of("/rawPath"), of("/requestContext/http/path"), "{path}");
    assert_eq!(of("/headers/host"), of("/requestContext/domainName"), "{path}");
    assert_eq!(of("/headers/user-agent"), of("/requestContext/http/userAgent"), "{path}");
    assert_eq!(of("/headers/x-forwarded-for"), of("/requestContext/http/sourceIp"), "{path}");
    assert!(of("/routeKey").starts_with(&format!("{method} /")), "{path}");
    assert_eq!(of("/requestContext/stage"), "$default", "{path}");
    let query = !of("/rawQueryString").is_empty();
    assert_eq!(event.get("queryStringParameters").is_some(), query, "{path}");
    let route = of("/routeKey");
    let named: BTreeSet<&str> =
        route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let given = event.get("pathParameters").and_then(Value::as_object);
    let given: BTreeSet<&str> =
        given.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, given, "{path}");
    // API Gateway writes header names in lower case.
    for name in event["headers"].as_object().unwrap().keys() {
        assert_eq!(*name, name.to_ascii_lowercase(), "{path}");
    }
    let time = of("/requestContext/time");
    let epoch = event.pointer("/requestContext/timeEpoch").unwrap().as_i64().unwrap();
    let at = jiff::Timestamp::from_millisecond(epoch).unwrap();
    assert_eq!(at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(), time, "{path}");
}

/// The runtime makes of it the request that was sent.
fn is_read_right(path: &str, event: &Value, request: &Request) {
    assert_eq!(request.method().as_str(), event["requestContext"]["http"]["method"], "{path}");
    assert_eq!(request.uri().path(), event["rawPath"], "{path}");
    assert_eq!(request.uri().query().unwrap_or_default(), event["rawQueryString"], "{path}");
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        panic!("{path}: not a payload 2.0 event");
    };
    assert_eq!(
        context.http.source_ip.as_deref(),
        event["requestContext"]["http"]["sourceIp"].as_str()
    );
    let length = match request.body() {
        Body::Empty => 0,
        Body::Text(text) => text.len(),
        Body::Binary(bytes) => bytes.len(),
        _ => panic!("{path}: a new kind of body"),
    };
    assert_eq!(event["headers"]["content-length"], length.to_string(), "{path}");
}

#[test]
fn the_samples_show_bodies_queries_paths_and_cookies() {
    let all: Vec<Value> =
        functions().keys().flat_map(|binary| samples(binary)).map(|(_, _, event)| event).collect();
    let some = |probe: &dyn Fn(&Value) -> bool| all.iter().any(probe);
    assert!(some(&|event| event["isBase64Encoded"] == true));
    assert!(some(&|event| event["isBase64Encoded"] == false && event.get("body").is_some()));
    for member in ["queryStringParameters", "pathParameters", "cookies"] {
        assert!(some(&|event| event.get(member).is_some()), "{member}");
    }
}

#[test]
fn the_webhook_samples_are_signed() {
    let secrets = WebhookSecrets::new(WEBHOOK_SECRET.to_owned(), None).unwrap();
    assert!(read("events/README.md").contains(WEBHOOK_SECRET));
    for (path, _, event) in samples("razorpay-webhook") {
        let text = event["body"].as_str().unwrap();
        let body = if event["isBase64Encoded"] == true {
            STANDARD.decode(text).unwrap()
        } else {
            text.as_bytes().to_vec()
        };
        let signature = event["headers"]["x-razorpay-signature"].as_str().unwrap();
        assert!(secrets.signed(&body, signature), "{path}");
    }
}

#[test]
fn the_buckets_samples_are_s3s() {
    for (path, text, event) in samples("patient-import") {
        let ours: patient_import::event::Notification = serde_json::from_str(&text).unwrap();
        if event.get("Event").is_some() {
            assert!(ours.records.is_empty(), "{path}");
            let members: BTreeSet<&String> = event.as_object().unwrap().keys().collect();
            let expected =
                ["Service", "Event", "Time", "Bucket", "RequestId", "HostId"].map(str::to_owned);
            assert_eq!(members, expected.iter().collect(), "{path}");
            continue;
        }
        let theirs: S3Event = serde_json::from_str(&text).unwrap();
        let object = &theirs.records[0].s3.object;
        for (name, value) in [
            ("sequencer", &object.sequencer),
            ("version", &object.version_id),
            ("e-tag", &object.e_tag),
        ] {
            assert!(value.is_some(), "{path}: {name}");
        }
        assert!(ours.records.iter().all(patient_import::event::Record::is_creation), "{path}");
        let key = ours.records[0].s3.object.key().unwrap();
        assert!(
            key.starts_with("imports/") && key.contains(' '),
            "{path}: a telling key is encoded"
        );
        let file =
            below("events/patient-import").into_iter().find(|path| ends(path, "csv")).unwrap();
        assert_eq!(object.size, Some(i64::try_from(read(&file).len()).unwrap()), "{path}");
    }
}

#[test]
fn the_schedules_samples_are_jobs() {
    for (path, text, _) in samples("scheduled") {
        let job: Result<scheduled::Job, _> = serde_json::from_str(&text);
        assert!(job.is_ok(), "{path}");
    }
}
