//! A file of records, from its first byte.

use super::{
    encoding::{Decoder, Encoding},
    kind::{TELLING, encoding},
    opening::judge,
    records::{Found, RawRecord, Record, Records},
};
use crate::problem::{MAX_ROW, Problem};
use bytes::Bytes;
use std::mem;

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
    /// The first bytes, until they tell the encoding.
    start: Vec<u8>,
    decoder: Option<Decoder>,
    /// The first text, until it holds the first line.
    head: Vec<u8>,
    records: Option<Records>,
    ended: bool,
}

impl CsvReader {
    /// Reads a file whose encoding is known already.
    pub fn of(encoding: Encoding) -> Self {
        Self { decoder: Some(Decoder::new(encoding)), ..Self::default() }
    }

    /// The encoding; UTF-8 until something speaks against it.
    pub fn encoding(&self) -> Encoding {
        self.decoder.as_ref().map_or(Encoding::Utf8, Decoder::encoding)
    }

    /// Gives the next bytes; `None` at the end of the file.
    pub fn feed(&mut self, bytes: Option<Bytes>) -> Result<(), Problem> {
        self.ended = bytes.is_none();
        let mut bytes = bytes.unwrap_or_default();
        if self.decoder.is_none() {
            self.start.extend_from_slice(&bytes);
            if self.start.len() < TELLING && !self.ended {
                return Ok(());
            }
            self.decoder = Some(Decoder::new(encoding(&self.start)?));
            bytes = mem::take(&mut self.start).into();
        }
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        let text = decoder.decode(bytes, self.ended)?;
        if text.contains(&0) {
            return Err(Problem::ZeroBytes);
        }
        match &mut self.records {
            None => {
                self.head.extend_from_slice(&text);
                return self.open();
            }
            Some(records) if self.ended && text.is_empty() => records.feed(None),
            Some(records) => records.feed(Some(text)),
        }
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
        self.raw()?.text()
    }

    /// The same, before it is asked whether it is text.
    pub fn raw(&self) -> Result<RawRecord<'_>, Problem> {
        Ok(self.records.as_ref().ok_or(Problem::Empty)?.raw())
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
        let mut head = Bytes::from(mem::take(&mut self.head));
        records.feed(Some(head.split_off(opening.skip)));
        self.records = Some(records);
        Ok(())
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
