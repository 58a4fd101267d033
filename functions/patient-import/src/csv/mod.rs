//! Bytes in, records out: no more of the file is held than one piece and one record.

mod encoding;
mod kind;
mod opening;
mod reader;
mod records;

pub use encoding::{Encoding, Evidence};
pub use reader::{CsvReader, Step};
pub use records::{KeptRecord, RawRecord, Record};
