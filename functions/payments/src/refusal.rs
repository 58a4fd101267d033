//! Why an appointment cannot be paid now.

use shared::{
    models::{AppointmentRefusal, AppointmentStatus},
    web::{Code, Error},
};

pub(crate) fn refused(refusal: AppointmentRefusal) -> Error {
    match refusal {
        AppointmentRefusal::HoldExpired
        | AppointmentRefusal::NotLive(AppointmentStatus::Expired) => {
            Error::conflict(Code::HoldExpired, "The time to pay is over; book again.")
        }
        AppointmentRefusal::AlreadyPaid => {
            Error::conflict(Code::AlreadyPaid, "The appointment is paid.")
        }
        AppointmentRefusal::NothingToPay => {
            Error::conflict(Code::NothingToPay, "The appointment costs nothing.")
        }
        _ => Error::conflict(Code::NotPayable, "The appointment is cancelled or over."),
    }
}

/// Others kept changing it.
pub(crate) fn contended() -> Error {
    Error::conflict(Code::Conflict, "The appointment is being changed by others; try again.")
}
