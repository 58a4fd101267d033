//! A stand-in, AWS's own SDK, and a browser's signed form.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use local::s3::{self, Config};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub(crate) const BUCKET: &str = "uploads-local";
const REGION: &str = "ap-south-1";
const ID: &str = "AKIDLOCAL";
const SECRET: &str = "a-local-secret";

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) s3: Client,
    pub(crate) http: reqwest::Client,
    pub(crate) events: UnboundedReceiver<Value>,
    pub(crate) folder: TempDir,
}

pub(crate) async fn start(root: PathBuf) -> (String, Client, UnboundedReceiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, events) = unbounded_channel();
    let config = Config {
        root,
        bucket: BUCKET.to_owned(),
        region: REGION.to_owned(),
        access_key_id: ID.to_owned(),
        secret_access_key: SECRET.to_owned(),
        events: sender,
    };
    tokio::spawn(async move { s3::serve(listener, config).await.unwrap() });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(ID, SECRET, None, None, "test"))
        .endpoint_url(&url)
        .force_path_style(true)
        .build();
    (url, Client::from_conf(config), events)
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, s3, events) = start(folder.path().to_owned()).await;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        Self { url, s3, http, events, folder }
    }

    pub(crate) async fn put(&self, key: &str, body: &[u8]) -> String {
        let put = self.s3.put_object().bucket(BUCKET).key(key).body(body.to_vec().into());
        put.send().await.unwrap().e_tag.unwrap()
    }

    pub(crate) async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let got = self.s3.get_object().bucket(BUCKET).key(key).send().await.ok()?;
        Some(got.body.collect().await.unwrap().to_vec())
    }

    /// A browser's form, signed for `key`, 1 to 20 bytes of CSV; `change` is the cheat.
    pub(crate) async fn form(
        &self,
        key: &str,
        file: &str,
        change: Option<(&str, &str)>,
    ) -> reqwest::Response {
        let mut fields = signed_form(key);
        if let Some((name, value)) = change {
            fields.retain(|field| field.0 != name);
            fields.push((name.to_owned(), value.to_owned()));
        }
        let mut body = String::new();
        for (name, value) in &fields {
            let head = format!("Content-Disposition: form-data; name=\"{name}\"");
            write!(body, "--XX\r\n{head}\r\n\r\n{value}\r\n").unwrap();
        }
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"p.csv\"";
        write!(body, "--XX\r\n{head}\r\n\r\n{file}\r\n--XX--\r\n").unwrap();
        let request = self.http.post(format!("{}/{BUCKET}", self.url)).body(body);
        request.header("content-type", "multipart/form-data; boundary=XX").send().await.unwrap()
    }
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn signed_form(key: &str) -> Vec<(String, String)> {
    let credential = format!("{ID}/20260101/{REGION}/s3/aws4_request");
    let mut fields = vec![
        ("key".to_owned(), key.to_owned()),
        ("Content-Type".to_owned(), "text/csv".to_owned()),
        ("x-amz-algorithm".to_owned(), "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential".to_owned(), credential),
        ("x-amz-date".to_owned(), "20260101T000000Z".to_owned()),
    ];
    let mut conditions: Vec<Value> =
        fields.iter().map(|(name, value)| json!({ name.as_str(): value })).collect();
    conditions.push(json!({ "bucket": BUCKET }));
    conditions.push(json!(["content-length-range", 1, 20]));
    let policy = json!({ "expiration": "2099-01-01T00:00:00Z", "conditions": conditions });
    let policy = STANDARD.encode(policy.to_string());
    let key = ["20260101", REGION, "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| mac(&key, part));
    fields.push(("x-amz-signature".to_owned(), HEXLOWER.encode(&mac(&key, &policy))));
    fields.push(("policy".to_owned(), policy));
    fields
}
