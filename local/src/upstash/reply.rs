//! Redis's values as Upstash writes them: JSON, JSON with base64 strings, or RESP2 bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use redis::{ServerError, Value};
use serde_json::{Value as Json, json};

use super::Body;

/// How strings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As text; bytes that are not UTF-8 are replaced.
    Text,
    /// Every string but `OK`, nested ones too.
    Base64,
    /// Redis's own protocol, as Upstash passes it through on request.
    Resp2,
}

impl Format {
    /// The answer to one command.
    pub(super) fn single(self, value: &Value) -> Body {
        if self == Self::Resp2 {
            let mut bytes = Vec::new();
            resp2(value, &mut bytes);
            return Body("application/octet-stream", bytes.into());
        }
        json_body(&json!({ "result": self.value(value) }))
    }

    /// The answer to several, each with its result or its error.
    pub(super) fn many(self, results: &[Result<Value, String>]) -> Body {
        if self == Self::Resp2 {
            let mut bytes = format!("*{}\r\n", results.len()).into_bytes();
            for result in results {
                match result {
                    Ok(value) => resp2(value, &mut bytes),
                    Err(error) => bytes.extend(format!("-{error}\r\n").into_bytes()),
                }
            }
            return Body("application/octet-stream", bytes.into());
        }
        let items: Vec<Json> = results
            .iter()
            .map(|result| match result {
                Ok(value) => json!({ "result": self.value(value) }),
                Err(error) => json!({ "error": error }),
            })
            .collect();
        json_body(&Json::Array(items))
    }

    fn value(self, value: &Value) -> Json {
        match value {
            Value::Int(number) => json!(number),
            Value::Okay => json!("OK"),
            Value::SimpleString(text) => self.string(text.as_bytes()),
            Value::BulkString(bytes) => self.string(bytes),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::ServerError(error) => json!({ "error": words(error) }),
            // Nil. The other kinds are RESP3's, and the connection speaks RESP2.
            _ => Json::Null,
        }
    }

    fn string(self, bytes: &[u8]) -> Json {
        match self {
            Self::Base64 if bytes != b"OK" => Json::String(STANDARD.encode(bytes)),
            _ => Json::String(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

fn json_body(body: &Json) -> Body {
    Body("application/json", body.to_string().into())
}

/// An error as Redis words it: `ERR …`, `NOSCRIPT …`, `WRONGTYPE …`.
pub(super) fn words(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

/// A command's value, or its failure.
pub(super) fn outcome(value: Value) -> Result<Value, String> {
    match value {
        Value::ServerError(error) => Err(words(&error)),
        value => Ok(value),
    }
}

fn resp2(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Int(number) => out.extend(format!(":{number}\r\n").into_bytes()),
        Value::Okay => out.extend_from_slice(b"+OK\r\n"),
        Value::SimpleString(text) => out.extend(format!("+{text}\r\n").into_bytes()),
        Value::BulkString(bytes) => {
            out.extend(format!("${}\r\n", bytes.len()).into_bytes());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        }
        Value::Array(items) => {
            out.extend(format!("*{}\r\n", items.len()).into_bytes());
            for item in items {
                resp2(item, out);
            }
        }
        Value::ServerError(error) => out.extend(format!("-{}\r\n", words(error)).into_bytes()),
        _ => out.extend_from_slice(b"$-1\r\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_covers_nested_strings_and_spares_ok() {
        let value = Value::Array(vec![
            Value::BulkString(b"bar".to_vec()),
            Value::Okay,
            Value::Nil,
            Value::Array(vec![Value::BulkString(vec![0xff]), Value::Int(7)]),
        ]);
        assert_eq!(Format::Base64.value(&value), json!(["YmFy", "OK", null, ["/w==", 7]]));
    }

    #[test]
    fn resp2_is_redis_own() {
        let value = Value::Array(vec![Value::BulkString(b"ab".to_vec()), Value::Nil]);
        let mut bytes = Vec::new();
        resp2(&value, &mut bytes);
        assert_eq!(bytes, b"*2\r\n$2\r\nab\r\n$-1\r\n");
    }
}
