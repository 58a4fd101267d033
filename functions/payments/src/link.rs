//! `POST /payments/link`: the desk sends the patient a page of Razorpay's to pay on.

use crate::{
    Payments,
    refusal::{contended, refused},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use serde_json::json;
use shared::{
    body,
    models::{
        Appointment, AppointmentId, AskedLink, Currency, Instant, PaymentLink, PaymentLinkId,
    },
    outbound,
    settlement::TRIES,
    store::{Change, HospitalStore, Payable},
    tenancy::{Grant, Reach, TakePayments},
    web::{Body, Created, Error, Json, Refusals, Result},
};
use utoipa::ToSchema;

body! {
    /// What is to be paid.
    pub(crate) struct LinkRequest {
        /// The appointment.
        appointment_id: AppointmentId = "appointmentId",
    }
}

/// A payment link.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkReply {
    link_id: PaymentLinkId,
    /// Where the patient pays; Razorpay sends it by mail and SMS.
    url: String,
    /// Minor units (paise).
    amount: i64,
    currency: Currency,
    /// Until when it can be paid; the slot is held as long.
    #[schema(format = DateTime)]
    expires_at: String,
    appointment_id: AppointmentId,
}

/// Makes the payment link of a held appointment and holds the slot as long as the link is good.
/// Asking again gives the same link, with 200.
#[utoipa::path(
    post, path = "/payments/link", tag = "payments", security(("bearer" = [])),
    request_body = LinkRequest,
    responses(
        (status = 201, description = "Made", body = LinkReply),
        (status = 200, description = "Made before", body = LinkReply),
        Refusals,
    ),
)]
pub(crate) async fn link(
    State(payments): State<Payments>,
    grant: Grant<TakePayments>,
    Body(request): Body<LinkRequest>,
) -> Result<Response> {
    let (tenant, now) = (grant.own_tenant()?, payments.core.clock.now());
    let store = payments.core.store.of(&tenant);
    let found = store.payable(&request.appointment_id, &Reach::Hospital).await?;
    let payable = found.ok_or(Error::NotFound)?;
    payable.appointment.payable(now).map_err(refused)?;
    let amount = payable.appointment.fee;
    let (link, is_new) = match payable.appointment.link.clone() {
        Some(link) => (link, false),
        None => made(&payments, &store, payable, now).await?,
    };
    let reply = LinkReply {
        link_id: link.id,
        url: link.url,
        amount: amount.amount(),
        currency: amount.currency(),
        expires_at: tenant.zone().show(link.expires_at),
        appointment_id: request.appointment_id,
    };
    Ok(if is_new { Created(reply).into_response() } else { Json(reply).into_response() })
}

/// Has the link made, and keeps it. Razorpay tells the patient of it at once. So what is asked for is
/// noted before, with the longer hold: whatever happens to this request, what is paid by the link is
/// known for the appointment's. And it is kept even where that is no longer to be paid. What was asked
/// for before is asked of the same account.
async fn made(
    payments: &Payments,
    store: &HospitalStore,
    payable: Payable,
    now: Instant,
) -> Result<(PaymentLink, bool)> {
    let Payable { appointment, accounts } = payable;
    let patient = store.patient(&appointment.patient.id).await?.ok_or(Error::NotFound)?;
    let merchants = payments.merchants.of(&accounts);
    let (account, razorpay) = match &appointment.link_asked {
        Some(asked) => (asked.account.clone(), merchants.with(asked.account.as_ref())?),
        None => merchants.current()?,
    };
    let notes = json!({ "appointment": appointment.id.as_str() });
    let least = now.plus_seconds(Appointment::LINK_SECONDS);
    let until = appointment.hold_expires_at.map_or(least, |hold| hold.max(least));
    let to = (appointment.fee, &patient);
    let asked = AskedLink { account: account.clone(), expires_at: until, created_at: now };
    let (mut appointment, before) = match noted(store, appointment, asked, now).await? {
        Noted::Asked(appointment, before) => (*appointment, before),
        Noted::Made(link) => return Ok((link, false)),
    };
    let made = match razorpay.link(appointment.id.as_str(), to, until, notes).await {
        Ok(made) => made,
        Err(error) => {
            if let (outbound::Error::Refused { .. }, Some(before)) = (&error, before) {
                // Whoever has changed it meanwhile leaves it noted, which does no harm.
                store.hold_longer(&appointment.without_link(&before), now).await?;
            }
            return Err(error.into());
        }
    };
    let expires_at = made.expires_at();
    let link =
        PaymentLink { id: made.id, url: made.short_url, account, expires_at, created_at: now };
    for _ in 0..TRIES {
        let late = appointment.payable(payments.core.clock.now()).err();
        let kept = match late {
            None => store.hold_longer(&appointment.with_link(link.clone()), now).await?,
            Some(_) => store.change_appointment(&appointment.with_late_link(link.clone())).await?,
        };
        if kept == Change::Done {
            return late.map_or(Ok((link, true)), |refusal| Err(refused(refusal)));
        }
        appointment = again(store, &appointment).await?;
        if let Some(link) = appointment.link {
            return Ok((link, false));
        }
    }
    Err(contended())
}

/// What noting that a link is asked for came to.
enum Noted {
    /// It is noted, in the appointment as it is by now; and as it was before, unless a request
    /// before this one has noted it, whose link may have been made.
    Asked(Box<Appointment>, Option<Box<Appointment>>),
    /// Somebody else had one made meanwhile.
    Made(PaymentLink),
}

async fn noted(
    store: &HospitalStore,
    appointment: Appointment,
    asked: AskedLink,
    now: Instant,
) -> Result<Noted> {
    let mut current = appointment;
    for _ in 0..TRIES {
        if current.link_asked.is_some() {
            return Ok(Noted::Asked(Box::new(current), None));
        }
        let next = current.asking_for_link(asked.clone());
        if store.hold_longer(&next, now).await? == Change::Done {
            return Ok(Noted::Asked(Box::new(next), Some(Box::new(current))));
        }
        current = again(store, &current).await?;
        if let Some(link) = current.link {
            return Ok(Noted::Made(link));
        }
        current.payable(now).map_err(refused)?;
    }
    Err(contended())
}

/// The appointment as it is by now.
async fn again(store: &HospitalStore, appointment: &Appointment) -> Result<Appointment> {
    store.appointment(&appointment.id, &Reach::Hospital).await?.ok_or(Error::NotFound)
}
