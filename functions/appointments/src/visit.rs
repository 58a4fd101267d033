//! What the steps of a visit have in common.

use crate::{Appointments, queue, read::in_full};
use serde::Serialize;
use shared::{
    body,
    models::{
        Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, Decided, Doer, Note,
        Reason,
    },
    settlement::TRIES,
    store::Visited,
    tenancy::{Grant, NoteVisit},
    web::{AppointmentView, Body, Code, Error, Result},
};
use utoipa::ToSchema;

body! {
    /// Why; it stands in the appointment's history.
    pub(crate) struct Remark {
        /// Why.
        reason: Option<Reason> = "reason",
    }
}

/// The appointment with what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VisitReply {
    pub(crate) appointment: AppointmentView,
}

impl VisitReply {
    pub(crate) fn of(
        this: &Appointments,
        grant: &Grant<NoteVisit>,
        appointment: &Appointment,
    ) -> Result<Self> {
        let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
        Ok(Self { appointment: in_full(this, appointment, &tenant, now) })
    }
}

/// Takes a step of an appointment that is within reach: `decide` gives its next state.
pub(crate) async fn step(
    this: &Appointments,
    grant: &Grant<NoteVisit>,
    id: &AppointmentId,
    remark: Option<Body<Remark>>,
    decide: impl Fn(&Appointment, Note<'_>) -> Result<Decided, AppointmentRefusal>,
) -> Result<Appointment> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let store = this.core.store.of(&tenant);
    let reason = remark.and_then(|Body(remark)| remark.reason);
    for _ in 0..TRIES {
        let appointment = store.appointment(id, &grant.reach()).await?.ok_or(Error::NotFound)?;
        let by = Doer::person(grant.role(), grant.account());
        let note = Note { by, reason: reason.clone(), zone: tenant.zone(), now };
        match decide(&appointment, note).map_err(refused)? {
            Decided::Already => return Ok(appointment),
            Decided::Now(next) => match store.change_visit(&next, now).await? {
                Visited::Done(next) => return Ok(*next),
                Visited::Stale => {}
                Visited::QueueFull => return Err(queue::full()),
                Visited::PatientBusy => {
                    let detail = "The patient has another appointment at that time by now.";
                    return Err(Error::conflict(Code::PatientBusy, detail));
                }
            },
        }
    }
    Err(Error::conflict(Code::Conflict, "The appointment is being changed by others; try again."))
}

fn refused(refusal: AppointmentRefusal) -> Error {
    let (code, detail) = match refusal {
        AppointmentRefusal::NotStarted => (Code::NotStarted, "It has not begun."),
        AppointmentRefusal::DoctorAway => {
            (Code::NotConfirmed, "The doctor is away then; what was paid goes back by itself.")
        }
        AppointmentRefusal::NotToday => {
            (Code::NotToday, "A patient is checked in on the day of the appointment.")
        }
        AppointmentRefusal::DayOver => {
            (Code::TooLateToUndo, "It is undone on the day on which it was noted, and not later.")
        }
        AppointmentRefusal::TooOften => {
            (Code::UndoneTooOften, "So much was undone that nothing more can be.")
        }
        AppointmentRefusal::NotLive(AppointmentStatus::Confirmed) => {
            (Code::NothingToUndo, "Nobody is checked in or missed.")
        }
        AppointmentRefusal::NotLive(AppointmentStatus::CheckedIn) => {
            (Code::CheckedIn, "The patient is there; undo the check-in first.")
        }
        _ => (Code::NotConfirmed, "The appointment is not confirmed, or it is over."),
    };
    Error::conflict(code, detail)
}
