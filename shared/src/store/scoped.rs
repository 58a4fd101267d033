//! A collection as one hospital sees it: the hospital is in every filter and every insert, and is
//! checked on every read.

mod bulk;

pub(super) use bulk::UpdateEach;

use super::{
    Error, Result,
    connection::{Database, bounded},
    reading,
    transaction::Tx,
};
use crate::models::HospitalId;
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Bson, Document, RawDocumentBuf, doc, serialize_to_document},
    options::ReturnDocument,
};
use serde::{Serialize, de::DeserializeOwned};
use std::marker::PhantomData;

/// The name under which the platform's own accounts are kept; no hospital's id looks like it.
pub(super) const PLATFORM: &str = "platform";
/// The field that says whose a document is. No domain type has it.
const OWNER: &str = "hospitalId";

/// Something that is stored: where, and which fields are kept beside it for the indexes.
pub(super) trait Stored: Serialize + DeserializeOwned + Send + Sync {
    /// The collection.
    const COLLECTION: &'static str;

    /// Unique indexes whose keys no update changes. A server that says an update was refused by one
    /// has met another's write at the same document.
    const UNCHANGED: &'static [&'static str] = &[];

    /// Fields that only queries and indexes need.
    fn extras(&self) -> Document {
        Document::new()
    }
}

/// A part of what is stored, for those who need no more.
pub(super) trait Part: DeserializeOwned {
    /// The whole.
    type Of: Stored;
    /// The names of its fields.
    const FIELDS: &'static [&'static str];
}

/// One hospital's side of the database, or the platform's.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    database: Database,
    owner: String,
}

impl Scope {
    pub(super) fn hospital(database: Database, hospital: &HospitalId) -> Self {
        Self { database, owner: hospital.as_str().to_owned() }
    }

    /// The side of whoever owns a document that was found across hospitals.
    pub(super) const fn owned(database: Database, owner: String) -> Self {
        Self { database, owner }
    }

    pub(super) fn platform(database: Database) -> Self {
        Self { database, owner: PLATFORM.to_owned() }
    }

    /// A filter on what this side owns.
    pub(super) fn own(&self, filter: Document) -> Document {
        own(&self.owner, filter)
    }

    /// Whose side it is.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    pub(super) const fn database(&self) -> &Database {
        &self.database
    }

    pub(super) async fn collection<T: Stored>(&self) -> Result<Scoped<'_, T>> {
        let raw = self.database.handle().await?.collection(T::COLLECTION);
        Ok(Scoped { raw, owner: &self.owner, stored: PhantomData })
    }
}

/// A collection as one hospital sees it.
pub(super) struct Scoped<'a, T> {
    raw: Collection<RawDocumentBuf>,
    owner: &'a str,
    stored: PhantomData<fn() -> T>,
}

fn own(owner: &str, filter: Document) -> Document {
    let mut own = doc! { OWNER: owner };
    own.extend(filter);
    own
}

/// How a list is read.
pub(super) struct Find {
    pub(super) filter: Document,
    pub(super) sort: Document,
    pub(super) limit: i64,
}

impl<T: Stored> Scoped<'_, T> {
    fn own(&self, filter: Document) -> Document {
        own(self.owner, filter)
    }

    fn read<R: DeserializeOwned>(&self, raw: &RawDocumentBuf) -> Result<R> {
        if reading::text_of(raw.as_bytes(), OWNER) != Some(self.owner) {
            return Err(Error::Corrupt(format!("{} of another hospital", T::COLLECTION)));
        }
        read(raw)
    }

    pub(super) async fn find_one(&self, filter: Document) -> Result<Option<T>> {
        let found = bounded(self.raw.find_one(self.own(filter))).await?;
        found.map(|raw| self.read(&raw)).transpose()
    }

    /// The same within a transaction, as it was when that began.
    pub(super) async fn find_one_in(&self, filter: Document, tx: &mut Tx) -> Result<Option<T>> {
        let find = self.raw.find_one(self.own(filter)).session(tx.session());
        bounded(find).await?.map(|raw| self.read(&raw)).transpose()
    }

    pub(super) async fn find(&self, find: Find) -> Result<Vec<T>> {
        self.list(find, None).await
    }

    /// The same, of each only what `P` needs.
    pub(super) async fn find_parts<P: Part<Of = T>>(&self, find: Find) -> Result<Vec<P>> {
        let fields = P::FIELDS.iter().chain(&[OWNER]);
        self.list(find, Some(fields.map(|name| ((*name).to_owned(), Bson::Int32(1))).collect()))
            .await
    }

    async fn list<R: DeserializeOwned>(
        &self,
        find: Find,
        projection: Option<Document>,
    ) -> Result<Vec<R>> {
        let batch = u32::try_from(find.limit.clamp(1, 10_000)).unwrap_or(1000);
        let mut cursor = self
            .raw
            .find(self.own(find.filter))
            .sort(find.sort)
            .limit(find.limit)
            .batch_size(batch);
        if let Some(fields) = projection {
            cursor = cursor.projection(fields);
        }
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        raws.iter().map(|raw| self.read(raw)).collect()
    }

    pub(super) async fn aggregate<R: DeserializeOwned>(
        &self,
        stages: Vec<Document>,
    ) -> Result<Vec<R>> {
        let mut pipeline = vec![doc! { "$match": { OWNER: self.owner } }];
        pipeline.extend(stages);
        let cursor = self.raw.aggregate(pipeline).with_type::<RawDocumentBuf>();
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        raws.iter().map(read).collect()
    }

    pub(super) async fn insert(&self, item: &T, tx: Option<&mut Tx>) -> Result<()> {
        let insert = self.raw.insert_one(self.write(item)?);
        match tx {
            Some(tx) => bounded(insert.session(tx.session())).await?,
            None => bounded(insert).await?,
        };
        Ok(())
    }

    pub(super) async fn insert_all(&self, items: &[T], tx: Option<&mut Tx>) -> Result<()> {
        let raws = items.iter().map(|item| self.write(item)).collect::<Result<Vec<_>>>()?;
        let insert = self.raw.insert_many(raws).ordered(false);
        match tx {
            Some(tx) => bounded(insert.session(tx.session())).await?,
            None => bounded(insert).await?,
        };
        Ok(())
    }

    /// Changes one document that fits the filter and gives it as it is then.
    pub(super) async fn update(
        &self,
        filter: Document,
        update: impl Into<mongodb::options::UpdateModifications>,
        tx: Option<&mut Tx>,
    ) -> Result<Option<T>> {
        let change = self
            .raw
            .find_one_and_update(self.own(filter), update)
            .return_document(ReturnDocument::After);
        let found = match tx {
            Some(tx) => bounded(change.session(tx.session())).await,
            None => bounded(change).await,
        };
        found.map_err(met::<T>)?.map(|raw| self.read(&raw)).transpose()
    }

    /// Changes the one document that fits the filter, or makes it, and gives it as it is then.
    pub(super) async fn upsert(
        &self,
        filter: Document,
        update: Vec<Document>,
        tx: &mut Tx,
    ) -> Result<T> {
        let change = self
            .raw
            .find_one_and_update(self.own(filter), update)
            .upsert(true)
            .return_document(ReturnDocument::After)
            .session(tx.session());
        let found = bounded(change).await?;
        let found = found.ok_or_else(|| Error::Corrupt("an upsert gave nothing".to_owned()))?;
        self.read(&found)
    }

    /// Changes one document that fits the filter and gives it as it was before.
    pub(super) async fn claim(
        &self,
        filter: Document,
        update: Vec<Document>,
        tx: &mut Tx,
    ) -> Result<Option<T>> {
        let change = self
            .raw
            .find_one_and_update(self.own(filter), update)
            .return_document(ReturnDocument::Before)
            .session(tx.session());
        bounded(change).await.map_err(met::<T>)?.map(|raw| self.read(&raw)).transpose()
    }

    /// Changes every document that fits the filter; gives how many fitted.
    pub(super) async fn update_all(
        &self,
        filter: Document,
        update: impl Into<mongodb::options::UpdateModifications>,
        tx: Option<&mut Tx>,
    ) -> Result<u64> {
        let change = self.raw.update_many(self.own(filter), update);
        let result = match tx {
            Some(tx) => bounded(change.session(tx.session())).await,
            None => bounded(change).await,
        };
        Ok(result.map_err(met::<T>)?.matched_count)
    }

    /// Puts `item` in the place of the one document that fits the filter; whether there was one.
    pub(super) async fn replace(
        &self,
        filter: Document,
        item: &T,
        tx: Option<&mut Tx>,
    ) -> Result<bool> {
        let change = self.raw.replace_one(self.own(filter), self.write(item)?);
        let result = match tx {
            Some(tx) => bounded(change.session(tx.session())).await?,
            None => bounded(change).await?,
        };
        Ok(result.matched_count == 1)
    }

    /// Removes one document that fits the filter; whether there was one.
    pub(super) async fn delete(&self, filter: Document, tx: Option<&mut Tx>) -> Result<bool> {
        let delete = self.raw.delete_one(self.own(filter));
        let result = match tx {
            Some(tx) => bounded(delete.session(tx.session())).await?,
            None => bounded(delete).await?,
        };
        Ok(result.deleted_count == 1)
    }

    /// Removes every document that fits the filter; gives how many fitted.
    pub(super) async fn delete_all(&self, filter: Document, tx: &mut Tx) -> Result<usize> {
        let delete = self.raw.delete_many(self.own(filter)).session(tx.session());
        Ok(usize::try_from(bounded(delete).await?.deleted_count).unwrap_or(usize::MAX))
    }

    fn write(&self, item: &T) -> Result<RawDocumentBuf> {
        Ok(RawDocumentBuf::try_from(&to_document(item, self.owner)?)?)
    }
}

/// What a refused update means.
fn met<T: Stored>(error: Error) -> Error {
    if T::UNCHANGED.iter().any(|index| error.is_duplicate_of(index)) {
        return Error::Conflict;
    }
    error
}

/// A document as it is stored, with what the indexes need, and before all its owner, which is looked
/// at before all else.
pub(super) fn to_document<T: Stored>(item: &T, owner: &str) -> Result<Document> {
    let mut document = doc! { OWNER: owner };
    document.extend(serialize_to_document(item)?);
    document.extend(item.extras());
    Ok(document)
}

/// Reads a document whose owner is not the question.
pub(super) fn read<R: DeserializeOwned>(raw: &RawDocumentBuf) -> Result<R> {
    reading::from_slice(raw.as_bytes()).map_err(|error| Error::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Appointment, Slot};

    #[test]
    fn an_update_met_another_where_it_cannot_have_changed_the_keys() {
        let refused = |index: &str| Error::Duplicate(index.to_owned());
        assert!(matches!(met::<Slot>(refused("slot_minutes")), Error::Conflict));
        assert!(met::<Slot>(refused("other")).is_duplicate_of("other"));
        let busy = met::<Appointment>(refused("appointment_busy"));
        assert!(busy.is_duplicate_of("appointment_busy"));
    }
}
