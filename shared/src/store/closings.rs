//! The days of all ledgers are closed, one after the other.

use super::{
    Error, Result, Scope, Store,
    connection::bounded,
    hospitals::HOSPITALS,
    ledger::{LedgerSpan, closing, sum},
    scoped::read,
};
use crate::models::{Hospital, Instant, LedgerClosing};
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{RawDocumentBuf, doc},
};

/// How many days of a hospital one run closes; the rest waits for the next.
const DAYS: usize = 400;

/// What a run over all ledgers came to.
#[derive(Debug)]
pub struct ClosedAll {
    /// How many days were closed.
    pub days: usize,
    /// Why a ledger could not be closed, if one could not.
    pub failed: Option<Error>,
}

impl Store {
    /// Closes the days of every hospital's ledger that are over for good. Each is one insert,
    /// under a unique index; a day that was closed by another run is left as it is. Once the run's
    /// time is over no other day is taken up: the rest waits for the next.
    pub async fn close_ledgers(
        &self,
        now: Instant,
        is_over: impl Fn() -> bool,
    ) -> Result<ClosedAll> {
        let hospitals: Collection<RawDocumentBuf> = self.0.handle().await?.collection(HOSPITALS);
        let mut cursor = bounded(async { hospitals.find(doc! {}).await }).await?;
        let mut all = ClosedAll { days: 0, failed: None };
        while let Some(raw) = bounded(cursor.try_next()).await? {
            let hospital: Hospital = match read(&raw) {
                Ok(hospital) => hospital,
                Err(error) => {
                    all.failed = Some(error);
                    continue;
                }
            };
            let scope = Scope::hospital(self.0.clone(), &hospital.id);
            for _ in 0..DAYS {
                if is_over() {
                    return Ok(all);
                }
                match close_day(&scope, &hospital, now).await {
                    Ok(true) => all.days += 1,
                    Ok(false) => break,
                    Err(error) => {
                        all.failed = Some(error);
                        break;
                    }
                }
            }
        }
        Ok(all)
    }
}

/// Closes a hospital's next day; whether there was one. Beforehand the day closed last is added up
/// again: what came into it since would be missing from every balance.
async fn close_day(scope: &Scope, hospital: &Hospital, now: Instant) -> Result<bool> {
    let closings = scope.collection::<LedgerClosing>().await?;
    let zone = &hospital.time_zone;
    let Some(last) = closing(scope, doc! {}, -1).await? else {
        let first = LedgerClosing::first(hospital.created_at, zone);
        closings.insert(&first, None).await.or_else(already_closed)?;
        return Ok(true);
    };
    let Some(end) = last.next(zone, now) else {
        return Ok(false);
    };
    let earlier = doc! { "before": { "$lt": last.before.millis() } };
    if let Some(before) = closing(scope, earlier, -1).await? {
        let again = sum(scope, LedgerSpan { from: before.before, to: last.before }).await?;
        if before.sum.plus(&again) != last.sum {
            let day = zone.show(before.before);
            return Err(Error::Corrupt(format!("entries came into a closed day, {day}")));
        }
    }
    let day = sum(scope, LedgerSpan { from: last.before, to: end }).await?;
    let closed = LedgerClosing { before: end, sum: last.sum.plus(&day) };
    closings.insert(&closed, None).await.or_else(already_closed)?;
    Ok(true)
}

fn already_closed(error: Error) -> Result<()> {
    if error.is_duplicate_of("ledger_closing") { Ok(()) } else { Err(error) }
}
