//! CORS by the API's configuration: the gateway answers preflights itself and puts its own headers
//! over the function's.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
};

use crate::template::Cors;

/// Whether a browser asks before it sends.
pub(super) fn is_preflight(request: &Request<Body>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight; [`decorate`] adds the origin.
pub(super) fn preflight(rules: &Cors, request: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if allowed(rules, request.get(header::ORIGIN)).is_some() {
        let headers = response.headers_mut();
        put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &rules.methods.join(","));
        put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &rules.headers.join(","));
        if let Some(seconds) = rules.max_age {
            put(headers, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
    }
    response
}

/// Replaces the function's CORS headers by the configured ones.
pub(super) fn decorate(rules: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
    let Some(allowed) = allowed(rules, origin) else {
        return;
    };
    put(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, &allowed);
    put(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &rules.expose.join(","));
    if rules.credentials {
        put(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
}

fn allowed(rules: &Cors, origin: Option<&HeaderValue>) -> Option<String> {
    let origin = origin?.to_str().ok()?;
    let matching = |rule: &&String| {
        let (before, after) = rule.split_once('*').unwrap_or((rule, "\u{0}"));
        rule.eq_ignore_ascii_case(origin)
            || (after != "\u{0}" && origin.starts_with(before) && origin.ends_with(after))
    };
    let rule = rules.origins.iter().find(matching)?;
    Some(if rule == "*" && !rules.credentials { rule.clone() } else { origin.to_owned() })
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_match_by_name_and_by_star() {
        let rules = |origins: &[&str]| Cors {
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            ..Cors::default()
        };
        let ask = |origins: &[&str], origin: &'static str| {
            allowed(&rules(origins), Some(&HeaderValue::from_static(origin)))
        };
        assert_eq!(ask(&["*"], "https://a.org").as_deref(), Some("*"));
        assert_eq!(ask(&["https://a.org"], "https://a.org").as_deref(), Some("https://a.org"));
        assert_eq!(
            ask(&["https://*.a.org"], "https://x.a.org").as_deref(),
            Some("https://x.a.org")
        );
        assert_eq!(ask(&["https://a.org"], "https://b.org"), None);
    }
}
