//! `POST /leave/decline`: a patient whose doctor is away wants his money back.

use crate::{
    Slots,
    leave::{OfferedView, Opened, accept::ChosenReply, refused},
};
use axum::extract::State;
use shared::{
    body,
    models::{Appointment, AppointmentStatus, Decided, LeaveOutcome, LeaveRefusal, PaymentAccount},
    settlement::{self, TRIES},
    store::{Payable, Released},
    tenancy::Reach,
    web::{Body, Code, Error, Json, LinkText, Refusals, Result, Trail},
};

body! {
    /// Which offer.
    pub(crate) struct LeaveDecline {
        /// From the mail.
        link: LinkText = "link",
    }
}

/// Calls the appointment off, with all that was paid back at once. Twice gives the same answer. It
/// needs no log-in: the link is the key.
#[utoipa::path(
    post, path = "/leave/decline", tag = "leave", request_body = LeaveDecline,
    responses((status = 200, description = "Called off", body = ChosenReply), Refusals),
)]
pub(crate) async fn decline(
    State(slots): State<Slots>,
    trail: Trail,
    Body(decline): Body<LeaveDecline>,
) -> Result<Json<ChosenReply>> {
    let now = slots.core.clock.now();
    let opened = Opened::of(&slots, &trail, &decline.link)?;
    let (declined, accounts) = declined(&slots, &opened).await?;
    let merchants = slots.merchants.of(&accounts);
    let appointment = settlement::pay_back(&opened.store, merchants, declined, now).await?;
    let appointment = OfferedView::of(&appointment, &opened.leave, &opened.tenant);
    Ok(Json(ChosenReply { appointment }))
}

async fn declined(slots: &Slots, opened: &Opened) -> Result<(Appointment, Vec<PaymentAccount>)> {
    let now = slots.core.clock.now();
    for _ in 0..TRIES {
        let found = opened.store.payable(&opened.id, &Reach::Hospital).await?;
        let Payable { appointment, accounts } = found.ok_or(Error::NotFound)?;
        let mark = appointment.leave_mark(&opened.leave).ok_or(Error::NotFound)?;
        if mark.outcome == LeaveOutcome::Cancelled
            && appointment.status == AppointmentStatus::Cancelled
        {
            return Ok((appointment, accounts));
        }
        appointment.leave_offer(&opened.leave, now).map_err(refused)?;
        let ids = settlement::new_ids(slots.core.entropy, now)?;
        match appointment.declined(ids, now).map_err(|_| refused(LeaveRefusal::Over))? {
            Decided::Already => return Ok((appointment, accounts)),
            Decided::Now(next) => {
                if opened.store.release(&next, now).await? != Released::Stale {
                    return Ok((*next, accounts));
                }
            }
        }
    }
    Err(Error::conflict(Code::Conflict, "The appointment is being changed by others; try again."))
}
