//! What only the platform's administrator does: hospitals as such.

use super::{
    Page, PageRequest, Place, Result,
    connection::{Database, bounded},
    hospitals::HOSPITALS,
    scoped::{Scope, read},
    transaction::{Ended, Tx, transact},
};
use crate::{
    auth::Membership,
    models::{Account, Hospital, HospitalId, Notification},
    tenancy::Tenant,
};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Document, RawDocumentBuf, doc, serialize_to_document},
};

/// The store of hospitals; it takes the platform administrator's grant to get.
#[derive(Debug, Clone)]
pub struct PlatformStore(Database);

impl PlatformStore {
    pub(super) const fn new(database: Database) -> Self {
        Self(database)
    }

    async fn hospitals<T: Send + Sync>(&self) -> Result<Collection<T>> {
        Ok(self.0.handle().await?.collection(HOSPITALS))
    }

    /// Enters a hospital with its first administrator and his first mail: all or nothing. A second
    /// hospital with the code is a duplicate of `hospital_code`.
    pub async fn insert_hospital(
        &self,
        hospital: &Hospital,
        admin: &Account,
        mail: Option<&Notification>,
    ) -> Result<()> {
        let hospitals = self.hospitals::<Document>().await?;
        let hospital_document = serialize_to_document(hospital)?;
        let scope = Scope::hospital(self.0.clone(), &hospital.id);
        let accounts = scope.collection::<Account>().await?;
        let mails = scope.collection::<Notification>().await?;
        let enter = async |tx: &mut Tx| {
            bounded(hospitals.insert_one(&hospital_document).session(tx.session())).await?;
            accounts.insert(admin, Some(tx)).await?;
            if let Some(mail) = mail {
                mails.insert(mail, Some(tx)).await?;
            }
            Ok(Ended::Commit(()))
        };
        transact!(&self.0, |tx| enter(&mut tx))
    }

    /// Whether there is a hospital with this id.
    pub async fn has_hospital(&self, id: &HospitalId) -> Result<bool> {
        Ok(hospital_by_id(&self.0, id).await?.is_some())
    }

    /// The hospitals in the order they joined.
    pub async fn hospitals_page(&self, page: &PageRequest) -> Result<Page<Hospital>> {
        let after = page.after.as_ref();
        let filter = after.map_or_else(Document::new, |after| doc! { "_id": { "$gt": &after.id } });
        let hospitals = self.hospitals::<RawDocumentBuf>().await?;
        let cursor = hospitals.find(filter).sort(doc! { "_id": 1 }).limit(page.limit + 1);
        let raws: Vec<RawDocumentBuf> =
            bounded(async { cursor.await?.try_collect().await }).await?;
        let items = raws.iter().map(read).collect::<Result<Vec<Hospital>>>()?;
        Ok(Page::cut(items, page, |hospital| Place { key: 0, id: hospital.id.as_str().to_owned() }))
    }
}

/// Finds a hospital by a filter on its own document.
pub(super) async fn find_hospital(
    database: &Database,
    filter: Document,
) -> Result<Option<Hospital>> {
    let hospitals: Collection<RawDocumentBuf> = database.handle().await?.collection(HOSPITALS);
    bounded(hospitals.find_one(filter)).await?.as_ref().map(read).transpose()
}

/// The proof of a hospital that was found.
pub(super) fn tenant_of(hospital: &Hospital) -> Tenant {
    Tenant::vouched(Membership {
        hospital: hospital.id.clone(),
        zone: hospital.time_zone.clone(),
        currency: hospital.currency,
    })
}

/// The platform's own scope, where its administrators are.
pub(super) fn platform_scope(database: &Database) -> Scope {
    Scope::platform(database.clone())
}

/// Finds a hospital by its id.
pub(super) async fn hospital_by_id(
    database: &Database,
    id: &HospitalId,
) -> Result<Option<Hospital>> {
    find_hospital(database, doc! { "_id": id.as_str() }).await
}
