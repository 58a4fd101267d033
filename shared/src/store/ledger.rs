//! The ledger of one hospital, read from the appointments that carry it, and its closed days, by
//! which no more is read than was asked for.

use super::{
    HospitalStore, Page, PageRequest, Place, Result, Scope,
    scoped::{Find, Stored},
};
use crate::models::{
    Appointment, AppointmentId, Instant, LedgerClosing, LedgerEntry, LedgerSum, LedgerTotal,
};
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

impl Stored for LedgerClosing {
    const COLLECTION: &'static str = "ledgerClosings";
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
        let after = page.after.as_ref().map(|after| Instant::from_millis(after.key));
        let from = after.map_or(span.from, |after| after.max(span.from));
        let to = self.far_enough(from, page.limit + 1).await?;
        let mut stages = entries(LedgerSpan { from, to: to.unwrap_or(span.to).min(span.to) });
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

    /// What went over each account in a stretch of time. Only what closed days leave over at its
    /// two ends is added up.
    pub async fn ledger_totals(&self, span: LedgerSpan) -> Result<Vec<LedgerTotal>> {
        let (from, to) = (span.from.millis(), span.to.millis());
        let (first, last) = tokio::join!(
            closing(&self.scope, doc! { "before": { "$gte": from } }, 1),
            closing(&self.scope, doc! { "before": { "$lte": to } }, -1),
        );
        let sum = match first?.zip(last?) {
            Some((first, last)) if first.before <= last.before => {
                let (head, tail) = tokio::join!(
                    sum(&self.scope, LedgerSpan { to: first.before, ..span }),
                    sum(&self.scope, LedgerSpan { from: last.before, ..span }),
                );
                head?.plus(&last.sum.minus(&first.sum)).plus(&tail?)
            }
            _ => sum(&self.scope, span).await?,
        };
        Ok(sum.totals)
    }

    /// An instant by which so many more entries were made, if the closed days tell of one.
    async fn far_enough(&self, from: Instant, entries: i64) -> Result<Option<Instant>> {
        let next = closing(&self.scope, doc! { "before": { "$gt": from.millis() } }, 1).await?;
        let Some(next) = next else {
            return Ok(None);
        };
        let enough = doc! { "entries": { "$gte": next.sum.entries.saturating_add(entries) } };
        let sort = doc! { "entries": 1, "before": 1 };
        let closings = self.scope.collection::<LedgerClosing>().await?;
        let found = closings.find(Find { filter: enough, sort, limit: 1 }).await?;
        Ok(found.first().map(|closing| closing.before))
    }
}

/// The first closing that fits, or with `-1` the last.
pub(super) async fn closing(
    scope: &Scope,
    filter: Document,
    order: i32,
) -> Result<Option<LedgerClosing>> {
    let closings = scope.collection::<LedgerClosing>().await?;
    let found = closings.find(Find { filter, sort: doc! { "before": order }, limit: 1 }).await?;
    Ok(found.into_iter().next())
}

/// What the entries of a stretch of time come to, added up one by one.
pub(super) async fn sum(scope: &Scope, span: LedgerSpan) -> Result<LedgerSum> {
    if span.from >= span.to {
        return Ok(LedgerSum::default());
    }
    let side = |account: &str, debit: &str, credit: &str, entries: &str| {
        doc! {
            "account": account,
            "currency": "$ledger.amount.currency",
            "debit": debit,
            "credit": credit,
            "entries": entries,
        }
    };
    let both = vec![
        side("$ledger.debit", "$ledger.amount.amount", "$zero", "$one"),
        side("$ledger.credit", "$zero", "$ledger.amount.amount", "$zero"),
    ];
    let mut stages = entries(span);
    stages.extend([
        doc! { "$addFields": { "zero": 0_i64, "one": 1_i64 } },
        doc! { "$project": { "sides": both } },
        doc! { "$unwind": "$sides" },
        doc! { "$group": {
            "_id": { "account": "$sides.account", "currency": "$sides.currency" },
            "debit": { "$sum": "$sides.debit" },
            "credit": { "$sum": "$sides.credit" },
            "entries": { "$sum": "$sides.entries" },
        } },
        doc! { "$project": {
            "account": "$_id.account", "currency": "$_id.currency",
            "debit": 1, "credit": 1, "entries": 1,
        } },
    ]);
    let accounts = scope.collection::<Appointment>().await?.aggregate::<Account>(stages).await?;
    let each = |one: Account| LedgerSum { entries: one.entries, totals: vec![one.total] };
    Ok(accounts.into_iter().map(each).fold(LedgerSum::default(), |sum, one| sum.plus(&one)))
}

/// What went over an account, and how many entries have it on their debit.
#[derive(Deserialize)]
struct Account {
    #[serde(flatten)]
    total: LedgerTotal,
    entries: i64,
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
