//! Secrets of Secrets Manager: read at the start, in time or not at all.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::configuration::{complaint, with};

/// Answers every request with this secret; the requests, as they came.
fn secrets_manager(secret: &serde_json::Value) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = json!({ "VersionId": "v1", "SecretString": secret.to_string() }).to_string();
    let (heard, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let length = stream.read(&mut request).unwrap();
            let _ = heard.send(String::from_utf8_lossy(&request[..length]).into_owned());
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    (url, requests)
}

const IDENTITY: [(&str, &str); 4] = [
    ("AWS_REGION", "ap-south-1"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "the-key-of-the-role"),
    ("AWS_SESSION_TOKEN", "the-token-of-the-role"),
];

#[test]
fn a_secret_that_is_named_is_read_and_is_what_counts() {
    let secret = json!({ "JWT_SECRET": "short", "KEYS_SECRET": "k".repeat(40) });
    let (url, requests) = secrets_manager(&secret);
    let mut changes = vec![
        ("JWT_SECRET", "secret:mediconnect:JWT_SECRET"),
        ("KEYS_SECRET", "secret:mediconnect:KEYS_SECRET"),
        ("RAZORPAY_WEBHOOK_SECRET", "secret:mediconnect:RAZORPAY_WEBHOOK_SECRET"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str()),
    ];
    changes.extend(IDENTITY);
    let complaint = complaint("razorpay-webhook", &with(&changes));
    assert!(complaint.contains("JWT_SECRET has 5 bytes"), "{complaint}");
    assert!(complaint.contains("RAZORPAY_WEBHOOK_SECRET is not set"), "{complaint}");
    assert!(!complaint.contains("KEYS_SECRET"), "{complaint}");
    let request = requests.recv().unwrap();
    for part in [
        "x-amz-target: secretsmanager.GetSecretValue",
        "x-amz-security-token: the-token-of-the-role",
        "/ap-south-1/secretsmanager/aws4_request",
        r#"{"SecretId":"mediconnect"}"#,
    ] {
        assert!(request.contains(part), "{request}");
    }
    assert!(!request.contains("the-key-of-the-role"));
    assert!(requests.try_recv().is_err(), "one secret is one request");
}

/// Lambda gives a function ten seconds to start.
#[test]
fn without_its_secrets_a_function_does_not_start_and_says_so_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for url in [format!("http://{}", silent.local_addr().unwrap()), "http://127.0.0.1:9".to_owned()]
    {
        let mut changes = vec![
            ("JWT_SECRET", "secret:mediconnect:JWT_SECRET"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.as_str()),
        ];
        changes.extend(IDENTITY);
        let begun = Instant::now();
        let complaint = complaint("razorpay-webhook", &with(&changes));
        assert!(complaint.starts_with("Secrets is unavailable"), "{complaint}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{complaint}");
    }
}
