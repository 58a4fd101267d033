//! Many documents in one command.

use super::{Scoped, Stored};
use crate::store::{Error, Result, connection::bounded};
use mongodb::{
    bson::{Bson, Document, doc},
    error::ErrorKind,
};

/// The code of a write that a unique index refused.
const DUPLICATE: i32 = 11000;

/// One of many updates: which documents, and what is done to each.
pub(in crate::store) struct UpdateEach {
    pub(in crate::store) filter: Document,
    pub(in crate::store) update: Document,
}

impl<T: Stored> Scoped<'_, T> {
    /// Enters many in one command, each for itself; gives how many a unique index refused.
    pub(in crate::store) async fn insert_missing(&self, items: &[T]) -> Result<usize> {
        if items.is_empty() {
            return Ok(0);
        }
        let raws = items.iter().map(|item| self.write(item)).collect::<Result<Vec<_>>>()?;
        let insert = self.raw.insert_many(raws).ordered(false);
        let refused = |error: &mongodb::error::Error| match error.kind.as_ref() {
            ErrorKind::InsertMany(many) if many.write_concern_error.is_none() => {
                let errors = many.write_errors.as_deref().unwrap_or_default();
                errors.iter().all(|error| error.code == DUPLICATE).then_some(errors.len())
            }
            _ => None,
        };
        let inserted = bounded(async {
            match insert.await {
                Ok(_) => Ok(0),
                Err(error) => refused(&error).ok_or(error),
            }
        });
        inserted.await
    }

    /// Makes many updates in one command, each for itself; gives how many documents fitted. The
    /// driver has no such call below `MongoDB` 8, so it is the server's own `update`, which does
    /// not repeat itself after a lost answer: the updates must be such as may be made twice.
    pub(in crate::store) async fn update_each(&self, updates: Vec<UpdateEach>) -> Result<i64> {
        if updates.is_empty() {
            return Ok(0);
        }
        let statement = |each: UpdateEach| {
            let statement = doc! { "q": self.own(each.filter), "u": each.update, "multi": true };
            Bson::Document(statement)
        };
        let namespace = self.raw.namespace();
        let command = doc! {
            "update": namespace.coll,
            "updates": updates.into_iter().map(statement).collect::<Vec<_>>(),
            "ordered": false,
        };
        let database = self.raw.client().database(&namespace.db);
        let answer = bounded(database.run_command(command)).await?;
        if let Some(Bson::Document(first)) =
            answer.get_array("writeErrors").ok().and_then(|all| all.first())
        {
            let code = number(first.get("code"));
            return Err(Error::of_write(
                i32::try_from(code).unwrap_or_default(),
                first.get_str("errmsg").unwrap_or(""),
            ));
        }
        if answer.contains_key("writeConcernError") {
            return Err(Error::Unavailable(
                "a bulk of updates was not acknowledged by the majority".to_owned(),
            ));
        }
        Ok(number(answer.get("n")))
    }
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
