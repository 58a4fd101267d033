//! How a hospital looks outside.

use serde::Serialize;
use shared::models::{Currency, Hospital, HospitalCode, HospitalId, Name, Zone};
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
        }
    }
}
