//! The search at the end of `local exec`: nothing that functions logged meanwhile names a person or
//! holds a secret.
//!
//! Whoever runs functions inside the command, or stacks of its own, has them log below
//! `logged` of `stack.json`, and writes beside that what must not be in it: files `*.seeded`, a line
//! for each `kind<TAB>value`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::{Context as _, Result};
use serde_json::Value;

/// The logs that are no function's: those of the servers beside them, which are nobody's in
/// production, and the events that were given up.
const OTHERS: [&str; 4] = ["mongodb", "redis", "ses", "dead-letters"];
/// The kind of a six-digit code, which is looked for as a word: any number may have its digits.
const CODE: &str = "a code";
/// So many lines are told; whoever mends them runs the search again.
const TOLD: usize = 20;

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many lines were searched.
    pub lines: usize,
    /// For how many values.
    pub values: usize,
    /// The lines that hold one, each once, with the kind of what was there in its place.
    pub told: Vec<String>,
}

/// Searches all logs below a folder for all that is noted there.
///
/// # Errors
/// When something there cannot be read.
pub fn search(folder: &Path) -> Result<Findings> {
    let files = files(folder)?;
    let of = |ending: &'static str| {
        files.iter().filter(move |file| file.extension().is_some_and(|kind| kind == ending))
    };
    let mut seeded: BTreeMap<String, String> = BTreeMap::new();
    let mut codes = BTreeSet::new();
    for file in of("seeded") {
        for line in BufReader::new(open(file)?).lines() {
            match line?.split_once('\t') {
                Some((CODE, code)) => drop(codes.insert(code.to_owned())),
                Some((kind, value)) if !value.is_empty() => {
                    seeded.insert(value.to_owned(), kind.to_owned());
                }
                _ => {}
            }
        }
    }
    let kinds: Vec<&str> = seeded.values().map(String::as_str).collect();
    let values = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(seeded.keys())
        .context("what is looked for cannot be looked for")?;
    let mut findings = Findings { values: seeded.len() + codes.len(), ..Findings::default() };
    let mut told = BTreeSet::new();
    for file in of("log") {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        if OTHERS.contains(&name.as_ref()) {
            continue;
        }
        for line in BufReader::new(open(file)?).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            findings.lines += 1;
            let found: Vec<_> = values.find_iter(&line).collect();
            let code = has_code(&line, &codes);
            if found.is_empty() && code.is_none() {
                continue;
            }
            let mut masked = String::new();
            let mut from = 0;
            for hit in found {
                let kind = kinds.get(hit.pattern().as_usize()).copied().unwrap_or_default();
                masked.push_str(line.get(from..hit.start()).unwrap_or_default());
                let _infallible = write!(masked, "[{kind}]");
                from = hit.end();
            }
            masked.push_str(line.get(from..).unwrap_or_default());
            if let Some(code) = code {
                masked = masked.replace(&code, "[a code]");
            }
            told.insert(format!("{name}: {masked}"));
        }
    }
    findings.told = told.into_iter().collect();
    Ok(findings)
}

/// Searches and says what was found; whether nothing was.
///
/// # Errors
/// As for [`search`].
pub fn is_clean(folder: &Path) -> Result<bool> {
    let findings = search(folder)?;
    let Findings { lines, values, told } = &findings;
    if *lines > 0 {
        eprintln!(
            "local: {lines} lines of functions' logs, searched for {values} names, addresses, numbers, codes, tokens and passwords"
        );
    }
    for line in told.iter().take(TOLD) {
        eprintln!("local: this must not be in a log: {line}");
    }
    if told.len() > TOLD {
        eprintln!("local: and {} lines more", told.len() - TOLD);
    }
    Ok(told.is_empty())
}

fn open(file: &Path) -> Result<File> {
    File::open(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut left, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = left.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                left.push(entry?.path());
            }
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// A code that stands in a text of the line as a word. Numbers are no texts, and the number of a
/// request, which an equals sign ends, is none of its words.
fn has_code(line: &str, codes: &BTreeSet<String>) -> Option<String> {
    let words = |text: &str| {
        let mut from = 0;
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
            let end = from + word.len();
            from = end + 1;
            word.len() == 6 && text.as_bytes().get(end) != Some(&b'=')
        });
        words.find(|word| codes.contains(*word)).map(str::to_owned)
    };
    match serde_json::from_str::<Value>(line) {
        Ok(value) => in_texts(&value, &words),
        Err(_) => words(line),
    }
}

fn in_texts(value: &Value, found: &impl Fn(&str) -> Option<String>) -> Option<String> {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().find_map(|item| in_texts(item, found)),
        Value::Object(members) => members.values().find_map(|member| in_texts(member, found)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(name: &str, log: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let seeded = "a name\tAsha Rao\nan address\tasha@a.example\na code\t482913\n";
        fs::write(folder.path().join("7.seeded"), seeded).unwrap();
        fs::create_dir(folder.path().join("stack")).unwrap();
        fs::write(folder.path().join("stack").join(format!("{name}.log")), log).unwrap();
        search(folder.path()).unwrap().told
    }

    #[test]
    fn what_is_seeded_is_found_and_not_repeated() {
        let log = "{\"message\":\"booked\"}\n{\"who\":\"Asha Rao <asha@a.example>\"}\n";
        assert_eq!(searched("slots", log), ["slots: {\"who\":\"[a name] <[an address]>\"}"]);
        assert_eq!(
            searched("auth", "panicked at 'asha@a.example'"),
            ["auth: panicked at '[an address]'"]
        );
    }

    #[test]
    fn a_code_is_a_word_of_a_text() {
        let said = ["auth: {\"otp\":\"is [a code].\"}"];
        assert_eq!(searched("auth", "{\"otp\":\"is 482913.\"}"), said);
        assert_eq!(searched("auth", "otp 482913"), ["auth: otp [a code]"]);
        for other in ["{\"bytes\":482913}", "{\"id\":\"w1-482913=\"}", "{\"id\":\"a482913\"}"] {
            assert_eq!(searched("auth", other), [""; 0], "{other}");
        }
    }

    #[test]
    fn what_a_server_says_is_left_out_and_nobody_else() {
        assert_eq!(searched("ses", "to asha@a.example"), [""; 0]);
        assert_eq!(searched("a-new-one", "to asha@a.example"), ["a-new-one: to [an address]"]);
    }
}
