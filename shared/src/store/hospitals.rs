//! The own hospital.

use super::{HospitalStore, Result, connection::bounded, scoped::read};
use crate::models::{BookingRules, CancellationPolicy, Holidays, Hospital, Name};
use crate::tenancy::Tenant;
use mongodb::{
    Collection,
    bson::{Document, RawDocumentBuf, doc, serialize_to_bson},
    options::ReturnDocument,
};

/// What is changed of a hospital: whatever is given.
#[derive(Debug, Default)]
pub struct HospitalSettings {
    /// What people call it.
    pub name: Option<Name>,
    /// What patients get back.
    pub cancellation: Option<CancellationPolicy>,
    /// When patients may book.
    pub booking: Option<BookingRules>,
    /// When it is closed.
    pub holidays: Option<Holidays>,
}

/// The collection of hospitals; the documents in it are the tenants themselves.
pub(super) const HOSPITALS: &str = "hospitals";

impl HospitalStore {
    /// The hospital whose store this is.
    pub async fn hospital(&self, tenant: &Tenant) -> Result<Option<Hospital>> {
        self.hospital_of(tenant.hospital().as_str()).await
    }

    /// The same for what has no tenant at hand.
    pub(super) async fn own_hospital(&self) -> Result<Option<Hospital>> {
        self.hospital_of(self.scope.owner()).await
    }

    async fn hospital_of(&self, id: &str) -> Result<Option<Hospital>> {
        let hospitals = self.hospitals().await?;
        let found = bounded(hospitals.find_one(doc! { "_id": id })).await?;
        found.as_ref().map(read).transpose()
    }

    /// Changes the hospital's name and its settings, whichever are given.
    pub async fn change_hospital(
        &self,
        tenant: &Tenant,
        change: &HospitalSettings,
    ) -> Result<Option<Hospital>> {
        let mut set = Document::new();
        if let Some(name) = &change.name {
            set.insert("name", name.as_str());
        }
        if let Some(policy) = &change.cancellation {
            set.insert("cancellation", serialize_to_bson(policy)?);
        }
        if let Some(rules) = &change.booking {
            set.insert("booking", serialize_to_bson(rules)?);
        }
        if let Some(holidays) = &change.holidays {
            set.insert("holidays", serialize_to_bson(holidays)?);
        }
        if set.is_empty() {
            return self.hospital(tenant).await;
        }
        let hospitals = self.hospitals().await?;
        let own = doc! { "_id": tenant.hospital().as_str() };
        let change = hospitals
            .find_one_and_update(own, doc! { "$set": set })
            .return_document(ReturnDocument::After);
        bounded(change).await?.as_ref().map(read).transpose()
    }

    async fn hospitals(&self) -> Result<Collection<RawDocumentBuf>> {
        Ok(self.scope.database().handle().await?.collection(HOSPITALS))
    }
}
