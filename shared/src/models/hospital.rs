//! A hospital: the tenant.

use super::{
    BookingRules, CancellationPolicy, Currency, Holidays, HospitalCode, HospitalId, Instant, Name,
    Zone,
};
use serde::{Deserialize, Serialize};

/// A hospital and its settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hospital {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: HospitalId,
    /// What people call it.
    pub name: Name,
    /// What `hospital` in a log-in means; unique, and never changed, for files are dropped by it.
    pub code: HospitalCode,
    /// Its clocks.
    pub time_zone: Zone,
    /// What its fees are in.
    pub currency: Currency,
    /// What a patient gets back; copied to each appointment when it is booked.
    #[serde(default)]
    pub cancellation: CancellationPolicy,
    /// When patients may book.
    #[serde(default)]
    pub booking: BookingRules,
    /// When it is closed: nothing is published for those days, and nothing booked on them.
    #[serde(default)]
    pub holidays: Holidays,
    /// When it joined.
    pub created_at: Instant,
}
