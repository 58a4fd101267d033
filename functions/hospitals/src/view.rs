//! How a hospital looks outside.

use serde::Serialize;
use shared::{
    models::{
        BookingRules, CancellationPolicy, Currency, Holidays, Hospital, HospitalCode, HospitalId,
        Name, Zone,
    },
    web::SlotView,
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
    /// When patients may book.
    booking: BookingRules,
    /// When it is closed, by date.
    holidays: Holidays,
    /// After holidays were added: what is held or booked on those days, and stays until somebody
    /// cancels it.
    #[serde(skip_serializing_if = "Option::is_none")]
    staying: Option<Vec<SlotView>>,
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
            booking: hospital.booking,
            holidays: hospital.holidays,
            staying: None,
        }
    }

    /// With what stays on new holidays.
    pub(crate) fn with_staying(self, staying: Vec<SlotView>) -> Self {
        Self { staying: Some(staying), ..self }
    }
}
