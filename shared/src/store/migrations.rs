//! Changes of what is there: each has a version, is made once, in order, and noted. A run that is
//! killed makes the one it was at again, so each may be made twice.

use super::{
    Error, INDEXES, Result, Store,
    connection::{Database, bounded, bounded_by},
    indexes::BUILD,
    scoped::Stored as _,
};
use crate::models::{Appointment, Instant};
use mongodb::{
    Collection,
    bson::{Document, doc},
};
use std::collections::BTreeSet;

/// A change of what is there.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its place in the order, from 1.
    pub version: i64,
    /// What it does, for the log.
    pub what: &'static str,
    change: Change,
}

#[derive(Debug, Clone, Copy)]
enum Change {
    /// Indexes of ours that others have taken the place of: collection and name.
    DropIndexes(&'static [(&'static str, &'static str)]),
}

/// Every change there was.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        what: "drop the indexes of lists that hold only their order",
        change: Change::DropIndexes(&[
            ("slots", "slot_doctor"),
            ("slots", "slot_start"),
            ("slots", "slot_speciality"),
            ("appointments", "appointment_doctor"),
            ("appointments", "appointment_account"),
            ("appointments", "appointment_patient"),
            ("appointments", "appointment_start"),
        ]),
    },
    Migration {
        version: 2,
        what: "drop the indexes of slots that do not hold their days",
        change: Change::DropIndexes(&[
            ("slots", "slots_of_doctor"),
            ("slots", "slots_of_hospital"),
            ("slots", "slots_of_speciality"),
        ]),
    },
    Migration {
        version: 3,
        what: "drop the index of doctors that asks for one status",
        change: Change::DropIndexes(&[("accounts", "account_speciality")]),
    },
];

impl Store {
    /// Makes the changes that were not made yet; their versions. The indexes are there before. What
    /// code of before leaves out is put right each time.
    pub async fn migrate(&self, now: Instant) -> Result<Vec<i64>> {
        let made: Collection<Document> = self.0.handle().await?.collection("migrations");
        let mut versions = Vec::new();
        for migration in MIGRATIONS {
            let id = doc! { "_id": migration.version };
            if bounded(made.find_one(id.clone())).await?.is_some() {
                continue;
            }
            migration.change.make(&self.0).await?;
            let noted =
                doc! { "_id": migration.version, "what": migration.what, "at": now.millis() };
            match bounded(made.insert_one(noted)).await {
                // Another run was at the same.
                Ok(_) | Err(Error::Duplicate(_)) => versions.push(migration.version),
                Err(error) => return Err(error),
            }
        }
        note_leaves(&self.0).await?;
        Ok(versions)
    }

    /// Indexes in our collections that are none of ours, as `collection.index`. Somebody has made
    /// them, and they stay.
    pub async fn unknown_indexes(&self) -> Result<Vec<String>> {
        let collections: BTreeSet<&str> = INDEXES.iter().map(|index| index.collection).collect();
        let mut unknown = Vec::new();
        for collection in collections {
            let ours = |name: &String| {
                name == "_id_"
                    || INDEXES.iter().any(|one| one.collection == collection && one.name == name)
            };
            let there = names(&self.0, collection).await?;
            unknown.extend(
                there.iter().filter(|name| !ours(name)).map(|name| format!("{collection}.{name}")),
            );
        }
        Ok(unknown)
    }
}

impl Change {
    async fn make(self, database: &Database) -> Result<()> {
        match self {
            Self::DropIndexes(indexes) => drop_indexes(database, indexes).await,
        }
    }
}

async fn drop_indexes(
    database: &Database,
    indexes: &'static [(&'static str, &'static str)],
) -> Result<()> {
    for (collection, index) in indexes {
        if !is_there(database, collection, index).await? {
            continue;
        }
        let handle = database.handle().await?.collection::<Document>(collection);
        let dropped = bounded(handle.drop_index(*index)).await;
        // Another run may have been faster.
        if dropped.is_err() && is_there(database, collection, index).await? {
            return dropped;
        }
    }
    Ok(())
}

/// Appointments get the ids of the leaves they fell into beside the marks that have them. Whoever
/// writes an appointment notes them; code of before did not, and serves on while this one is
/// deployed, or again once it is rolled back. So it is done each time, and must not look through
/// all appointments: the filter names what `appointment_unnoted` is limited to, and its key, under
/// which an appointment without ids is found as one with nothing.
async fn note_leaves(database: &Database) -> Result<()> {
    let appointments = database.handle().await?.collection::<Document>(Appointment::COLLECTION);
    let unnoted = doc! { "leaves.id": { "$exists": true }, "leaveIds": { "$exists": false } };
    let ids = doc! { "$map": { "input": "$leaves", "as": "mark", "in": "$$mark.id" } };
    let note = vec![doc! { "$set": { "leaveIds": ids } }];
    bounded_by(BUILD, appointments.update_many(unnoted, note)).await.map(|_| ())
}

async fn is_there(database: &Database, collection: &str, index: &str) -> Result<bool> {
    Ok(names(database, collection).await?.iter().any(|name| name == index))
}

async fn names(database: &Database, collection: &str) -> Result<Vec<String>> {
    let handle = database.handle().await?.collection::<Document>(collection);
    bounded(handle.list_index_names()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_order_and_no_index_that_is_wanted_is_dropped() {
        for (place, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.version, place);
            let Change::DropIndexes(dropped) = migration.change;
            let wanted = |(collection, name): &(&str, &str)| {
                INDEXES.iter().any(|one| one.collection == *collection && one.name == *name)
            };
            assert!(!dropped.iter().any(wanted), "{}", migration.what);
        }
    }
}
