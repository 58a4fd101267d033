//! What `make run` says when everything is up.

use std::{path::Path, time::Duration};

use serde_json::Value;

use crate::seed::{Demo, HOSPITAL};

/// Prints where things are, and commands to paste.
pub fn print(stack: &Value, file: &Path, took: Duration) {
    let at = |pointer: &str| stack.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    let file = file.display();
    println!();
    println!("MediConnect is up ({:.1} s). Ctrl-C ends it.", took.as_secs_f64());
    println!();
    for (what, value) in [
        ("API", at("/api")),
        ("API documents", &format!("{}/docs", at("/api"))),
        ("Mails", at("/mail/ui")),
        ("S3", &format!("{}/{}", at("/s3/endpoint"), at("/s3/bucket"))),
        ("Razorpay", at("/razorpay/endpoint")),
        ("Checkout page", &format!("{}/checkout?order_id=…", at("/razorpay/endpoint"))),
        ("MongoDB", &format!("{} ({})", at("/mongodb/uri"), at("/mongodb/database"))),
        ("Administrator", &format!("{}  {}", at("/admin/email"), at("/admin/password"))),
    ] {
        println!("  {what:<14} {value}");
    }
    if stack.get("demo").is_none() {
        return;
    }
    println!("  Demo hospital  {HOSPITAL}; its people and their passwords are in {file}");
    let password = at("/demo/people/0/password");
    let (doctor, patient) = (Demo::email("doctor"), Demo::email("patient"));
    println!(
        r#"
Log in as a patient, look for a slot, book it:

  API={api}
  member() {{ python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }}
  TOKEN=$(curl -s $API/login -H 'content-type: application/json' \
    -d '{{"email":"{patient}","password":"{password}","hospital":"{HOSPITAL}"}}' | member '["accessToken"]')
  SLOT=$(curl -s "$API/slots?limit=1" -H "authorization: Bearer $TOKEN" | member '["items"][0]["id"]')
  curl -s $API/slots/book -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \
    -d "{{\"slotId\":\"$SLOT\"}}" | python3 -m json.tool
  curl -s $API/appointments/upcoming -H "authorization: Bearer $TOKEN" | python3 -m json.tool

The doctor's log-in is {doctor}, with the same password. README.md has the whole story.
"#,
        api = at("/api"),
    );
}
