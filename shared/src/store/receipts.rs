//! Receipts of one hospital. They are their own counter: two unique indexes, over the hospital, the
//! year and the serial, and over the payment, leave only the next number free.

use super::{
    HospitalStore, Result,
    scoped::{Find, Stored},
};
use crate::models::{PaymentId, Receipt};
use mongodb::bson::doc;

impl Stored for Receipt {
    const COLLECTION: &'static str = "receipts";
}

impl HospitalStore {
    /// The receipt for a payment, if it has one.
    async fn receipt_of(&self, payment: &PaymentId) -> Result<Option<Receipt>> {
        let receipts = self.scope.collection::<Receipt>().await?;
        receipts.find_one(doc! { "paymentId": payment.as_str() }).await
    }

    /// Gives a payment its receipt: the one it has, or `wanted` with the next number of its year.
    ///
    /// A number is taken by entering the receipt that has it, so none is ever taken for nothing,
    /// whatever breaks off in between. Who finds a number taken goes on to the one after it; of
    /// any number of callers one gets on at each step, and each step leaves no gap behind.
    pub async fn issue_receipt(&self, wanted: &Receipt) -> Result<Receipt> {
        let receipts = self.scope.collection::<Receipt>().await?;
        let year = doc! { "year": wanted.year.to_string() };
        let latest = Find { filter: year, sort: doc! { "serial": -1 }, limit: 1 };
        let (known, latest) =
            tokio::try_join!(self.receipt_of(&wanted.payment_id), receipts.find(latest))?;
        if let Some(known) = known {
            return Ok(known);
        }
        let latest = latest.first().map_or(0, |receipt| receipt.serial);
        let mut next = Receipt { serial: latest.saturating_add(1), ..wanted.clone() };
        loop {
            match receipts.insert(&next, None).await {
                Ok(()) => return Ok(next),
                Err(error) if error.is_duplicate_of("receipt_payment") => {
                    return self.receipt_of(&wanted.payment_id).await?.ok_or(error);
                }
                Err(error) if error.is_duplicate_of("receipt_number") => {
                    next.serial = next.serial.saturating_add(1);
                }
                Err(error) => return Err(error),
            }
        }
    }
}
