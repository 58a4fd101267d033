//! Why an appointment cannot be paid now.

use shared::{
    models::{AppointmentRefusal, AppointmentStatus},
    web::Error,
};

pub(crate) fn refused(refusal: AppointmentRefusal) -> Error {
    match refusal {
        AppointmentRefusal::HoldExpired
        | AppointmentRefusal::NotLive(AppointmentStatus::Expired) => {
            Error::conflict("HOLD_EXPIRED", "The time to pay is over; book again.")
        }
        AppointmentRefusal::AlreadyPaid => {
            Error::conflict("ALREADY_PAID", "The appointment is paid.")
        }
        AppointmentRefusal::NothingToPay => {
            Error::conflict("NOTHING_TO_PAY", "The appointment costs nothing.")
        }
        _ => Error::conflict("NOT_PAYABLE", "The appointment is cancelled or over."),
    }
}

/// Others kept changing it.
pub(crate) fn contended() -> Error {
    Error::conflict("CONFLICT", "The appointment is being changed by others; try again.")
}
