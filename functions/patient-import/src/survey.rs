//! The first reading of a file: nothing is written before it is known that the file as a whole
//! can be read.

use crate::{
    csv::{Encoding, Evidence, RawRecord},
    error::Stop,
    header::{Columns, Field},
    problem::Problem,
    sieve::Sieve,
    source::Source,
};
use shared::{
    models::{Identifier, Parse as _},
    outbound::ObjectReader,
};

/// What the first reading has found.
#[derive(Debug)]
pub struct Survey {
    /// How the text is encoded.
    pub encoding: Encoding,
    /// The identifiers that may stand twice, as [hashes](crate::sieve::hash_of) in order.
    pub doubtful: Vec<u64>,
}

impl Survey {
    /// Reads to the end for faults of the file as a whole. A file in Windows-1252 shows that only
    /// on the way, and is begun again.
    pub async fn of(object: &ObjectReader) -> Result<Self, Stop> {
        let survey = Self::read(object, None).await?;
        match survey.encoding {
            Encoding::Windows1252 => Self::read(object, Some(survey.encoding)).await,
            _ => Ok(survey),
        }
    }

    async fn read(object: &ObjectReader, known: Option<Encoding>) -> Result<Self, Stop> {
        let mut source = Source::new(object.clone(), known);
        let (mut evidence, mut sieve) = (Evidence::default(), Sieve::for_file(object.size()));
        let header = source.raw().await?.ok_or(Problem::Empty)?;
        see(&mut evidence, header);
        let columns = header.text().ok().map(Columns::of).transpose()?;
        while let Some(record) = source.raw().await? {
            see(&mut evidence, record);
            let row = record.text().ok();
            let identifier = columns
                .as_ref()
                .zip(row)
                .and_then(|(columns, row)| row.field(columns.place(Field::Identifier)?))
                .and_then(|text| Identifier::parse(text).ok());
            if let Some(identifier) = identifier {
                sieve.enter(&identifier);
            }
        }
        let encoding = match source.encoding() {
            Encoding::Utf8 => evidence.encoding()?,
            other => other,
        };
        Ok(Self { encoding, doubtful: sieve.through() })
    }
}

fn see(evidence: &mut Evidence, record: RawRecord<'_>) {
    if !record.is_ascii() {
        record.fields().for_each(|field| evidence.see(field, record.line));
    }
}
