//! Reading a request: token, encodings, and which of the four forms it has.

use axum::body::Bytes;
use http::{HeaderMap, Uri, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::command::Command;
use super::reply::Format;

/// A query's pairs in their order; a value may be absent.
pub(super) type Query = Vec<(String, String)>;

/// What is to be run.
#[derive(Debug)]
pub(super) enum Form {
    Single(Command),
    Pipeline(Vec<Command>),
    Transaction(Vec<Command>),
}

/// What the headers ask for.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) format: Format,
}

impl Options {
    /// Reads `Upstash-Encoding` and `Upstash-Response-Format`. The two exclude each other.
    pub(super) fn parse(headers: &HeaderMap) -> Result<Self, String> {
        let word = |name: &str| {
            let value = headers.get(name).map(|value| value.to_str().unwrap_or("?"));
            value.map(str::to_ascii_lowercase)
        };
        let base64 = match word("upstash-encoding").as_deref() {
            None => false,
            Some("base64") => true,
            Some(_) => return Err("ERR unsupported Upstash-Encoding".to_owned()),
        };
        let format = match (word("upstash-response-format").as_deref(), base64) {
            (None | Some("json"), false) => Format::Text,
            (None | Some("json"), true) => Format::Base64,
            (Some("resp2"), false) => Format::Resp2,
            (Some("resp2"), true) => {
                return Err("ERR resp2 format is not supported with base64 encoding".to_owned());
            }
            _ => return Err("ERR unsupported Upstash-Response-Format".to_owned()),
        };
        Ok(Self { format })
    }
}

/// The query's pairs, decoded as a form's.
pub(super) fn query(uri: &Uri) -> Query {
    let decode =
        |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Whether the bearer token, or `_token` of the query, is ours. Compared as digests, whose
/// comparison tells nothing of the token.
pub(super) fn authorized(headers: &HeaderMap, query: &Query, token: &str) -> bool {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let given =
        bearer.or_else(|| query.iter().find(|pair| pair.0 == "_token").map(|pair| pair.1.as_str()));
    given.is_some_and(|given| Sha256::digest(given) == Sha256::digest(token))
}

/// Which form, by the path; `body` is there when the method carries one.
pub(super) fn form(path: &str, query: &Query, body: Option<Bytes>) -> Result<Form, String> {
    match (path.trim_end_matches('/'), body) {
        ("", Some(body)) => Command::from_json(parse(&body)?).map(Form::Single),
        ("/pipeline", Some(body)) => commands(&body).map(Form::Pipeline),
        ("/multi-exec", Some(body)) => commands(&body).map(Form::Transaction),
        (_, body) => path_form(path, query, body).map(Form::Single),
    }
}

fn parse(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("ERR failed to parse command: {error}"))
}

fn commands(body: &[u8]) -> Result<Vec<Command>, String> {
    match parse(body)? {
        Value::Array(items) if items.is_empty() => Err("ERR empty pipeline request".to_owned()),
        Value::Array(items) => items.into_iter().map(Command::from_json).collect(),
        _ => Err("ERR failed to parse pipeline request".to_owned()),
    }
}

/// `/CMD/a/b`, then the body as one more word, then the query's names and values.
fn path_form(path: &str, query: &Query, body: Option<Bytes>) -> Result<Command, String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut words: Vec<Vec<u8>> =
        path.split('/').map(|word| percent_decode_str(word).collect()).collect();
    words.extend(body.filter(|body| !body.is_empty()).map(|body| body.to_vec()));
    for (name, value) in query.iter().filter(|(name, _)| name != "_token") {
        words.push(name.clone().into_bytes());
        if !value.is_empty() {
            words.push(value.clone().into_bytes());
        }
    }
    Command::from_words(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str, body: Option<&'static str>) -> Vec<String> {
        let uri: Uri = path.parse().unwrap();
        let body = body.map(|body| Bytes::from_static(body.as_bytes()));
        match form(uri.path(), &query(&uri), body).unwrap() {
            Form::Single(command) => {
                command.words().iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_path_form_takes_body_and_query() {
        assert_eq!(words("/set/foo/bar?_token=T", None), ["set", "foo", "bar"]);
        assert_eq!(words("/set/foo?EX=100", Some("v w")), ["set", "foo", "v w", "EX", "100"]);
        assert_eq!(words("/set/a%2Fb/x%20y?NX", None), ["set", "a/b", "x y", "NX"]);
        assert_eq!(words("/", Some(r#"["GET","a"]"#)), ["GET", "a"]);
    }

    #[test]
    fn resp2_and_base64_exclude_each_other() {
        let options = |pairs: &[(&'static str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
            Options::parse(&pairs.collect())
        };
        assert_eq!(options(&[("upstash-encoding", "base64")]).unwrap().format, Format::Base64);
        assert!(options(&[("upstash-response-format", "resp3")]).is_err());
        let both = [("upstash-encoding", "base64"), ("upstash-response-format", "resp2")];
        assert!(options(&both).is_err());
    }
}
