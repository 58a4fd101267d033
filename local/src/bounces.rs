//! SES's mailbox simulator: mails to `bounce@simulator.amazonses.com` and `complaint@…`, with or
//! without a label (`bounce+asha@…`), come back or are called spam, and `scheduled` is told as the
//! rule of the template tells it. The local SES takes every mail and keeps no tags, so what is told
//! names no account.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{console::Mails, runtime_api::RuntimeApi};

const FUNCTION: &str = "scheduled";
const DOMAIN: &str = "@simulator.amazonses.com";
/// How soon it is told; SES takes seconds too.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks through the mails until the stack ends.
pub async fn tell(mails: Mails, runtime: Arc<RuntimeApi>) {
    let (mut told, mut since) = (HashSet::new(), None);
    loop {
        // SES may be away for a test; it is asked again.
        for mail in mails.since(since).await.unwrap_or_default() {
            since = mail.get("at").and_then(Value::as_u64).max(since);
            let id = mail.get("messageId").and_then(Value::as_str).unwrap_or_default();
            if told.insert(id.to_owned()) {
                for event in events(&mail) {
                    runtime.invoke_later(FUNCTION, &event);
                }
            }
        }
        sleep(PAUSE).await;
    }
}

/// What is told of a mail: nothing, unless it went to the simulator.
fn events(mail: &Value) -> Vec<Value> {
    let to = mail.pointer("/destination/to").and_then(Value::as_array);
    let addresses = to.into_iter().flatten().filter_map(Value::as_str);
    addresses.filter_map(|address| event(mail, address)).collect()
}

fn event(mail: &Value, address: &str) -> Option<Value> {
    let recipients = json!([{ "emailAddress": address }]);
    let (kind, member, told) = match address.strip_suffix(DOMAIN)?.split('+').next()? {
        "bounce" => (
            "Bounce",
            "bounce",
            json!({ "bounceType": "Permanent", "bouncedRecipients": recipients }),
        ),
        "complaint" => ("Complaint", "complaint", json!({ "complainedRecipients": recipients })),
        _ => return None,
    };
    let sent = json!({ "messageId": mail.get("messageId"), "destination": [address], "tags": {} });
    let event = json!({ "eventType": kind, member: told, "mail": sent });
    Some(json!({ "job": "undelivered", "event": event }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mails_to_the_simulator_are_told_of() {
        let kind = |to: &str| {
            let told = events(&json!({ "messageId": "m", "destination": { "to": [to] } }));
            told.first().map(|told| told["event"]["eventType"].clone())
        };
        assert_eq!(kind("bounce@simulator.amazonses.com"), Some(json!("Bounce")));
        assert_eq!(kind("bounce+asha@simulator.amazonses.com"), Some(json!("Bounce")));
        assert_eq!(kind("complaint+1@simulator.amazonses.com"), Some(json!("Complaint")));
        for other in ["success@simulator.amazonses.com", "bounce@sunrise.example", "asha@x.example"]
        {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
