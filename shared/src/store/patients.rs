//! Patients of one hospital.

use super::{
    HospitalStore, Page, PageRequest, Place, Result,
    accounts::begins_with,
    scoped::{Find, Stored},
};
use crate::models::{AccountId, AccountStatus, Day, Mobile, Name, Patient, PatientId, Search};
use mongodb::bson::{Document, doc};

impl Stored for Patient {
    const COLLECTION: &'static str = "patients";

    fn extras(&self) -> Document {
        doc! {
            "nameKey": self.name.search_key(),
            "identifierKey": self.identifier.as_str().to_lowercase(),
        }
    }
}

/// Which patients are wanted.
#[derive(Debug, Clone, Default)]
pub struct PatientFilter {
    /// Only with this status.
    pub status: Option<AccountStatus>,
    /// Only whose name, identifier or mobile begins with this.
    pub search: Option<Search>,
}

/// What is changed of a patient.
#[derive(Debug, Clone, Default)]
pub struct PatientWrite {
    /// The name.
    pub name: Option<Name>,
    /// The mobile.
    pub mobile: Option<Mobile>,
    /// The day of birth.
    pub date_of_birth: Option<Day>,
}

impl HospitalStore {
    /// The patients that fit, in the order they were entered.
    pub async fn patients(
        &self,
        filter: &PatientFilter,
        page: &PageRequest,
    ) -> Result<Page<Patient>> {
        let mut query = Document::new();
        if let Some(status) = filter.status {
            query.insert("status", status.as_str());
        }
        if let Some(search) = &filter.search {
            let mut any = begins_with(search, &["nameKey", "identifierKey", "mobile"]);
            // A mobile is kept with its country; people type it without.
            if search.as_str().bytes().all(|b| b.is_ascii_digit()) {
                any.push(doc! { "mobile": { "$regex": format!("^\\+91{}", search.as_str()) } });
            }
            query.insert("$or", any);
        }
        if let Some(after) = &page.after {
            query.insert("_id", doc! { "$gt": &after.id });
        }
        let find = Find { filter: query, sort: doc! { "_id": 1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<Patient>().await?.find(find).await?;
        Ok(Page::cut(items, page, |patient| Place { key: 0, id: patient.id.as_str().to_owned() }))
    }

    /// The patient with this id.
    pub async fn patient(&self, id: &PatientId) -> Result<Option<Patient>> {
        self.scope.collection::<Patient>().await?.find_one(doc! { "_id": id.as_str() }).await
    }

    /// The patients an account acts for, in the order they were entered.
    pub async fn patients_of(&self, account: &AccountId) -> Result<Vec<Patient>> {
        let filter = doc! { "accountId": account.as_str() };
        let find = Find { filter, sort: doc! { "_id": 1 }, limit: 100 };
        self.scope.collection::<Patient>().await?.find(find).await
    }

    /// Changes a patient.
    pub async fn change_patient(
        &self,
        id: &PatientId,
        write: &PatientWrite,
    ) -> Result<Option<Patient>> {
        let mut set = Document::new();
        if let Some(name) = &write.name {
            set.insert("name", name.as_str());
            set.insert("nameKey", name.search_key());
        }
        if let Some(mobile) = &write.mobile {
            set.insert("mobile", mobile.as_str());
        }
        if let Some(day) = write.date_of_birth {
            set.insert("dateOfBirth", String::from(day));
        }
        if set.is_empty() {
            return self.patient(id).await;
        }
        let patients = self.scope.collection::<Patient>().await?;
        patients.update(doc! { "_id": id.as_str() }, doc! { "$set": set }, None).await
    }
}
