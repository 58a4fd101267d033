//! The repository's files, read where they lie.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What `.gitignore` keeps out, and git's own folder.
const IGNORED: [&str; 8] =
    [".git", "target", ".local", ".tools", ".aws-sam", ".env", "node_modules", "__pycache__"];

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    // Cargo says where; the build may have been elsewhere.
    let tests = std::env::var("CARGO_MANIFEST_DIR");
    let tests = tests.unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&tests).parent().unwrap().to_owned()
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file that is or could be committed below a folder, by its path from the root.
pub(crate) fn below(folder: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    walk(&root().join(folder), &mut found);
    found.into_iter().collect()
}

fn walk(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if IGNORED.contains(&name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else {
            let relative = path.strip_prefix(root()).unwrap();
            found.insert(relative.to_str().unwrap().to_owned());
        }
    }
}

/// Whether a file's name has this ending.
pub(crate) fn ends(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == ending)
}

/// One Rust source without its comments.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root.
    pub(crate) path: String,
    /// What the compiler sees.
    pub(crate) code: String,
}

/// The Rust sources below a folder.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let files = below(folder).into_iter();
    files
        .filter(|path| ends(path, "rs"))
        .map(|path| Source { code: without_comments(&read(&path)), path })
        .collect()
}

/// The production crates: `shared` and the functions.
pub(crate) fn production() -> Vec<Source> {
    let mut all = sources("shared/src");
    let functions = sources("functions").into_iter();
    all.extend(functions.filter(|source| source.path.contains("/src/")));
    all
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Whether `word` stands in `text` as a whole identifier.
pub(crate) fn names(text: &str, word: &str) -> bool {
    let part_of_one = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part_of_one) && !after.is_some_and(part_of_one)
    })
}

#[test]
fn comments_go_and_words_are_whole() {
    assert_eq!(without_comments("a\n  // b\nc // d"), "a\nc // d\n");
    assert!(names("use mongodb::bson", "mongodb") && !names("mongodb_uri", "mongodb"));
}
