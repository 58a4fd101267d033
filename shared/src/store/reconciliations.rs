//! What comparing a hospital's books with Razorpay's brought to light.

use super::{
    HospitalStore, Page, PageRequest, Place, Result,
    scoped::{Find, Stored},
};
use crate::models::Reconciliation;
use mongodb::bson::{Document, doc};

impl Stored for Reconciliation {
    const COLLECTION: &'static str = "reconciliations";
}

impl HospitalStore {
    /// Keeps what a run found.
    pub async fn keep_reconciliation(&self, run: &Reconciliation) -> Result<()> {
        self.scope.collection::<Reconciliation>().await?.insert(run, None).await
    }

    /// The runs, the latest first.
    pub async fn reconciliations(&self, page: &PageRequest) -> Result<Page<Reconciliation>> {
        let after = page.after.as_ref();
        let filter = after.map_or_else(Document::new, |after| doc! { "_id": { "$lt": &after.id } });
        let find = Find { filter, sort: doc! { "_id": -1 }, limit: page.limit + 1 };
        let items = self.scope.collection::<Reconciliation>().await?.find(find).await?;
        Ok(Page::cut(items, page, |run| Place { key: 0, id: run.id.as_str().to_owned() }))
    }
}
