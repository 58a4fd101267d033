//! Imports run one way, and each outside thing has one house.

use std::collections::BTreeSet;

use crate::files::{Source, below, names, production, read, sources};

/// Each module of `shared` with the modules it may import.
const LAYERS: [(&str, &[&str]); 11] = [
    ("models", &[]),
    ("clock", &["models"]),
    ("calls", &["clock"]),
    ("entropy", &["models"]),
    ("auth", &["models", "entropy"]),
    ("tenancy", &["models", "auth"]),
    ("store", &["models", "auth", "tenancy", "entropy", "calls"]),
    ("outbound", &["models", "auth", "calls"]),
    ("print", &["models"]),
    // Money's one transition needs both sides; it answers in the words of `web`.
    ("settlement", &["models", "entropy", "tenancy", "store", "outbound", "web"]),
    ("web", &["models", "clock", "calls", "entropy", "auth", "tenancy", "store", "outbound"]),
];

/// Crates only one module of `shared` may name.
const HOUSES: [(&str, &[&str]); 4] = [
    ("store", &["mongodb", "bson"]),
    (
        "outbound",
        &[
            "reqwest",
            "aws_config",
            "aws_sdk_s3",
            "aws_sdk_sesv2",
            "aws_sigv4",
            "aws_credential_types",
            "aws_smithy_runtime_api",
            "aws_smithy_types",
        ],
    ),
    ("auth", &["argon2", "aws_lc_rs", "jsonwebtoken"]),
    ("print", &["krilla", "rustybuzz"]),
];

/// The module of `shared` a source belongs to: `shared/src/store/slots.rs` to `store`.
fn module(source: &Source) -> &str {
    let inside = source.path.strip_prefix("shared/src/").unwrap_or("");
    inside.split(['/', '.']).next().unwrap_or_default()
}

/// The modules of the own crate that a source imports or names.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(first_word(rest));
            continue;
        };
        // The members of the outer braces; what is inside inner ones belongs to its module.
        let mut depth = 1;
        let mut member = String::new();
        for c in group.chars() {
            depth = match c {
                '{' => depth + 1,
                '}' => depth - 1,
                _ => depth,
            };
            if depth == 0 || (depth == 1 && c == ',') {
                found.insert(first_word(member.trim()));
                member.clear();
            } else {
                member.push(c);
            }
            if depth == 0 {
                break;
            }
        }
    }
    found.remove("");
    found
}

fn first_word(text: &str) -> String {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_owned()
}

#[test]
fn imports_are_read_as_the_compiler_does() {
    let code = "use crate::{\n auth::{A, store::B},\n models::C,\n};\nfn f(x: crate::web::D) {}\n";
    let expected = ["auth", "models", "web"].map(str::to_owned);
    assert_eq!(imports(code), expected.into());
}

#[test]
fn shared_imports_one_way() {
    let modules: BTreeSet<&str> = LAYERS.iter().map(|(module, _)| *module).collect();
    for source in sources("shared/src").iter().filter(|source| module(source) != "lib") {
        let own = module(source);
        let allowed = LAYERS.iter().find(|(module, _)| *module == own);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{own} has no place among the layers"));
        for import in imports(&source.code) {
            let fine = import == own || allowed.contains(&import.as_str());
            // A macro of the crate's root is no module.
            assert!(fine || !modules.contains(import.as_str()), "{} imports {import}", source.path);
        }
    }
}

#[test]
fn settlement_is_for_the_functions_alone() {
    for (module, allowed) in LAYERS {
        assert!(!allowed.contains(&"settlement"), "{module}");
    }
}

#[test]
fn each_outside_library_has_one_house() {
    for source in &production() {
        // What rustls calls its provider is no use of the crate of that name.
        let code = source.code.replace("rustls::crypto::aws_lc_rs", "rustls::crypto");
        for (house, libraries) in HOUSES {
            for library in libraries {
                let at_home = module(source) == house;
                assert!(at_home || !uses(&code, library), "{} names {library}", source.path);
            }
        }
    }
    for manifest in below("functions").iter().filter(|path| path.ends_with("Cargo.toml")) {
        for library in HOUSES.iter().flat_map(|(_, libraries)| *libraries) {
            let library = library.replace('_', "-");
            let depends = read(manifest)
                .lines()
                .any(|line| first_word(&line.replace('-', "_")) == library.replace('-', "_"));
            assert!(!depends, "{manifest} depends on {library}");
        }
    }
}

/// Whether a path of this crate stands in the code; its name alone may be a scheme or a word.
fn uses(code: &str, library: &str) -> bool {
    let path = code.match_indices(&format!("{library}::")).any(|(at, _)| {
        let before = code.get(..at).and_then(|code| code.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    });
    path || code.contains(&format!("use {library};")) || code.contains(&format!("use {library} as"))
}

#[test]
fn the_domain_has_no_input_or_output() {
    let worldly =
        ["tokio", "axum", "http", "std::fs", "std::env", "std::net", "tracing", "getrandom"];
    for source in sources("shared/src/models") {
        for word in worldly {
            let named = if word.contains("::") {
                source.code.contains(word)
            } else {
                source.code.contains(&format!("{word}::"))
            };
            assert!(!named, "{} names {word}", source.path);
        }
    }
}

#[test]
fn no_production_crate_depends_on_the_local_stack_or_the_tests() {
    let manifests = below("functions").into_iter().chain(["shared/Cargo.toml".to_owned()]);
    for manifest in manifests.filter(|path| path.ends_with("Cargo.toml")) {
        for line in read(&manifest).lines() {
            assert!(!matches!(first_word(line).as_str(), "local" | "tests"), "{manifest}: {line}");
        }
    }
}

#[test]
fn only_tenancy_and_the_store_vouch_for_a_hospital() {
    for source in &production() {
        let may = matches!(module(source), "tenancy" | "store");
        assert!(may || !names(&source.code, "vouched"), "{}", source.path);
    }
}

#[test]
fn time_and_chance_have_one_source_each() {
    let sources_of = [
        (
            "shared/src/clock.rs",
            ["Utc::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "Instant::now"]
                .as_slice(),
        ),
        (
            "shared/src/entropy.rs",
            ["rand::", "getrandom::", "thread_rng", "OsRng", "Ulid::new", "SystemRandom"]
                .as_slice(),
        ),
    ];
    for source in &production() {
        for (home, words) in sources_of {
            for word in words {
                assert!(
                    source.path == home || !source.code.contains(word),
                    "{} names {word}",
                    source.path
                );
            }
        }
    }
}

#[test]
fn nothing_is_called_by_an_empty_word() {
    for folder in ["shared", "functions", "local", "tests"] {
        for path in below(folder) {
            let empty = ["common", "core", "helpers", "utils", "misc"];
            let parts = path.split(['/', '.']);
            let named = parts.clone().any(|part| empty.contains(&part));
            assert!(!named || path == "shared/src/web/core.rs", "{path}");
        }
    }
}
