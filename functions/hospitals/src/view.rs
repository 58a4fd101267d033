//! How a hospital looks outside.

use serde::Serialize;
use shared::models::{
    CancellationPolicy, Currency, Hospital, HospitalCode, HospitalId, Name, Zone,
};
use utoipa::ToSchema;

/// A hospital.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HospitalView {
    id: HospitalId,
    name: Name,
    code: HospitalCode,
    time_zone: Zone,
    currency: Currency,
    /// What patients get back, of what is booked now.
    cancellation: CancellationPolicy,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    created_at: String,
}

impl HospitalView {
    pub(crate) fn of(hospital: Hospital) -> Self {
        Self {
            created_at: hospital.time_zone.show(hospital.created_at),
            id: hospital.id,
            name: hospital.name,
            code: hospital.code,
            time_zone: hospital.time_zone,
            currency: hospital.currency,
            cancellation: hospital.cancellation,
        }
    }
}
