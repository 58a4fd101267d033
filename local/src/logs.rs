//! One log file per function and server; on the terminal only what needs somebody's eye.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// Where output goes.
#[derive(Debug, Clone)]
pub struct Logs {
    folder: PathBuf,
    show_all: bool,
}

impl Logs {
    /// Logs in `folder`, which must exist; `show_all` (`LOG=all`) repeats every line on the
    /// terminal.
    pub fn new(folder: &Path, show_all: bool) -> Self {
        Self { folder: folder.to_owned(), show_all }
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of one name.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// Adds one line of the supervisor's own to a log.
    pub fn note(&self, name: &str, line: &str) {
        append(&self.file(name), format!("{line}\n").as_bytes());
    }

    /// The last lines of a log, for an error message.
    pub fn tail(&self, name: &str, lines: usize) -> String {
        let bytes = std::fs::read(self.file(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let all: Vec<&str> = text.lines().collect();
        all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
    }

    /// Copies a child's stream line by line until it ends.
    pub fn follow<R>(&self, name: &str, on_terminal: bool, stream: R)
    where
        R: AsyncRead + Unpin + Send + 'static,
    {
        let (file, name, show_all) = (self.file(name), name.to_owned(), self.show_all);
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line).await, Ok(n) if n > 0) {
                if line.last() != Some(&b'\n') {
                    line.push(b'\n');
                }
                append(&file, &line);
                let text = String::from_utf8_lossy(&line);
                if on_terminal && (show_all || needs_attention(&text)) {
                    eprint!("{name}: {text}");
                }
                line.clear();
            }
        });
    }
}

/// A log that cannot be written (a full disk, a removed folder) must not stop the stack.
fn append(file: &Path, bytes: &[u8]) {
    if let Ok(mut log) = std::fs::OpenOptions::new().create(true).append(true).open(file) {
        let _ = log.write_all(bytes);
    }
}

/// Warnings and errors of JSON and plain log lines, and panics.
fn needs_attention(line: &str) -> bool {
    match serde_json::from_str::<serde_json::Value>(line) {
        Ok(record) => {
            record.get("level").and_then(serde_json::Value::as_str).is_some_and(|level| {
                level.eq_ignore_ascii_case("warn") || level.eq_ignore_ascii_case("error")
            })
        }
        Err(_) => {
            line.contains(" WARN ")
                || line.contains("ERROR")
                || line.contains("panicked at")
                || line.starts_with("Error")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_warnings_errors_and_panics_reach_the_terminal() {
        assert!(needs_attention(r#"{"level":"WARN","message":"x"}"#));
        assert!(needs_attention("2026-01-01 ERROR x"));
        assert!(needs_attention("thread 'main' panicked at src/lib.rs:1"));
        assert!(!needs_attention(r#"{"level":"INFO","message":"an ERROR in words"}"#));
        assert!(!needs_attention("INFO started"));
    }
}
