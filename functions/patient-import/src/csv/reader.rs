//! A file of records, from its first byte.

use super::{
    opening::judge,
    records::{Found, Record, Records},
};
use crate::problem::{MAX_ROW, Problem};
use bytes::Bytes;

/// What reading has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A record; [`CsvReader::record`] gives it.
    Record,
    /// More bytes are wanted: [`CsvReader::feed`].
    More,
    /// The file is read.
    End,
}

/// Reads a file that comes in pieces. It is pure: bytes are fed to it, whoever fetches them.
#[derive(Debug, Default)]
pub struct CsvReader {
    /// The first bytes, until they hold the first line.
    head: Vec<u8>,
    records: Option<Records>,
    ended: bool,
}

impl CsvReader {
    /// Gives the next bytes; `None` at the end of the file.
    pub fn feed(&mut self, bytes: Option<Bytes>) -> Result<(), Problem> {
        if bytes.as_ref().is_some_and(|bytes| self.records.is_some() && bytes.contains(&0)) {
            return Err(Problem::ZeroBytes);
        }
        let Some(records) = &mut self.records else {
            self.ended = bytes.is_none();
            self.head.extend_from_slice(&bytes.unwrap_or_default());
            return self.open();
        };
        records.feed(bytes);
        Ok(())
    }

    /// Goes on to the next record.
    pub fn advance(&mut self) -> Result<Step, Problem> {
        let Some(records) = &mut self.records else {
            return Ok(Step::More);
        };
        let found = match records.advance()? {
            Found::More if self.ended => {
                records.feed(None);
                records.advance()?
            }
            found => found,
        };
        Ok(match found {
            Found::Record => Step::Record,
            Found::More => Step::More,
            Found::End => Step::End,
        })
    }

    /// The record of the last [`Step::Record`].
    pub fn record(&self) -> Result<Record<'_>, Problem> {
        self.records.as_ref().ok_or(Problem::Empty)?.record()
    }

    /// Begins once the first line is there.
    fn open(&mut self) -> Result<(), Problem> {
        if self.head.is_empty() && self.ended {
            return Err(Problem::Empty);
        }
        let text =
            self.head.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n' | 0xef | 0xbb | 0xbf));
        let has_line = text.skip(1).any(|byte| matches!(byte, b'\r' | b'\n'));
        if !has_line && !self.ended {
            let long = self.head.len() > MAX_ROW;
            return if long {
                judge(&self.head).and(Err(Problem::RowTooLong { line: 1 }))
            } else {
                Ok(())
            };
        }
        let opening = judge(&self.head)?;
        let mut records = Records::new(opening.delimiter, 1 + opening.lines);
        let mut head = Bytes::from(std::mem::take(&mut self.head));
        records.feed(Some(head.split_off(opening.skip)));
        self.records = Some(records);
        Ok(())
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
