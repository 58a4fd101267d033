//! The ledger of one hospital, read from the appointments that carry it.

use super::{HospitalStore, Page, PageRequest, Place, Result};
use crate::models::{Appointment, AppointmentId, Currency, Instant, LedgerAccount, LedgerEntry};
use mongodb::bson::{Document, doc};
use serde::Deserialize;

/// A stretch of time, its end not included.
#[derive(Debug, Clone, Copy)]
pub struct LedgerSpan {
    /// From this instant on.
    pub from: Instant,
    /// Before this instant.
    pub to: Instant,
}

/// An entry, and whose it is.
#[derive(Debug, Clone, Deserialize)]
pub struct LedgerLine {
    /// The appointment.
    #[serde(rename = "_id")]
    pub appointment_id: AppointmentId,
    /// The entry.
    #[serde(rename = "ledger")]
    pub entry: LedgerEntry,
}

/// What went over the two sides of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LedgerTotal {
    /// The account.
    pub account: LedgerAccount,
    /// The currency.
    pub currency: Currency,
    /// To its debit, in minor units.
    pub debit: i64,
    /// To its credit.
    pub credit: i64,
}

/// The entries of a stretch of time. The index finds the appointments, by any entry in it.
fn entries(span: LedgerSpan) -> Vec<Document> {
    let at = doc! { "$gte": span.from.millis(), "$lt": span.to.millis() };
    vec![
        doc! { "$match": { "ledger": { "$elemMatch": { "at": &at } } } },
        doc! { "$project": { "ledger": 1 } },
        doc! { "$unwind": "$ledger" },
        doc! { "$match": { "ledger.at": at } },
    ]
}

impl HospitalStore {
    /// The entries of a stretch of time in the order they were made.
    pub async fn ledger(&self, span: LedgerSpan, page: &PageRequest) -> Result<Page<LedgerLine>> {
        let mut stages = entries(span);
        if let Some(after) = &page.after {
            stages.push(doc! { "$match": after_entry(after) });
        }
        stages.push(doc! { "$sort": { "ledger.at": 1, "_id": 1, "ledger.number": 1 } });
        stages.push(doc! { "$limit": page.limit + 1 });
        let items: Vec<LedgerLine> =
            self.scope.collection::<Appointment>().await?.aggregate(stages).await?;
        Ok(Page::cut(items, page, |line| Place {
            key: line.entry.at.millis(),
            id: format!("{}/{}", line.appointment_id, line.entry.number),
        }))
    }

    /// What went over each account in a stretch of time.
    pub async fn ledger_totals(&self, span: LedgerSpan) -> Result<Vec<LedgerTotal>> {
        let side = |account: &str, debit: &str, credit: &str| {
            doc! {
                "account": account,
                "currency": "$ledger.amount.currency",
                "debit": debit,
                "credit": credit,
            }
        };
        let both = vec![
            side("$ledger.debit", "$ledger.amount.amount", "$zero"),
            side("$ledger.credit", "$zero", "$ledger.amount.amount"),
        ];
        let mut stages = entries(span);
        stages.extend([
            doc! { "$addFields": { "zero": 0_i64 } },
            doc! { "$project": { "sides": both } },
            doc! { "$unwind": "$sides" },
            doc! { "$group": {
                "_id": { "account": "$sides.account", "currency": "$sides.currency" },
                "debit": { "$sum": "$sides.debit" },
                "credit": { "$sum": "$sides.credit" },
            } },
            doc! { "$project": {
                "account": "$_id.account", "currency": "$_id.currency", "debit": 1, "credit": 1,
            } },
        ]);
        self.scope.collection::<Appointment>().await?.aggregate(stages).await
    }
}

/// The entries after a place in the list.
fn after_entry(after: &Place) -> Document {
    let (appointment, number) = after.id.split_once('/').unwrap_or((&after.id, "0"));
    let number: i64 = number.parse().unwrap_or_default();
    doc! { "$or": [
        { "ledger.at": { "$gt": after.key } },
        { "ledger.at": after.key, "_id": { "$gt": appointment } },
        { "ledger.at": after.key, "_id": appointment, "ledger.number": { "$gt": number } },
    ] }
}
