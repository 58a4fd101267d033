//! Upstash's REST API before a real `redis-server`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects is to end there"
)]

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use local::upstash::{self, Config};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

const TOKEN: &str = "a-token";

struct World {
    url: String,
    http: Client,
    port: u16,
    folder: TempDir,
    redis: Child,
}

fn redis(port: u16, folder: &Path) -> Child {
    let child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is needed on the PATH");
    let patience = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(patience.elapsed() < Duration::from_secs(10), "redis-server did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

impl Drop for World {
    fn drop(&mut self) {
        let _gone = self.redis.kill();
        let _reaped = self.redis.wait();
    }
}

impl World {
    async fn new() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        let redis = redis(port, folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let redis_url = format!("redis://127.0.0.1:{port}");
        let config = Config { redis_url, token: TOKEN.to_owned() };
        tokio::spawn(async move { upstash::serve(listener, config).await.unwrap() });
        let http = Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        Self { url, http, port, folder, redis }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(TOKEN);
        let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
        request.body(body.to_owned()).send().await.unwrap()
    }

    async fn run(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.send(Method::POST, path, &[], &body.to_string()).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn the_forms_of_a_request() {
    let world = World::new().await;
    let text = async |method: Method, path: &str, body: &str| {
        world.send(method, path, &[], body).await.text().await.unwrap()
    };
    assert_eq!(world.run("/", json!(["SET", "n", 41])).await, (200, json!({ "result": "OK" })));
    assert_eq!(world.run("/", json!(["INCR", "n"])).await.1, json!({ "result": 42 }));
    assert_eq!(text(Method::GET, "/set/a/b%2Fc", "").await, r#"{"result":"OK"}"#);
    assert_eq!(text(Method::GET, "/get/a", "").await, r#"{"result":"b/c"}"#);
    assert_eq!(text(Method::POST, "/set/v?EX=100", "the value").await, r#"{"result":"OK"}"#);
    assert_eq!(text(Method::GET, "/ttl/v", "").await, r#"{"result":100}"#);
    assert_eq!(text(Method::HEAD, "/get/a", "").await, "");
    let path = format!("{}/get/a?_token={TOKEN}", world.url);
    assert_eq!(world.http.get(path).send().await.unwrap().status(), 200);
    assert_eq!(world.send(Method::DELETE, "/get/a", &[], "").await.status(), 405);
}

#[tokio::test]
async fn a_pipeline_goes_on_after_an_error_and_a_transaction_is_one_piece() {
    let world = World::new().await;
    let commands = json!([["SET", "k", "x"], ["INCR", "k"], ["SUBSCRIBE", "c"], ["GET", "k"]]);
    let (status, items) = world.run("/pipeline", commands).await;
    assert_eq!(
        (status, &items[0], &items[3]),
        (200, &json!({ "result": "OK" }), &json!({ "result": "x" }))
    );
    assert!(items[1]["error"].as_str().unwrap().starts_with("ERR "));
    assert!(items[2]["error"].as_str().unwrap().starts_with("ERR "));

    let commands = json!([["SET", "t", "x"], ["INCR", "t"], ["GET", "t"]]);
    let (status, items) = world.run("/multi-exec", commands).await;
    assert_eq!((status, &items[2]), (200, &json!({ "result": "x" })));
    assert!(items[1]["error"].as_str().unwrap().starts_with("ERR "));

    let commands = json!([["SET", "never", 1], ["NOSUCH"], ["SET", "never", 2]]);
    let (status, refusal) = world.run("/multi-exec", commands).await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().starts_with("ERR unknown command"));
    assert_eq!(world.run("/", json!(["GET", "never"])).await.1, json!({ "result": null }));
}

#[tokio::test]
async fn scripts_run_and_unknown_ones_are_named() {
    let world = World::new().await;
    let script = "return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}";
    let (_, result) = world.run("/", json!(["EVAL", script, 1, "k", "v"])).await;
    assert_eq!(result, json!({ "result": ["k", "v", 1] }));
    let (_, loaded) = world.run("/", json!(["SCRIPT", "LOAD", script])).await;
    let (_, result) = world.run("/", json!(["EVALSHA", loaded["result"], 1, "k", "v"])).await;
    assert_eq!(result["result"][2], 2);
    let (status, refusal) = world.run("/", json!(["EVALSHA", "0".repeat(40), 0])).await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().starts_with("NOSCRIPT "));
}

#[tokio::test]
async fn encodings() {
    let world = World::new().await;
    world.run("/", json!(["SET", "foo", "bar"])).await;
    let base64 = ("Upstash-Encoding", "base64");
    let resp2 = ("Upstash-Response-Format", "resp2");
    let get = async |headers: &[(&str, &str)]| {
        let answer = world
            .send(Method::POST, "/pipeline", headers, r#"[["MGET","foo","no"],["SET","x","y"]]"#)
            .await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get(&[base64]).await.1, r#"[{"result":["YmFy",null]},{"result":"OK"}]"#);
    assert_eq!(get(&[resp2]).await.1, "*2\r\n*2\r\n$3\r\nbar\r\n$-1\r\n+OK\r\n");
    assert_eq!(get(&[base64, resp2]).await.0, 400);
    assert_eq!(get(&[("Upstash-Response-Format", "xml")]).await.0, 400);
    let transaction = world.send(Method::POST, "/multi-exec", &[resp2], r#"[["GET","foo"]]"#).await;
    assert_eq!(transaction.status(), 400);
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let world = World::new().await;
    for (path, token) in [("/", "wrong"), ("/pipeline", ""), ("/multi-exec", "a-toke")] {
        let request = world.http.post(format!("{}{path}", world.url)).bearer_auth(token);
        let answer = request.body(r#"["GET","a"]"#).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"], "WRONGPASS invalid or missing auth token");
    }
}

#[tokio::test]
async fn five_hundred_at_once_are_told_apart() {
    let world = World::new().await;
    let all = (0..500).map(|_| world.run("/", json!(["INCR", "race"])));
    let mut numbers: Vec<i64> = futures_util::future::join_all(all)
        .await
        .into_iter()
        .map(|(_, answer)| answer["result"].as_i64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=500).collect::<Vec<i64>>());
}

#[tokio::test]
async fn redis_goes_and_comes_back() {
    let mut world = World::new().await;
    assert_eq!(world.run("/", json!(["PING"])).await.1, json!({ "result": "PONG" }));
    world.redis.kill().unwrap();
    world.redis.wait().unwrap();
    let asked = Instant::now();
    let (status, refusal) = world.run("/", json!(["PING"])).await;
    assert_eq!(status, 500);
    assert!(refusal["error"].as_str().unwrap().starts_with("ERR "));
    assert!(asked.elapsed() < Duration::from_secs(3));
    world.redis = redis(world.port, world.folder.path());
    assert_eq!(world.run("/", json!(["PING"])).await.1, json!({ "result": "PONG" }));
}
