//! The policy of a browser's form upload: who signed it, until when, and what may be uploaded.
//!
//! The refusals are S3's own: status, code and message as a client would meet them there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

/// S3's refusal: status, code, message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn policy(why: impl std::fmt::Display) -> Self {
        Self::new(403, "AccessDenied", format!("Invalid according to Policy: {why}"))
    }
}

/// The form's fields before the file, names in lower case.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            let why = format!("Bucket POST must contain a field named '{name}'.");
            Refusal::new(400, "InvalidArgument", why)
        })
    }
}

/// Allowed sizes of the file in bytes, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) least: u64,
    pub(super) most: u64,
}

/// Checks signature, expiry and every condition but the size, which only the upload shows.
pub(super) fn check(
    fields: &Fields,
    bucket: &str,
    access_key_id: &str,
    secret: &str,
    now: Timestamp,
) -> Result<Sizes, Refusal> {
    let Some(encoded) = fields.get("policy") else {
        return Err(Refusal::new(403, "AccessDenied", "Access Denied"));
    };
    verify(fields, encoded, access_key_id, secret)?;
    let bad =
        |why: &str| Refusal::new(400, "InvalidPolicyDocument", format!("Invalid Policy: {why}."));
    let text = STANDARD.decode(encoded).map_err(|_| bad("Invalid Base64"))?;
    let policy: Value = serde_json::from_slice(&text).map_err(|_| bad("Invalid JSON"))?;
    let expiration = policy.get("expiration").and_then(Value::as_str);
    let expiration = expiration.ok_or_else(|| bad("Policy missing expiration"))?;
    let expiration: Timestamp =
        expiration.parse().map_err(|_| bad("Invalid 'expiration' value"))?;
    if now > expiration {
        return Err(Refusal::policy("Policy expired."));
    }
    let conditions = policy.get("conditions").and_then(Value::as_array);
    let conditions = conditions.ok_or_else(|| bad("Policy missing conditions"))?;
    let mut covered = Vec::new();
    let mut sizes = Sizes { least: 0, most: u64::MAX };
    for condition in conditions {
        match parse(condition).ok_or_else(|| bad("Invalid Condition"))?.as_slice() {
            [Condition::Size(range)] => sizes = *range,
            all => {
                for one in all {
                    one.check(fields, bucket, condition)?;
                    covered.extend(one.field().map(str::to_owned));
                }
            }
        }
    }
    every_field_is_covered(fields, &covered)?;
    Ok(sizes)
}

/// The signature is over the policy's base64 text.
fn verify(fields: &Fields, policy: &str, id: &str, secret: &str) -> Result<(), Refusal> {
    if fields.need("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
        let why = "Only AWS4-HMAC-SHA256 is supported for x-amz-algorithm";
        return Err(Refusal::new(400, "InvalidArgument", why));
    }
    let credential: Vec<&str> = fields.need("x-amz-credential")?.split('/').collect();
    let [given, date, region, service @ "s3", "aws4_request"] = credential.as_slice() else {
        let why = "the Credential is mal-formed";
        return Err(Refusal::new(400, "AuthorizationQueryParametersError", why));
    };
    if *given != id {
        let why = "The AWS Access Key Id you provided does not exist in our records.";
        return Err(Refusal::new(403, "InvalidAccessKeyId", why));
    }
    let stale = !fields.need("x-amz-date")?.starts_with(date);
    let key = [date.as_bytes(), region.as_bytes(), service.as_bytes(), b"aws4_request"]
        .into_iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let expected = HEXLOWER.encode(&mac(&key, policy.as_bytes()));
    if stale || fields.need("x-amz-signature")? != expected {
        let why = "The request signature we calculated does not match the signature you \
                   provided. Check your key and signing method.";
        return Err(Refusal::new(403, "SignatureDoesNotMatch", why));
    }
    Ok(())
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length; there is no error to meet.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        },
    )
}

enum Condition {
    Equal(String, String),
    Prefix(String, String),
    Size(Sizes),
}

/// `{"field": "value", …}`, `["eq" | "starts-with", "$field", "value"]` or
/// `["content-length-range", least, most]`.
fn parse(condition: &Value) -> Option<Vec<Condition>> {
    match condition {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let value = value.as_str()?.to_owned();
                Some(Condition::Equal(name.to_ascii_lowercase(), value))
            })
            .collect(),
        Value::Array(items) => {
            let [kind, first, second] = items.as_slice() else {
                return None;
            };
            let kind = kind.as_str()?.to_ascii_lowercase();
            if kind == "content-length-range" {
                let range = Sizes { least: number(first)?, most: number(second)? };
                return Some(vec![Condition::Size(range)]);
            }
            let field = first.as_str()?.strip_prefix('$')?.to_ascii_lowercase();
            let value = second.as_str()?.to_owned();
            match kind.as_str() {
                "eq" => Some(vec![Condition::Equal(field, value)]),
                "starts-with" => Some(vec![Condition::Prefix(field, value)]),
                _ => None,
            }
        }
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

impl Condition {
    fn field(&self) -> Option<&str> {
        match self {
            Self::Equal(field, _) | Self::Prefix(field, _) => Some(field),
            Self::Size(_) => None,
        }
    }

    fn check(&self, fields: &Fields, bucket: &str, source: &Value) -> Result<(), Refusal> {
        // The bucket is the address's, whatever the form says.
        let value = |field: &str| match field {
            "bucket" => bucket,
            _ => fields.get(field).unwrap_or_default(),
        };
        let holds = match self {
            Self::Equal(field, wanted) => value(field) == wanted,
            Self::Prefix(field, prefix) if field == "content-type" => {
                // Of a list of types each one must fit.
                value(field).split(',').all(|each| each.trim().starts_with(prefix.as_str()))
            }
            Self::Prefix(field, prefix) => value(field).starts_with(prefix.as_str()),
            Self::Size(_) => true,
        };
        if holds {
            return Ok(());
        }
        Err(Refusal::policy(format_args!("Policy Condition failed: {source}")))
    }
}

fn every_field_is_covered(fields: &Fields, covered: &[String]) -> Result<(), Refusal> {
    let exempt = |name: &str| {
        matches!(name, "policy" | "x-amz-signature" | "file") || name.starts_with("x-ignore-")
    };
    let extra: Vec<&str> = fields
        .0
        .iter()
        .map(|field| field.0.as_str())
        .filter(|name| !exempt(name) && !covered.iter().any(|it| it == name))
        .collect();
    if extra.is_empty() {
        return Ok(());
    }
    Err(Refusal::policy(format_args!("Extra input fields: {}", extra.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "AKIDLOCAL";
    const SECRET: &str = "secret";

    fn form(conditions: &Value, fields: &[(&str, &str)]) -> Fields {
        let policy = json!({ "expiration": "2026-12-01T10:00:00.000Z", "conditions": conditions });
        let policy = STANDARD.encode(policy.to_string());
        let key = ["20261201", "ap-south-1", "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| mac(&key, part.as_bytes()));
        let signature = HEXLOWER.encode(&mac(&key, policy.as_bytes()));
        let own = [
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", "AKIDLOCAL/20261201/ap-south-1/s3/aws4_request"),
            ("x-amz-date", "20261201T090000Z"),
            ("policy", &policy),
            ("x-amz-signature", &signature),
        ];
        let all = own.iter().chain(fields);
        Fields(all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn conditions(more: &[Value]) -> Value {
        let own = [
            json!(["starts-with", "$x-amz-", ""]),
            json!({ "x-amz-algorithm": "AWS4-HMAC-SHA256" }),
            json!(["starts-with", "$x-amz-credential", ""]),
            json!(["starts-with", "$x-amz-date", ""]),
            json!({ "bucket": "b" }),
        ];
        own.iter().chain(more).cloned().collect()
    }

    fn checked(more: &[Value], fields: &[(&str, &str)], now: &str) -> Result<Sizes, Refusal> {
        let form = form(&conditions(more), fields);
        check(&form, "b", ID, SECRET, now.parse().unwrap())
    }

    const BEFORE: &str = "2026-12-01T09:59:59Z";

    #[test]
    fn a_form_within_its_policy_passes_with_its_sizes() {
        let more = [json!(["eq", "$key", "k"]), json!(["content-length-range", 1, 9])];
        let sizes = checked(&more, &[("key", "k")], BEFORE).unwrap();
        assert_eq!(sizes, Sizes { least: 1, most: 9 });
    }

    #[test]
    fn another_key_an_uncovered_field_and_a_late_hour_are_denied() {
        let more = [json!(["eq", "$key", "k"])];
        let key = ("key", "k");
        let denied = [
            (checked(&more, &[("key", "l")], BEFORE), "Policy Condition failed"),
            (checked(&more, &[key, ("acl", "public-read")], BEFORE), "Extra input fields: acl"),
            (checked(&more, &[key], "2026-12-01T10:00:01Z"), "Policy expired."),
        ];
        for (refusal, why) in denied {
            let refusal = refusal.unwrap_err();
            assert_eq!((refusal.status, refusal.code), (403, "AccessDenied"));
            assert!(refusal.message.contains(why), "{}", refusal.message);
        }
        assert!(checked(&more, &[key, ("x-ignore-me", "1")], BEFORE).is_ok());
    }

    #[test]
    fn a_changed_policy_and_another_bucket_are_denied() {
        let mut fields = form(&conditions(&[json!(["eq", "$key", "k"])]), &[("key", "k")]);
        let now = BEFORE.parse().unwrap();
        assert_eq!(check(&fields, "c", ID, SECRET, now).unwrap_err().status, 403);
        for field in fields.0.iter_mut().filter(|field| field.0 == "policy") {
            field.1 = STANDARD.encode("{}");
        }
        let refusal = check(&fields, "b", ID, SECRET, now).unwrap_err();
        assert_eq!(refusal.code, "SignatureDoesNotMatch");
    }
}
