//! Many documents in one command.
//!
//! The driver's `insert_many` writes each document three times over and keeps its id; a file of a
//! million rows feels that. Below `MongoDB` 8 it has no bulk of different updates at all. So both
//! are the server's own commands here, put together once.

use super::{OWNER, Scoped, Stored};
use crate::store::{Error, Result, connection::bounded};
use mongodb::bson::{
    Bson, Document, RawArrayBuf, RawBson, RawDocumentBuf, cstr, doc, raw::CString,
    serialize_to_raw_document_buf,
};

/// The code of a write that a unique index refused.
const DUPLICATE: i32 = 11000;

/// One of many updates: which documents, and what is done to each.
pub(in crate::store) struct UpdateEach {
    pub(in crate::store) filter: Document,
    pub(in crate::store) update: Document,
}

impl<T: Stored> Scoped<'_, T> {
    /// Enters many in one command, each for itself; gives how many a unique index refused. Where
    /// the answer is lost the command is sent once more, and counts what the first one entered
    /// as refused: the caller looks at what is there before it decides anything.
    pub(in crate::store) async fn insert_missing(&self, items: &[T]) -> Result<usize> {
        if items.is_empty() {
            return Ok(0);
        }
        let answer = match self.bulk(self.inserts(items)?).await {
            Err(Error::Unavailable(_)) => self.bulk(self.inserts(items)?).await?,
            answer => answer?,
        };
        let (refused, other): (Vec<_>, Vec<_>) =
            write_errors(&answer).partition(|error| code(error) == DUPLICATE);
        match other.first() {
            Some(error) => Err(of_write(error)),
            None => Ok(refused.len()),
        }
    }

    /// Makes many updates in one command, each for itself; gives how many documents fitted. It
    /// does not repeat itself after a lost answer.
    pub(in crate::store) async fn update_each(&self, updates: Vec<UpdateEach>) -> Result<i64> {
        if updates.is_empty() {
            return Ok(0);
        }
        let mut statements = RawArrayBuf::new();
        for each in updates {
            let statement = doc! { "q": self.own(each.filter), "u": each.update, "multi": true };
            statements.push(RawDocumentBuf::try_from(&statement)?);
        }
        let mut command = RawDocumentBuf::new();
        command.append(cstr!("update"), self.raw.name());
        command.append(cstr!("ordered"), false);
        command.append(cstr!("updates"), statements);
        let answer = self.bulk(command).await?;
        match write_errors(&answer).next() {
            Some(error) => Err(of_write(error)),
            None => Ok(number(answer.get("n"))),
        }
    }

    fn inserts(&self, items: &[T]) -> Result<RawDocumentBuf> {
        let owner = CString::try_from(OWNER)?;
        let mut documents = RawArrayBuf::new();
        for item in items {
            let mut document = serialize_to_raw_document_buf(item)?;
            document.append(&owner, self.owner);
            for (name, value) in item.extras() {
                document.append(CString::try_from(name)?, RawBson::try_from(value)?);
            }
            documents.push(document);
        }
        let mut command = RawDocumentBuf::new();
        command.append(cstr!("insert"), self.raw.name());
        command.append(cstr!("ordered"), false);
        command.append(cstr!("documents"), documents);
        Ok(command)
    }

    async fn bulk(&self, command: RawDocumentBuf) -> Result<Document> {
        let database = self.raw.client().database(&self.raw.namespace().db);
        let answer = bounded(database.run_raw_command(command)).await?;
        if answer.contains_key("writeConcernError") {
            let cause = "a bulk of writes was not acknowledged by the majority";
            return Err(Error::Unavailable(cause.to_owned()));
        }
        Ok(answer)
    }
}

fn write_errors(answer: &Document) -> impl Iterator<Item = &Document> {
    let errors = answer.get_array("writeErrors").map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(Bson::as_document)
}

fn code(error: &Document) -> i32 {
    i32::try_from(number(error.get("code"))).unwrap_or_default()
}

fn of_write(error: &Document) -> Error {
    Error::of_write(code(error), error.get_str("errmsg").unwrap_or_default())
}

/// Servers answer with whichever number type is at hand.
#[allow(clippy::cast_possible_truncation, reason = "counts and codes are small whole numbers")]
fn number(value: Option<&Bson>) -> i64 {
    match value {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Double(number)) => *number as i64,
        _ => 0,
    }
}
