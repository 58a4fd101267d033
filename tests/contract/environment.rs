//! What a function asks of its environment is what the template gives it.

use std::collections::{BTreeMap, BTreeSet};

use shared::web::{Environment, Function};

use crate::template::functions;

/// Lambda sets these, and forbids a template to.
const BY_LAMBDA: [&str; 5] = [
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];
/// Only a machine without AWS sets these; the SDKs read them too.
const ELSEWHERE: [&str; 3] =
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL_LAMBDA"];
/// Read by the C library, before a function is.
const BY_LIBC: [&str; 2] = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"];
/// Read before anything else, by every function.
const OF_THE_LOG: [&str; 2] = ["LOG_LEVEL", "METRICS_NAMESPACE"];

/// The names each function asks for, by its binary; Lambda's own left out.
pub(crate) fn asked() -> BTreeMap<String, BTreeSet<String>> {
    fn http<F: Function>() -> (String, BTreeSet<String>) {
        let names = of(|env| drop(F::configure(env)));
        (F::NAME.to_owned(), names)
    }
    let events = [
        ("patient-import", of(|env| drop(patient_import::configure(env)))),
        ("scheduled", of(|env| drop(scheduled::Scheduled::configure(env)))),
        ("migrate", of(|env| drop(migrate::Migrate::configure(env)))),
    ];
    let mut all = BTreeMap::from([
        http::<auth::Auth>(),
        http::<users::Users>(),
        http::<hospitals::Hospitals>(),
        http::<slots::Slots>(),
        http::<appointments::Appointments>(),
        http::<payments::Payments>(),
        http::<razorpay_webhook::RazorpayWebhook>(),
    ]);
    all.extend(events.map(|(name, names)| (name.to_owned(), names)));
    all
}

fn of(configure: impl FnOnce(&mut Environment)) -> BTreeSet<String> {
    let mut env = Environment::of([]);
    configure(&mut env);
    let asked = env.asked().iter().copied().chain(OF_THE_LOG);
    asked
        .filter(|name| !BY_LAMBDA.contains(name) && !ELSEWHERE.contains(name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_function_gets_what_it_asks_for_and_nothing_else() {
    let given = |names: BTreeSet<String>| -> BTreeSet<String> {
        names.into_iter().filter(|name| !BY_LIBC.contains(&name.as_str())).collect()
    };
    let given: BTreeMap<String, BTreeSet<String>> = functions()
        .into_iter()
        .map(|(binary, function)| (binary, given(function.environment)))
        .collect();
    let asked = asked();
    let all: BTreeSet<&String> = given.keys().chain(asked.keys()).collect();
    for binary in all {
        let (given, asked) = (given.get(binary), asked.get(binary));
        assert_eq!(given, asked, "{binary}: the template's, then the code's");
    }
}

#[test]
fn a_secret_comes_from_the_secret_store() {
    let template = crate::files::read("template.yaml");
    for line in template.lines() {
        let Some((name, value)) = line.trim().split_once(": ") else {
            continue;
        };
        let secret =
            ["_SECRET", "_TOKEN", "_PASSWORD", "_URI"].iter().any(|end| name.ends_with(end));
        assert!(!secret || value.contains("'secret:${"), "{name} stands in the template");
    }
}
