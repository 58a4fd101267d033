//! Razorpay's own SDK for Python, pinned, against the simulator: `sdk.py` does the talking.

use serde_json::json;
use tokio::process::Command;

use crate::stack::tool;
use crate::world::{KEY, WEBHOOK_SECRET, World, hmac};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/razorpay/sdk.py");

#[tokio::test]
async fn razorpays_own_sdk_works_against_it() {
    let world = World::new(None).await;
    let order = world.order("of-the-webhook").await;
    let plan = json!({ "order": ["payment.captured"] });
    let body = json!({ "order_id": order, "outcome": "captured", "webhook": plan });
    world.post("/simulate/checkout", body).await;
    assert_eq!(world.webhooks(1).await, ["payment.captured"]);
    let raw = world.raw.lock().unwrap().pop().unwrap();
    let signature = hmac(WEBHOOK_SECRET, raw.as_bytes());
    let run = Command::new(tool("python"))
        .args(["-I", SCRIPT, &world.url, KEY.0, KEY.1, &raw, &signature, WEBHOOK_SECRET])
        .output()
        .await
        .unwrap();
    let (said, complained) =
        (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
    assert!(run.status.success(), "{said}\n{complained}");
    let done = ["orders", "payments", "refunds", "payment links", "signatures", "errors"];
    for part in done {
        assert!(said.lines().any(|line| line == part), "{part}: {said}\n{complained}");
    }
}
