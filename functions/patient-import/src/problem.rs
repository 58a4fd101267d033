//! Why a file as a whole cannot be read, in words its sender can act on.

/// The largest file, in bytes.
pub const MAX_FILE: u64 = 100 << 20;
/// The largest row, in bytes.
pub const MAX_ROW: usize = 64 << 10;
/// The most columns.
pub const MAX_COLUMNS: usize = 50;
/// The longest field of a row, in bytes; what a field may hold is less.
pub const MAX_FIELD: usize = 4 << 10;

/// What is wrong with the file. The message goes to its hospital only, never into a log: it may
/// quote a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Its name says that it is something else.
    #[error(
        "Only files whose name ends in .csv are read. Save the list as CSV (UTF-8) and send it again."
    )]
    NotCsvName,
    /// Nothing in it.
    #[error("The file is empty. It needs a header line and one line for each patient.")]
    Empty,
    /// More than [`MAX_FILE`].
    #[error("The file is larger than 100 MB. Split it, repeating the header line in each part.")]
    TooLarge,
    /// There is no object at the key any more.
    #[error("The file was removed before it was read. Send it again.")]
    Gone,
    /// Another object came to lie at the key.
    #[error(
        "The file was replaced while it was being read. Send the right one again as a new import."
    )]
    Replaced,
    /// Another object came to lie at the key before this one was read.
    #[error(
        "Another file of the same name came before this one was read. The later one is an import of its own."
    )]
    Superseded,
    /// A zip archive or a workbook.
    #[error(
        "The file is an Excel workbook or an archive, not CSV. In Excel choose Save as, CSV UTF-8."
    )]
    Workbook,
    /// Some other known kind of file.
    #[error("The file is not CSV text but {0}. Save the list as CSV (UTF-8) and send it again.")]
    OtherKind(&'static str),
    /// UTF-16 with halves of characters in it.
    #[error(
        "The file is encoded in UTF-16 and damaged. Save the list as CSV UTF-8 and send it again."
    )]
    BrokenUtf16,
    /// Neither UTF-8 nor an encoding we know.
    #[error(
        "The file is neither in UTF-8 nor in UTF-16 nor in Windows-1252. Save the list as CSV UTF-8 and send it again."
    )]
    UnknownEncoding,
    /// Bytes that are no UTF-8, in a file that else is.
    #[error(
        "Line {line} is not UTF-8 while other lines are; the file may be put together from two. Save it as CSV UTF-8 and send it again."
    )]
    NotUtf8 {
        /// The line they are on.
        line: u64,
    },
    /// A zero byte.
    #[error(
        "The file holds zero bytes, so it is not text. Save the list as CSV (UTF-8) and send it again."
    )]
    ZeroBytes,
    /// A row longer than [`MAX_ROW`], which is usually a quotation mark without its partner.
    #[error(
        "The row that begins on line {line} is longer than 64 KB; a quotation mark on it may never be closed."
    )]
    RowTooLong {
        /// The line it begins on.
        line: u64,
    },
    /// The file ends inside a quoted field.
    #[error("A quotation mark in the row that begins on line {line} is never closed.")]
    OpenQuote {
        /// The line it begins on.
        line: u64,
    },
    /// More than [`MAX_COLUMNS`].
    #[error("The header has {0} columns; at most 50 are read.")]
    TooManyColumns(usize),
    /// A column that means nothing to us.
    #[error(
        "Column {number} of the header, \"{name}\", is unknown. The columns are name, email, identifier, mobile and, if you like, dateOfBirth."
    )]
    UnknownColumn {
        /// Which, from 1.
        number: usize,
        /// Its name, shortened.
        name: String,
    },
    /// Two columns that mean the same.
    #[error("Columns {first} and {second} of the header both mean {name}.")]
    TwiceInHeader {
        /// What they mean.
        name: &'static str,
        /// The first, from 1.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A column that must be there.
    #[error("The header has no column {}. Its first line must name the columns: name, email, identifier, mobile.", .0.join(", "))]
    MissingColumns(Vec<&'static str>),
}

impl Problem {
    /// For logs and the summary: stable, `SCREAMING_SNAKE`, without the sender's text.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotCsvName => "NOT_CSV_NAME",
            Self::Empty => "EMPTY_FILE",
            Self::TooLarge => "FILE_TOO_LARGE",
            Self::Gone => "FILE_GONE",
            Self::Replaced => "FILE_REPLACED",
            Self::Superseded => "FILE_SUPERSEDED",
            Self::Workbook => "WORKBOOK",
            Self::OtherKind(_) => "NOT_CSV",
            Self::BrokenUtf16 => "BROKEN_UTF16",
            Self::UnknownEncoding => "UNKNOWN_ENCODING",
            Self::NotUtf8 { .. } => "NOT_UTF8",
            Self::ZeroBytes => "ZERO_BYTES",
            Self::RowTooLong { .. } => "ROW_TOO_LONG",
            Self::OpenQuote { .. } => "OPEN_QUOTE",
            Self::TooManyColumns(_) => "TOO_MANY_COLUMNS",
            Self::UnknownColumn { .. } => "UNKNOWN_COLUMN",
            Self::TwiceInHeader { .. } => "DUPLICATE_COLUMN",
            Self::MissingColumns(_) => "MISSING_COLUMN",
        }
    }
}
