//! Transactions: begun, tried again when another was at the same documents, and never for long.

use super::{
    Error, Result,
    connection::{Database, bounded, briefly},
};
use mongodb::{
    ClientSession,
    options::{ReadConcern, WriteConcern},
};
use std::{ops::ControlFlow, time::Duration};

/// A transaction that is under way. Dropped without an end, it is aborted by the driver.
pub(super) struct Tx(ClientSession);

/// How a transaction's work ended, apart from errors.
pub(super) enum Ended<T> {
    /// Keep what was written.
    Commit(T),
    /// Undo what was written; the value says why.
    Abort(T),
}

/// Counts the tries of one transaction.
#[derive(Default)]
pub(super) struct Tries(u32);

/// More tries than this and the client is told to come back.
const TRIES: u32 = 12;

impl Tx {
    pub(super) async fn begin(database: &Database) -> Result<Self> {
        let mut session = database.session().await?;
        let start = session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .write_concern(WriteConcern::majority());
        bounded(start).await?;
        Ok(Self(session))
    }

    pub(super) const fn session(&mut self) -> &mut ClientSession {
        &mut self.0
    }

    /// Commits or aborts; `Continue` means that all of it is to be done again.
    pub(super) async fn end<T>(
        mut self,
        outcome: Result<Ended<T>>,
        tries: &mut Tries,
    ) -> ControlFlow<Result<T>> {
        let error = match outcome {
            Ok(Ended::Commit(value)) => match self.commit().await {
                Ok(()) => return ControlFlow::Break(Ok(value)),
                Err(error) => error,
            },
            Ok(Ended::Abort(value)) => {
                self.abort().await;
                return ControlFlow::Break(Ok(value));
            }
            Err(error) => {
                self.abort().await;
                error
            }
        };
        if !matches!(error, Error::Conflict) {
            return ControlFlow::Break(Err(error));
        }
        tries.0 += 1;
        if tries.0 >= TRIES {
            return ControlFlow::Break(Err(Error::Unavailable(
                "a transaction met others too often".to_owned(),
            )));
        }
        // 5 ms × 1.5ⁿ, at most half a second, as the drivers' specification has it.
        let wait =
            Duration::from_millis(5).mul_f64(1.5_f64.powi(i32::try_from(tries.0).unwrap_or(8)));
        tokio::time::sleep(wait.min(Duration::from_millis(500))).await;
        ControlFlow::Continue(())
    }

    /// A commit whose result got lost is sent again: it is the same transaction, so it is safe.
    /// All tries together may take as long as any one command.
    async fn commit(&mut self) -> Result<()> {
        let session = &mut self.0;
        bounded(async {
            for _ in 0..2 {
                match session.commit_transaction().await {
                    Err(error) if error.contains_label("UnknownTransactionCommitResult") => {}
                    result => return result,
                }
            }
            session.commit_transaction().await
        })
        .await
    }

    async fn abort(&mut self) {
        if let Err(error) = briefly(self.0.abort_transaction()).await {
            tracing::debug!(%error, "an abort was not heard; the server ends the transaction itself");
        }
    }
}

/// Runs work in a transaction until it is done: `transact!(database, |tx| work(&mut tx))`, where
/// the work gives a `Result<Ended<T>>` and may run more than once.
macro_rules! transact {
    ($database:expr, |$tx:ident| $work:expr) => {{
        let mut tries = $crate::store::transaction::Tries::default();
        loop {
            let mut $tx = $crate::store::transaction::Tx::begin($database).await?;
            let outcome = $work.await;
            if let std::ops::ControlFlow::Break(result) = $tx.end(outcome, &mut tries).await {
                break result;
            }
        }
    }};
}

pub(super) use transact;
