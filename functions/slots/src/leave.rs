//! Doctors' leaves: what their operations have in common.

pub(crate) mod accept;
pub(crate) mod begin;
pub(crate) mod decline;
pub(crate) mod list;
pub(crate) mod offer;
pub(crate) mod read;
pub(crate) mod take_back;

use crate::Slots;
use serde::Serialize;
use shared::{
    models::{
        AccountId, Appointment, AppointmentId, DoctorRef, Instant, LEAVE_LINK, Leave, LeaveId,
        LeaveOffer, LeaveOutcome, LeaveRefusal, LeaveStatus, Money, Parse as _, Reason,
    },
    store::{HospitalStore, LeaveCounts},
    tenancy::{Grant, Reach, TakeLeave, Tenant},
    web::{Code, Error, LinkText, Result, Trail},
};
use utoipa::ToSchema;

/// A leave, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeaveView {
    leave_id: LeaveId,
    doctor_id: AccountId,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    from: String,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    to: String,
    /// Patients are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    offer: LeaveOffer,
    status: LeaveStatus,
    counts: CountsView,
    /// Appointments that stay, for their patients are there already.
    staying: Vec<AppointmentId>,
    #[schema(format = DateTime)]
    created_at: String,
}

/// What a leave came to so far. Every appointment is offered, moved, cancelled or kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CountsView {
    /// Slots that were open.
    slots_blocked: u64,
    /// Appointments of that time.
    appointments: usize,
    /// Their patients may still choose.
    offered: usize,
    /// At another time by now.
    moved: usize,
    /// Called off.
    cancelled: usize,
    /// Of these, those for which money goes back.
    refunded: usize,
    /// They stand after all.
    kept: usize,
}

impl LeaveView {
    fn of(leave: Leave, counts: LeaveCounts, tenant: &Tenant) -> Self {
        let shown = |at: Instant| tenant.zone().show(at);
        Self {
            from: shown(leave.from),
            to: shown(leave.to),
            created_at: shown(leave.created_at),
            leave_id: leave.id,
            doctor_id: leave.doctor_id,
            reason: leave.reason,
            offer: leave.offer,
            status: leave.status,
            counts: CountsView {
                slots_blocked: leave.slots_blocked,
                appointments: counts.appointments,
                offered: counts.offered,
                moved: counts.moved,
                cancelled: counts.cancelled,
                refunded: counts.refunded,
                kept: counts.kept,
            },
            staying: leave.staying,
        }
    }
}

/// The leave with this id, if it is the hospital's or the doctor's own.
async fn within_reach(
    store: &HospitalStore,
    grant: &Grant<TakeLeave>,
    id: &LeaveId,
) -> Result<Leave> {
    let leave = store.leave(id).await?.ok_or(Error::NotFound)?;
    match grant.reach() {
        Reach::Doctor(own) if own != leave.doctor_id => Err(Error::NotFound),
        _ => Ok(leave),
    }
}

/// An appointment as its link shows it: it names nobody but the doctor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferedView {
    id: AppointmentId,
    /// What became of it.
    outcome: LeaveOutcome,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    start: String,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    end: String,
    doctor: DoctorRef,
    fee: Money,
    /// What goes back, or went, because it was moved or called off, if anything does.
    #[schema(required)]
    refund: Option<Money>,
}

impl OfferedView {
    fn of(appointment: &Appointment, leave: &LeaveId, tenant: &Tenant) -> Self {
        let outcome = appointment.leave_mark(leave).map_or(LeaveOutcome::Kept, |mark| mark.outcome);
        let refund = match outcome {
            LeaveOutcome::Moved => appointment.moved_refund(),
            LeaveOutcome::Cancelled => appointment.cancellation_refund(),
            LeaveOutcome::Offered | LeaveOutcome::Kept => None,
        };
        Self {
            id: appointment.id.clone(),
            outcome,
            start: tenant.zone().show(appointment.start),
            end: tenant.zone().show(appointment.end),
            doctor: appointment.doctor.clone(),
            fee: appointment.fee,
            refund: refund.map(|refund| refund.amount),
        }
    }
}

/// What a link gave: the hospital, the appointment, and the leave it fell into.
struct Opened {
    tenant: Tenant,
    store: HospitalStore,
    id: AppointmentId,
    leave: LeaveId,
}

impl Opened {
    /// Opens a link, and notes in the trail that whoever has it is there.
    fn of(slots: &Slots, trail: &Trail, link: &LinkText) -> Result<Self> {
        let link = slots.links.open(LEAVE_LINK, &link.0).ok_or(Error::NotFound)?;
        let tenant = Tenant::of_link(&link);
        let (id, leave) = link.about().split_once('/').ok_or(Error::NotFound)?;
        let id = AppointmentId::parse(id).map_err(|_| Error::NotFound)?;
        let leave = LeaveId::parse(leave).map_err(|_| Error::NotFound)?;
        trail.serves("link", &tenant, &id);
        let store = slots.core.store.of(&tenant);
        Ok(Self { tenant, store, id, leave })
    }

    /// The appointment as it is now.
    async fn appointment(&self) -> Result<Appointment> {
        let found = self.store.appointment(&self.id, &Reach::Hospital).await?;
        let found = found.ok_or(Error::NotFound)?;
        found.leave_mark(&self.leave).is_some().then_some(found).ok_or(Error::NotFound)
    }
}

fn refused(refusal: LeaveRefusal) -> Error {
    let (code, detail) = match refusal {
        LeaveRefusal::Over => {
            (Code::LeaveOfferOver, "The time to choose is over: all that was paid goes back.")
        }
        LeaveRefusal::Used => (Code::LeaveOfferUsed, "This link was used already."),
        LeaveRefusal::Stands => {
            (Code::AppointmentStands, "There is nothing to choose: the appointment stands.")
        }
    };
    Error::conflict(code, detail)
}
