//! Answers that go wrong on request.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{KEY, World};

#[tokio::test]
async fn each_fault_has_its_face_and_ends_by_itself() {
    let world = World::new(None).await;
    let order = world.order("f-1").await;
    let path = format!("/v1/orders/{order}");
    let get = async || {
        let request = world.http.get(format!("{}{path}", world.url));
        let answer = request.basic_auth(KEY.0, Some(KEY.1)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let fault = async |members: serde_json::Value| {
        let mut body = members;
        body["path"] = json!(format!("GET /orders/{order}"));
        assert_eq!(world.post("/simulate/faults", body).await.0, 200);
    };

    // A server's fault has code and description alone; so has the rate limiter.
    for (status, code) in [
        (500, "SERVER_ERROR"),
        (503, "SERVER_ERROR"),
        (502, "GATEWAY_ERROR"),
        (504, "GATEWAY_ERROR"),
        (429, "BAD_REQUEST_ERROR"),
    ] {
        fault(json!({ "status": status })).await;
        let (seen, body) = get().await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((seen, &body["error"]["code"]), (status, &json!(code)));
        let members: Vec<&String> = body["error"].as_object().unwrap().keys().collect();
        assert_eq!(members, ["code", "description"]);
        assert_eq!(get().await.0, 200);
    }

    fault(json!({ "body": "html" })).await;
    let (status, page) = get().await;
    assert_eq!(status, 502);
    assert!(page.starts_with("<html>"), "{page}");

    // Words of one's own: an account without the balance for a refund, say.
    let words = json!({ "error": { "code": "BAD_REQUEST_ERROR", "description": "Low balance" } });
    fault(json!({ "status": 400, "body": words })).await;
    assert_eq!(get().await, (400, words.to_string()));

    fault(json!({ "dropResponse": true, "times": 2 })).await;
    for _ in 0..2 {
        let request = world.http.get(format!("{}{path}", world.url));
        assert!(request.basic_auth(KEY.0, Some(KEY.1)).send().await.is_err());
    }

    fault(json!({ "delayMs": 300 })).await;
    let begun = Instant::now();
    assert_eq!(get().await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));

    fault(json!({ "status": 500, "times": 100 })).await;
    assert_eq!(world.get("/simulate/faults").await["items"][0]["times"], 100);
    world.http.delete(format!("{}/simulate/faults", world.url)).send().await.unwrap();
    assert_eq!(get().await.0, 200);
    for slip in
        [json!({ "path": "/orders", "status": 42 }), json!({ "path": "/orders", "times": 0 })]
    {
        assert_eq!(world.post("/simulate/faults", slip).await.0, 400);
    }
}
