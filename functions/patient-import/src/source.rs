//! The file, fetched piece by piece and read record by record.

use crate::{
    csv::{CsvReader, Encoding, RawRecord, Step},
    error::Stop,
    header::Columns,
    problem::Problem,
    rows::Line,
    seen::Seen,
};
use shared::{models::Day, outbound::ObjectReader};

/// One reading of the file, from its beginning.
#[derive(Debug)]
pub struct Source {
    object: ObjectReader,
    csv: CsvReader,
}

impl Source {
    /// Begins to read, in this encoding if it is known already.
    pub fn new(object: ObjectReader, encoding: Option<Encoding>) -> Self {
        let csv = encoding.map_or_else(CsvReader::default, CsvReader::of);
        Self { object, csv }
    }

    /// The encoding it is read in.
    pub fn encoding(&self) -> Encoding {
        self.csv.encoding()
    }

    /// The next record's bytes; `None` at the end.
    pub async fn raw(&mut self) -> Result<Option<RawRecord<'_>>, Stop> {
        if !self.advance().await? {
            return Ok(None);
        }
        Ok(Some(self.csv.raw()?))
    }

    /// Reads the header.
    pub async fn columns(&mut self) -> Result<Columns, Stop> {
        let header = self.raw().await?.ok_or(Problem::Empty)?;
        Ok(Columns::of(header.text()?)?)
    }

    /// The next row; `None` at the end.
    pub async fn line(
        &mut self,
        columns: &Columns,
        seen: &mut Seen,
        today: Day,
    ) -> Result<Option<Line>, Stop> {
        let Some(record) = self.raw().await? else {
            return Ok(None);
        };
        Ok(Some(Line::read(record.text()?, columns, seen, today)))
    }

    async fn advance(&mut self) -> Result<bool, Stop> {
        loop {
            match self.csv.advance()? {
                Step::Record => return Ok(true),
                Step::End => return Ok(false),
                Step::More => {
                    let bytes = self.object.next().await?;
                    self.csv.feed(bytes)?;
                }
            }
        }
    }
}
