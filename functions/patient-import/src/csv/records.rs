//! Records from bytes that come in pieces, with the line each begins on.

use crate::problem::{MAX_ROW, Problem};
use bytes::Bytes;
use csv_core::ReadRecordResult;

/// Whether a record can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is in [`Records::raw`].
    Record,
    /// Not without more bytes.
    More,
    /// Never again.
    End,
}

/// Splits bytes into records by RFC 4180, leniently: any line end, no header needed, and quotes
/// inside an unquoted field are text.
#[derive(Debug)]
pub(super) struct Records {
    core: csv_core::Reader,
    input: Bytes,
    ended: bool,
    text: Vec<u8>,
    text_length: usize,
    ends: Vec<usize>,
    end_count: usize,
    /// Bytes of the record under way, as they came.
    raw: usize,
    quotes: usize,
    line: u64,
    began: u64,
    after_cr: bool,
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The line it begins on, from 1.
    pub line: u64,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Record<'a> {
    /// Its fields, unquoted, as they came.
    pub fn fields(self) -> impl Iterator<Item = &'a str> {
        let starts = std::iter::once(&0).chain(self.ends);
        starts.zip(self.ends).map(move |(start, end)| self.text.get(*start..*end).unwrap_or(""))
    }

    /// How many fields.
    pub const fn field_count(self) -> usize {
        self.ends.len()
    }

    /// A copy that lasts.
    pub fn kept(self) -> KeptRecord {
        KeptRecord { line: self.line, text: self.text.to_owned(), ends: self.ends.to_vec() }
    }

    /// One of them.
    pub fn field(self, index: usize) -> Option<&'a str> {
        let start =
            index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start..*self.ends.get(index)?)
    }
}

/// A record that outlasts the reading of the next: one text and where its fields end.
#[derive(Debug, Clone)]
pub struct KeptRecord {
    /// The line it begins on, from 1.
    pub line: u64,
    text: String,
    ends: Vec<usize>,
}

impl KeptRecord {
    /// The record.
    pub fn record(&self) -> Record<'_> {
        Record { line: self.line, text: &self.text, ends: &self.ends }
    }

    /// Bytes of all its fields.
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// A record's bytes, which may be no text.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// The line it begins on, from 1.
    pub line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> RawRecord<'a> {
    /// Whether there is anything to ask about its encoding.
    pub const fn is_ascii(self) -> bool {
        self.bytes.is_ascii()
    }

    /// Its fields.
    pub fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        let starts = std::iter::once(&0).chain(self.ends);
        starts.zip(self.ends).map(move |(start, end)| self.bytes.get(*start..*end).unwrap_or(&[]))
    }

    /// The record, if it is UTF-8.
    pub fn text(self) -> Result<Record<'a>, Problem> {
        let Self { line, bytes, ends } = self;
        let text = std::str::from_utf8(bytes).map_err(|_| Problem::NotUtf8 { line })?;
        // Halves of a character on both sides of a separator would make a whole one.
        if !bytes.is_ascii() && ends.iter().any(|end| !text.is_char_boundary(*end)) {
            return Err(Problem::NotUtf8 { line });
        }
        Ok(Record { line, text, ends })
    }
}

impl Records {
    /// Records from `line` on.
    pub(super) fn new(delimiter: u8, line: u64) -> Self {
        Self {
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            input: Bytes::new(),
            ended: false,
            text: vec![0; 1024],
            text_length: 0,
            ends: vec![0; 16],
            end_count: 0,
            raw: 0,
            quotes: 0,
            line,
            began: line,
            after_cr: false,
        }
    }

    /// Gives the next bytes, once [`Found::More`] has asked for them; `None` at the end.
    pub(super) fn feed(&mut self, bytes: Option<Bytes>) {
        self.ended = bytes.is_none();
        self.input = bytes.unwrap_or_default();
    }

    /// Looks for the next record.
    pub(super) fn advance(&mut self) -> Result<Found, Problem> {
        if self.raw == 0 {
            (self.text_length, self.end_count, self.quotes) = (0, 0, 0);
            self.skip_line_ends();
        }
        loop {
            if self.input.is_empty() && !self.ended {
                return Ok(Found::More);
            }
            let text = self.text.get_mut(self.text_length..).unwrap_or_default();
            let ends = self.ends.get_mut(self.end_count..).unwrap_or_default();
            let (result, read, written, ended) = self.core.read_record(&self.input, text, ends);
            let consumed = self.input.split_to(read);
            self.count(&consumed);
            self.raw += read;
            self.text_length += written;
            self.end_count += ended;
            if self.raw > MAX_ROW {
                return Err(Problem::RowTooLong { line: self.began });
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::End => return Ok(Found::End),
                ReadRecordResult::Record => return self.complete(),
            }
        }
    }

    /// The record [`Self::advance`] has found.
    pub(super) fn raw(&self) -> RawRecord<'_> {
        let bytes = self.text.get(..self.text_length).unwrap_or_default();
        let ends = self.ends.get(..self.end_count).unwrap_or_default();
        RawRecord { line: self.began, bytes, ends }
    }

    /// A last record that runs over lines with an odd number of quotation marks is the rest of
    /// the file behind one that was never closed.
    fn complete(&mut self) -> Result<Found, Problem> {
        self.raw = 0;
        let last = self.ended && self.input.is_empty();
        if last && self.quotes % 2 == 1 && self.line > self.began {
            return Err(Problem::OpenQuote { line: self.began });
        }
        Ok(Found::Record)
    }

    /// Blank lines are no records, and the next record begins after them.
    fn skip_line_ends(&mut self) {
        let blank = self.input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let skipped = self.input.split_to(blank);
        self.count(&skipped);
        self.began = self.line;
    }

    /// Counts lines and quotation marks. A line ends by CR, LF or both together, which may lie in
    /// two pieces.
    fn count(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let of = |wanted: u8| bytes.iter().map(|byte| usize::from(*byte == wanted)).sum::<usize>();
        let inside = bytes.windows(2).filter(|pair| *pair == b"\r\n").count();
        let across = usize::from(self.after_cr && bytes.first() == Some(&b'\n'));
        let line_ends = of(b'\r') + of(b'\n') - inside - across;
        self.line += u64::try_from(line_ends).unwrap_or_default();
        self.quotes += of(b'"');
        self.after_cr = *last == b'\r';
    }
}
