//! The file, fetched piece by piece and read record by record.

use crate::{
    csv::{CsvReader, Step},
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
    /// Begins, and reads the header.
    pub async fn open(object: ObjectReader) -> Result<(Self, Columns), Stop> {
        let mut source = Self { object, csv: CsvReader::default() };
        if !source.advance().await? {
            return Err(Problem::Empty.into());
        }
        let columns = Columns::of(source.csv.record()?)?;
        Ok((source, columns))
    }

    /// Reads to the end for faults of the file as a whole, so that none is found when half of its
    /// rows are written.
    pub async fn check(mut self) -> Result<(), Stop> {
        while self.advance().await? {
            self.csv.record()?;
        }
        Ok(())
    }

    /// The next row; `None` at the end.
    pub async fn line(
        &mut self,
        columns: &Columns,
        seen: &mut Seen,
        today: Day,
    ) -> Result<Option<Line>, Stop> {
        if !self.advance().await? {
            return Ok(None);
        }
        Ok(Some(Line::read(self.csv.record()?, columns, seen, today)))
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
