//! The state file: one JSON object a line, appended at each change.
//!
//! A change costs its own size, not the whole state's; a line torn by a crash is skipped when
//! read; and at start the file is written anew with only the latest form of each thing, to a
//! neighbour that is then renamed over it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entity::{Order, Payment, Refund};
use super::event::Event;
use super::link::PaymentLink;
use super::refunds::KeyUse;

/// One line. The last one about an id counts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Order(Order),
    Payment(Box<Payment>),
    Refund(Refund),
    RefundKey(KeyUse),
    Event(Event),
    Link(Box<PaymentLink>),
}

/// Where changes go; nowhere when no file is configured.
#[derive(Debug, Default)]
pub(super) struct Journal {
    file: Option<File>,
}

impl Journal {
    /// Appends one change. A full disk must not change what the simulator answers, so a failed
    /// write is dropped: the state in memory stays the truth of this run.
    pub(super) fn append(&mut self, record: &Record) {
        if let Some(file) = &mut self.file {
            let _dropped = serde_json::to_vec(record).map(|mut line| {
                line.push(b'\n');
                file.write_all(&line)
            });
        }
    }

    /// Replaces the file by these records and opens it for appending.
    pub(super) fn compact(path: &Path, records: &[Record]) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let fresh = PathBuf::from(name);
        let mut text = Vec::new();
        for record in records {
            serde_json::to_writer(&mut text, record)?;
            text.push(b'\n');
        }
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, path)?;
        Ok(Self { file: Some(OpenOptions::new().append(true).open(path)?) })
    }
}

/// What a file holds, oldest first; nothing when there is none yet.
pub(super) fn read(path: &Path) -> io::Result<Vec<Record>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
