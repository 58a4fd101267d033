//! What must be in no log: whatever a test sends, is answered or reads in a mail that names a person
//! or lets somebody in. `local exec` looks for all of it, once its command has ended, in all that
//! functions logged meanwhile.

#![expect(clippy::expect_used, reason = "a search that cannot note would find nothing")]

use crate::stack;
use serde_json::Value;
use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, PoisonError},
};

/// Tokens are looked for by their last characters, which no two have in common.
const TOKEN: usize = 32;

/// This process's file, and what is in it already.
static NOTED: LazyLock<Mutex<(Option<File>, HashSet<String>)>> = LazyLock::new(|| {
    let file =
        folder().map(|folder| append(&folder.join(format!("{}.seeded", std::process::id()))));
    Mutex::new((file, HashSet::new()))
});

/// Where whatever functions log is kept for the search; `None` outside `local exec`.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("STACK_JSON").map(|_| Path::new(stack::of("/logged")).to_owned())
}

/// A file that grows line by line.
///
/// # Panics
/// Where it cannot be opened: the search would find nothing in it.
pub(crate) fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("the search has its files")
}

fn note(kind: &str, value: &str) {
    // What would be two lines, or two columns, is written in no log as it is.
    if value.contains(['\n', '\r', '\t']) {
        return;
    }
    let line = format!("{kind}\t{value}\n");
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    let (file, known) = &mut *noted;
    if let Some(file) = file
        && known.insert(line.clone())
    {
        // A full disk ends the run by itself.
        let _full = file.write_all(line.as_bytes());
    }
}

/// Notes what is in a body, sent or answered.
pub fn note_body(body: &Value) {
    match body {
        Value::Array(items) => items.iter().for_each(note_body),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) => note_member(name, text),
                    other => note_body(other),
                }
            }
        }
        _ => {}
    }
}

fn note_member(member: &str, text: &str) {
    match member {
        "name" => note_name(text),
        "email" => note_address(text),
        "mobile" => note_mobile(text),
        "identifier" => note_identifier(text),
        "password" | "newPassword" if text.len() >= 8 => note("a password", text),
        "accessToken" | "refreshToken" | "link" => note_token(text),
        "keySecret" | "webhookSecret" => note_secret(text),
        _ => {}
    }
}

/// A person's name: one word alone may be any word.
pub fn note_name(name: &str) {
    if name.trim().contains(' ') {
        note("a name", name.trim());
    }
}

/// An e-mail address.
pub fn note_address(address: &str) {
    if address.contains('@') && address.len() >= 6 {
        note("an address", address);
        note("an address", &address.to_lowercase());
    }
}

/// A mobile number, by its last ten digits.
pub fn note_mobile(mobile: &str) {
    let digits: String = mobile.chars().filter(char::is_ascii_digit).collect();
    if let Some(last) = digits.len().checked_sub(10).and_then(|from| digits.get(from..)) {
        note("a mobile number", last);
    }
}

/// The number a hospital has for a patient.
pub fn note_identifier(identifier: &str) {
    if identifier.len() >= 6 && identifier.bytes().any(|b| b.is_ascii_digit()) {
        note("an identifier", identifier);
    }
}

/// A code out of a mail.
pub fn note_code(code: &str) {
    note("a code", code);
}

/// A token that lets somebody in.
pub fn note_token(token: &str) {
    if let Some(last) = token.len().checked_sub(TOKEN).and_then(|from| token.get(from..)) {
        note("a token", last);
    }
}

/// A secret of ours, or of a hospital's.
pub fn note_secret(secret: &str) {
    if secret.len() > 8 {
        note("a secret", secret);
    }
}

/// Notes the people in a file: whatever is an address, a mobile number or a name.
pub fn note_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for cell in text.split([',', ';', '\n', '\r', '\t', '"']).map(str::trim) {
        note_address(cell);
        if cell.bytes().filter(u8::is_ascii_digit).count() >= 10 {
            note_mobile(cell);
        }
        let is_name = |word: &str| {
            let mut letters = word.chars();
            letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase)
        };
        if cell.split(' ').all(is_name) {
            note_name(cell);
        }
    }
}
