//! A stretch of rows: written together, and counted once they are.

use crate::{
    decide::{Context, Decision, addresses_wanted, decide},
    error::Error,
    rows::Line,
};
use shared::{
    models::Instant,
    store::{ChunkReport, HospitalStore},
};

/// The most rows of a stretch: it takes five commands at most, so that a thousand rows take fewer
/// than four.
pub const ROWS: usize = 1500;
/// A stretch of long rows ends at about this many bytes of text, so that its rejected rows fit
/// into one document many times over.
const BYTES: usize = 256 << 10;
/// How often a stretch is decided anew when other writers were faster.
const TRIES: usize = 6;

/// Rows of one file in a row. Where stretches begin and end depends on the file alone, so that a
/// later run finds the same ones.
#[derive(Debug)]
pub struct Stretch {
    most: usize,
    lines: Vec<Line>,
    bytes: usize,
}

impl Stretch {
    /// One of at most so many rows.
    pub const fn of(most: usize) -> Self {
        Self { most, lines: Vec::new(), bytes: 0 }
    }

    /// Adds the next row, if there is one.
    pub fn extend(&mut self, line: Option<Line>) {
        self.bytes += line.as_ref().map_or(0, |line| line.record.bytes());
        self.lines.extend(line);
    }

    /// Whether it is to be written before the next row.
    pub const fn is_full(&self) -> bool {
        self.lines.len() >= self.most || self.bytes >= BYTES
    }

    /// Whether it has no rows.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Begins the next one.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.bytes = 0;
    }

    /// Decides on the rows, writes what follows unless it is a trial, and then the checkpoint.
    ///
    /// Accounts come before the patients that need them and the checkpoint comes last, so a run
    /// that stops anywhere leaves nothing that the next one does not find and count as it was.
    pub async fn write(
        &self,
        store: &HospitalStore,
        context: &Context,
        number: i64,
        dry_run: bool,
        at: Instant,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let decision = self.decide(store, context).await?;
            if dry_run || apply(store, &decision).await? {
                let import_id = context.import.clone();
                let Decision { rows, rejects, updates, .. } = decision;
                let chunk = ChunkReport { import_id, number, rows, rejects, updates, at };
                return Ok(store.insert_chunk(&chunk).await?);
            }
        }
        Err(Error::Contended)
    }

    async fn decide(&self, store: &HospitalStore, context: &Context) -> Result<Decision, Error> {
        let good = self.lines.iter().filter_map(|line| line.content.as_ref().ok());
        let identifiers: Vec<_> = good.map(|row| &row.identifier).collect();
        let patients = store.patients_by_identifier(&identifiers).await?;
        let accounts = store.accounts_by_email(&addresses_wanted(&self.lines, &patients)).await?;
        Ok(decide(&self.lines, &patients, &accounts, context))
    }
}

/// Writes a decision; whether it still held. If somebody else entered one of its addresses or
/// identifiers meanwhile, or removed a patient, it must be taken anew.
async fn apply(store: &HospitalStore, decision: &Decision) -> Result<bool, Error> {
    Ok(store.insert_imported_accounts(&decision.accounts).await?
        && store.insert_imported_patients(&decision.patients).await?
        && store.change_imported_patients(&decision.changes, &decision.moved).await?)
}
