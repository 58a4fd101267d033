//! A function with a wrong configuration does not start, and says all that is wrong at once.

use std::process::Command;

use crate::stack::binaries;

/// Starts a function by itself; answers whether it went well, and what it said.
fn start(function: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(binaries().join(function));
    // Were it to start, it would find no runtime there, and end with another message.
    command.env_clear().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9");
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ] {
        command.env(name, value);
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// The one line that says why; nothing else is said.
pub(crate) fn complaint(function: &str, environment: &[(&str, &str)]) -> String {
    let (code, said) = start(function, environment);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{function}: {said}");
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&line["level"], &line["message"]),
        (&"ERROR".into(), &"the function does not start".into())
    );
    line["error"].as_str().unwrap().to_owned()
}

/// Right in everything.
const RIGHT: [(&str, &str); 11] = [
    ("MONGODB_URI", "mongodb://127.0.0.1:9"),
    ("MONGODB_DATABASE", "mediconnect"),
    ("UPSTASH_REDIS_REST_URL", "https://example.upstash.io"),
    ("UPSTASH_REDIS_REST_TOKEN", "token"),
    ("JWT_SECRET", "a secret of more than thirty-two bytes"),
    ("OTP_SECRET", "another secret of over thirty-two bytes"),
    ("MAIL_FROM", "MediConnect <no-reply@example.com>"),
    ("APP_URL", "https://app.example.com"),
    ("RAZORPAY_WEBHOOK_SECRET", "a webhook secret"),
    ("KEYS_SECRET", "a third secret of over thirty-two bytes"),
    ("HOLD_SECONDS", "600"),
];

pub(crate) fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = RIGHT.to_vec();
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend_from_slice(changes);
    all
}

#[test]
fn everything_that_is_wrong_is_named_in_one_message() {
    let wrong = with(&[
        ("JWT_SECRET", "much-too-short-a-secret"),
        ("OTP_SECRET", ""),
        ("MONGODB_URI", "http://somewhere"),
        ("UPSTASH_REDIS_REST_URL", "redis://somewhere"),
        ("MAIL_FUNCTION", " "),
        ("OTP_PER_HOUR", "many"),
    ]);
    let complaint = complaint("auth", &wrong);
    for part in [
        "JWT_SECRET has 23 bytes; at least 32 are needed",
        "OTP_SECRET is not set",
        "MONGODB_URI must begin with",
        "UPSTASH_REDIS_REST_URL must begin with",
        "MAIL_FUNCTION is not set",
        "OTP_PER_HOUR must be a whole number",
    ] {
        assert_eq!(complaint.matches(part).count(), 1, "{part}: {complaint}");
    }
    for value in ["much-too-short", "somewhere", "many"] {
        assert!(!complaint.contains(value), "{complaint}");
    }
}

#[test]
fn an_empty_webhook_secret_starts_nothing() {
    for secret in ["", "   "] {
        let complaint =
            complaint("razorpay-webhook", &with(&[("RAZORPAY_WEBHOOK_SECRET", secret)]));
        assert!(complaint.contains("RAZORPAY_WEBHOOK_SECRET is not set"), "{complaint}");
    }
}

#[test]
fn without_an_environment_no_other_function_starts() {
    for function in [
        "appointments",
        "auth",
        "hospitals",
        "patient-import",
        "payments",
        "razorpay-webhook",
        "scheduled",
        "slots",
        "users",
    ] {
        let complaint = complaint(function, &[]);
        for name in ["MONGODB_URI is not set", "MONGODB_DATABASE is not set"] {
            assert!(complaint.contains(name), "{function}: {complaint}");
        }
    }
}

/// A deployment waits for it: it asks for its event first, here of a runtime that is not there.
#[test]
fn without_an_environment_the_migration_asks_for_its_event() {
    let (_, said) = start("migrate", &[]);
    assert!(said.contains("client error (Connect)"), "{said}");
    assert!(!said.contains("configuration"), "{said}");
}

#[test]
fn a_right_environment_is_not_complained_of() {
    let (_, said) = start("razorpay-webhook", &RIGHT);
    assert!(!said.contains("configuration"), "{said}");
}
