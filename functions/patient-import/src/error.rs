//! Why an import stops: the file's fault, or ours.

use crate::problem::Problem;
use shared::{calls::Service, entropy::NoEntropy, outbound, store};

/// A fault of ours or of a service: the event is to come again, and the import goes on from its
/// last checkpoint then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The bucket.
    #[error(transparent)]
    Outside(#[from] outbound::Error),
    /// An event could not be written for another invocation.
    #[error("an event cannot be written: {0}")]
    Event(#[from] serde_json::Error),
    /// No random bytes for an id.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// Other writers were at the same patients every time it was tried.
    #[error("other writers were at the same patients too often")]
    Contended,
}

impl Error {
    /// What failed, for the log.
    pub const fn dependency(&self) -> &'static str {
        match self {
            Self::Store(_) | Self::Contended => Service::MongoDb.name(),
            Self::Outside(
                outbound::Error::Unavailable { service, .. }
                | outbound::Error::Refused { service, .. },
            ) => service.name(),
            Self::Event(_) | Self::Entropy(_) => "ourselves",
        }
    }
}

/// Why reading stopped before the end.
#[derive(Debug)]
pub enum Stop {
    /// The file cannot be read; trying again changes nothing.
    Problem(Problem),
    /// It may go on later.
    Error(Error),
    /// The invocation's time is nearly up; what is done is done, and the rest is for another.
    Time,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl From<outbound::ReadFailed> for Stop {
    fn from(failed: outbound::ReadFailed) -> Self {
        match failed {
            outbound::ReadFailed::Replaced => Self::Problem(Problem::Replaced),
            outbound::ReadFailed::Failed(error) => Self::Error(error.into()),
        }
    }
}
