//! The one place that talks to `MongoDB`, always inside one hospital.
//!
//! [`Store`] has no collections to offer: [`Store::of`] takes a [`Tenant`] and gives the store of
//! that hospital, [`Store::platform`] takes the platform administrator's grant, and the few
//! look-ups that find a hospital before anybody is known are in [`Gate`]. Whatever goes to the
//! database passes `scoped`, which adds the hospital to every filter and every insert and checks it
//! on every read.

mod accounts;
mod appointments;
mod audit;
mod closings;
mod connection;
mod error;
mod gate;
mod guard;
mod hospitals;
mod idempotency;
mod imports;
mod indexes;
mod leaves;
mod ledger;
mod migrations;
mod notifications;
mod page;
mod patients;
mod payment_accounts;
mod platform;
mod queues;
mod reading;
mod receipts;
mod reconciliations;
mod scoped;
mod seats;
mod sessions;
mod settlement;
mod slots;
mod transaction;
mod undeliverable;
mod visits;
mod waitlist;

pub use accounts::{AccountFilter, LogInKey, Removal};
pub use appointments::{AppointmentFilter, Booked, Change, Released, Rescheduled};
pub use audit::{AccessLogItem, AccessLogQuery, AuditFilter, Sealed, SealedAll};
pub use closings::ClosedAll;
pub use connection::Database;
pub use error::{Error, Result};
pub use gate::{Due, Found, Gate, Sweep};
pub use hospitals::HospitalSettings;
pub use idempotency::{Begun, FirstRun, Remembered};
pub use imports::{ChunkReport, Moved, PatientChange, Progress, Reject, Updated};
pub use indexes::{INDEXES, Index};
pub use leaves::{Concerned, CountedLeave, LeaveCounts};
pub use ledger::{LedgerLine, LedgerSpan};
pub use migrations::{MIGRATIONS, Migration};
pub use notifications::Addressed;
pub use page::{Page, PageRequest, Place};
pub use patients::{PatientFilter, PatientWrite};
pub use payment_accounts::Payable;
pub use platform::PlatformStore;
pub use queues::{Visited, WalkedIn};
pub use sessions::SessionStart;
pub use settlement::{Settled, WebhookEvent};
pub use slots::{DoctorCard, Instead, Published, SlotFilter};
pub use visits::WantedSlot;
pub use waitlist::{Offered, Queued};

use crate::tenancy::{Grant, ManageHospitals, Tenant};
use scoped::Scope;

/// The database before a hospital is known. It has nothing to read.
#[derive(Debug, Clone)]
pub struct Store(Database);

impl Store {
    /// A store over this database; nothing is connected until something is read.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }

    /// The store of one hospital.
    pub fn of(&self, tenant: &Tenant) -> HospitalStore {
        HospitalStore { scope: Scope::hospital(self.0.clone(), tenant.hospital()) }
    }

    /// The platform's own store, for its administrator.
    pub fn platform(&self, _: &Grant<ManageHospitals>) -> PlatformStore {
        PlatformStore::new(self.0.clone())
    }

    /// The look-ups that come before a hospital is known.
    pub fn gate(&self) -> Gate {
        Gate::new(self.0.clone())
    }

    /// Makes the indexes of [`INDEXES`] that are not there yet; used at deployment only.
    pub async fn apply_indexes(&self) -> Result<usize> {
        indexes::apply(&self.0).await
    }
}

/// The store of one hospital. Its operations are in the modules of their subjects.
#[derive(Debug, Clone)]
pub struct HospitalStore {
    scope: Scope,
}
