//! Who may do what, as one table a reviewer can read: `access.golden`.
//!
//! It is put together from the signatures of the handlers and the table of permits. After a change
//! that is meant, `UPDATE_GOLDEN=1 cargo test -p tests --test contract access` writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use shared::tenancy::PERMITS;

use crate::{
    document::{PUBLIC, operations},
    files::{Source, production, read, root},
};

const GOLDEN: &str = "tests/contract/access.golden";

/// A handler's route and the permit its signature names.
struct Handler {
    route: String,
    permit: Option<String>,
}

/// The handlers of one source, found by the annotation that mounts them.
fn handlers(source: &Source) -> Vec<Handler> {
    let mut found = Vec::new();
    for part in source.code.split("#[utoipa::path(").skip(1) {
        let (annotation, rest) = part.split_once(")]\n").unwrap();
        let mut words = annotation.split(',').map(str::trim);
        let method = words.next().unwrap().to_ascii_uppercase();
        let path = words.find_map(|word| word.strip_prefix("path = \"")?.strip_suffix('"'));
        let signature = rest.split_once(" {\n").unwrap().0;
        let grants: Vec<&str> =
            signature.split("Grant<").skip(1).filter_map(|rest| rest.split('>').next()).collect();
        assert!(grants.len() < 2, "{}: one handler, one permit", source.path);
        let path = path.unwrap_or_else(|| panic!("{}: a path is not a literal", source.path));
        found.push(Handler {
            route: format!("{method} {path}"),
            permit: grants.first().map(|permit| (*permit).to_owned()),
        });
    }
    found
}

fn table() -> String {
    let roles: BTreeMap<&str, String> = PERMITS
        .iter()
        .map(|(permit, roles)| {
            let names = roles.iter().map(|role| format!("{role:?}").to_ascii_lowercase());
            (*permit, names.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let mut lines = BTreeSet::new();
    for handler in production().iter().flat_map(handlers) {
        let (method, path) = handler.route.split_once(' ').unwrap();
        let (permit, who) = match handler.permit.as_deref() {
            Some(permit) => (permit, roles[permit].as_str()),
            None if path.starts_with("/webhooks/") => ("-", "whoever signs"),
            None => ("-", "public"),
        };
        lines.insert(format!("{path:<32} {method:<7} {permit:<20} {who}\n"));
    }
    lines.into_iter().collect()
}

#[test]
fn access_is_as_the_table_says() {
    let (now, path) = (table(), root().join(GOLDEN));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(read(GOLDEN), now, "{GOLDEN}, then the code");
}

#[test]
fn every_operation_has_one_handler_and_its_security_is_true() {
    let handlers: BTreeMap<String, Option<String>> = production()
        .iter()
        .flat_map(handlers)
        .map(|handler| (handler.route, handler.permit))
        .collect();
    let documented: BTreeSet<String> = operations().into_iter().map(|(route, _)| route).collect();
    assert_eq!(handlers.keys().cloned().collect::<BTreeSet<_>>(), documented);
    for (route, permit) in &handlers {
        let public = PUBLIC.contains(&route.as_str());
        assert_eq!(permit.is_none(), public, "{route}");
    }
}

#[test]
fn no_permit_is_idle() {
    let used: BTreeSet<String> =
        production().iter().flat_map(handlers).filter_map(|handler| handler.permit).collect();
    let all: BTreeSet<String> = PERMITS.iter().map(|(permit, _)| (*permit).to_owned()).collect();
    assert_eq!(used, all);
}
