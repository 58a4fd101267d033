//! Bytes in, records out: no more of the file is held than one piece and one record.

mod opening;
mod reader;
mod records;

pub use reader::{CsvReader, Step};
pub use records::Record;
