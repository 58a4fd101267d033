//! API Gateway's choice of a route: a full match before a greedy variable, both before `$default`;
//! static segments before variables, a method before `ANY`.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::template::{Event, Template};

/// All routes, the most specific first.
#[derive(Debug, Default)]
pub struct Routes(Vec<Route>);

#[derive(Debug)]
struct Route {
    method: String,
    segments: Vec<Segment>,
    /// As written in the template: `GET /users/{id}`, or `$default`.
    key: String,
    function: String,
}

/// In the order in which they are preferred.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Static(String),
    Variable(String),
    Greedy(String),
}

/// The route of one request.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The route's key.
    pub key: String,
    /// The function behind it.
    pub function: String,
    /// Path variables, decoded.
    pub parameters: BTreeMap<String, String>,
}

impl Routes {
    /// The routes of a template's functions.
    pub fn new(template: &Template) -> Self {
        let mut routes = Vec::new();
        for function in &template.functions {
            for event in &function.events {
                if let Event::Http { method, path } = event {
                    routes.push(Route::new(method, path, &function.name));
                }
            }
        }
        routes.sort_by_key(Route::rank);
        Self(routes)
    }

    /// The keys of all routes.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|route| route.key.as_str())
    }

    /// The route of a method and a raw path.
    pub fn find(&self, method: &str, path: &str) -> Option<Found> {
        self.0.iter().find_map(|route| {
            let parameters = route.matches(method, path)?;
            let (key, function) = (route.key.clone(), route.function.clone());
            Some(Found { key, function, parameters })
        })
    }
}

impl Route {
    fn new(method: &str, path: &str, function: &str) -> Self {
        let function = function.to_owned();
        let method = method.to_owned();
        if path == "$default" {
            let (segments, key) = (vec![Segment::Greedy(String::new())], "$default".to_owned());
            return Self { method, segments, key, function };
        }
        let segments = path.split('/').skip(1).map(Segment::new).collect();
        let key = format!("{method} {path}");
        Self { method, segments, key, function }
    }

    fn rank(&self) -> (bool, Vec<u8>, bool) {
        let kinds = self.segments.iter().map(|segment| match segment {
            Segment::Static(_) => 0,
            Segment::Variable(_) => 1,
            Segment::Greedy(_) => 2,
        });
        (self.key == "$default", kinds.collect(), self.method == "ANY")
    }

    fn matches(&self, method: &str, path: &str) -> Option<BTreeMap<String, String>> {
        if self.method != "ANY" && self.method != method {
            return None;
        }
        if self.key == "$default" {
            return Some(BTreeMap::new());
        }
        let mut rest = path.strip_prefix('/')?;
        let mut parameters = BTreeMap::new();
        let mut segments = self.segments.iter().peekable();
        while let Some(segment) = segments.next() {
            let (head, tail) = match rest.split_once('/') {
                Some((head, tail)) => (head, Some(tail)),
                None => (rest, None),
            };
            match segment {
                Segment::Static(text) if text == head => {}
                Segment::Variable(name) if !head.is_empty() => {
                    parameters.insert(name.clone(), decode(head));
                }
                Segment::Greedy(name) if !rest.is_empty() => {
                    parameters.insert(name.clone(), decode(rest));
                    return Some(parameters);
                }
                _ => return None,
            }
            match tail {
                Some(tail) if segments.peek().is_some() => rest = tail,
                None if segments.peek().is_none() => return Some(parameters),
                _ => return None,
            }
        }
        None
    }
}

impl Segment {
    fn new(text: &str) -> Self {
        let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        match inside.map(|name| (name, name.strip_suffix('+'))) {
            Some((_, Some(greedy))) => Self::Greedy(greedy.to_owned()),
            Some((name, None)) => Self::Variable(name.to_owned()),
            None => Self::Static(text.to_owned()),
        }
    }
}

/// Percent-decodes as API Gateway does before it hands anything on.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(list: &[&str]) -> Routes {
        let mut routes: Vec<Route> = list
            .iter()
            .map(|key| {
                let (method, path) = key.split_once(' ').unwrap_or(("ANY", key));
                Route::new(method, path, "f")
            })
            .collect();
        routes.sort_by_key(Route::rank);
        Routes(routes)
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = routes(&[
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/{id}",
            "ANY /pets/{id}",
            "GET /pets/dog",
            "GET /",
        ]);
        for (method, path, expected) in [
            ("GET", "/pets/dog", Some("GET /pets/dog")),
            ("GET", "/pets/6", Some("GET /pets/{id}")),
            ("POST", "/pets/6", Some("ANY /pets/{id}")),
            ("POST", "/pets/dog", Some("ANY /pets/{id}")),
            ("GET", "/pets/6/toys", Some("GET /pets/{proxy+}")),
            ("POST", "/pets/6/toys", Some("ANY /{proxy+}")),
            ("GET", "/", Some("GET /")),
            ("POST", "/", Some("$default")),
        ] {
            let found = routes.find(method, path).map(|found| found.key);
            assert_eq!(found.as_deref(), expected, "{method} {path}");
        }
    }

    #[test]
    fn without_a_match_there_is_none() {
        let routes = routes(&["GET /users/{id}", "POST /slots/book"]);
        for (method, path) in [
            ("GET", "/users"),
            ("GET", "/users/"),
            ("GET", "/users/1/"),
            ("GET", "/users/1/x"),
            ("POST", "/users/1"),
            ("HEAD", "/users/1"),
            ("GET", "/slots/book"),
            ("POST", "/slots/book/"),
        ] {
            assert_eq!(routes.find(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn path_variables_are_decoded() {
        let routes = routes(&["GET /users/{id}/notes/{rest+}"]);
        let found = routes.find("GET", "/users/a%20b/notes/x/y%2Bz").unwrap();
        let expected = [("id", "a b"), ("rest", "x/y+z")];
        assert_eq!(found.parameters, expected.map(|(k, v)| (k.into(), v.into())).into());
    }
}
