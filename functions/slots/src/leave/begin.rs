//! `POST /doctor/leave`: a doctor is away for a time.

use crate::{Slots, leave::LeaveView};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    body,
    models::{
        AccountId, AppointmentId, AppointmentStatus, AppointmentSummary, Instant, Leave,
        LeaveOffer, LeaveStatus, Money, Name, Reason, Span,
    },
    store::{Concerned, HospitalStore, LeaveCounts},
    tenancy::{Grant, TakeLeave, Tenant},
    web::{Body, Created, Error, Json, Refusals, Result, Trail, doctor_of},
};
use utoipa::ToSchema;

body! {
    /// Who is away, and when.
    pub(crate) struct LeaveWish {
        /// The doctor; for the hospital's administrator only.
        doctor_id: Option<AccountId> = "doctorId",
        /// From when.
        from: Instant = "from",
        /// Until when; at most 366 days later.
        to: Instant = "to",
        /// Why; patients are not told.
        reason: Option<Reason> = "reason",
        /// What patients are offered: `alternatives`, unless told, or `refund`.
        offer: Option<LeaveOffer> = "offer",
        /// Whether to tell only what it would concern.
        dry_run: Option<bool> = "dryRun",
    }
}

/// What a leave would concern.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeavePreview {
    doctor_id: AccountId,
    /// Slots that would be blocked.
    open_slots: usize,
    /// The live appointments of that time, by start; the first thousand.
    appointments: Vec<ConcernedView>,
}

/// An appointment a leave would concern.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConcernedView {
    id: AppointmentId,
    status: AppointmentStatus,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    start: String,
    patient: Name,
    /// What was paid for it.
    paid: Money,
    /// Whether it stays: its patient is there, or it has begun.
    stays: bool,
}

/// A leave, or what it would concern.
#[derive(Debug)]
pub(crate) enum Begun {
    Preview(LeavePreview),
    Leave(Box<LeaveView>),
}

impl IntoResponse for Begun {
    fn into_response(self) -> Response {
        match self {
            Self::Preview(preview) => Json(preview).into_response(),
            Self::Leave(leave) => Created(leave).into_response(),
        }
    }
}

/// Enters a leave: its time is blocked at once, and each live appointment of it is called off with
/// all money back, or its patient is asked by mail whether he takes another time. That goes on after
/// the answer; `GET /doctor/leave/{id}` tells how far it is. The same leave once more is the same.
/// With `dryRun` nothing is changed, and the answer (200) tells whom it would concern.
#[utoipa::path(
    post, path = "/doctor/leave", tag = "leave", security(("bearer" = [])), request_body = LeaveWish,
    responses(
        (status = 200, description = "Whom it would concern", body = LeavePreview),
        (status = 201, description = "Entered", body = LeaveView),
        Refusals,
    ),
)]
pub(crate) async fn begin(
    State(slots): State<Slots>,
    grant: Grant<TakeLeave>,
    trail: Trail,
    Body(wish): Body<LeaveWish>,
) -> Result<Begun> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let store = slots.core.store.of(&tenant);
    let doctor_id = doctor_of(&grant, wish.doctor_id)?;
    let away = Leave::span(wish.from, wish.to, now).map_err(|issue| Error::field("to", issue))?;
    is_doctor(&store, &doctor_id).await?;
    if wish.dry_run == Some(true) {
        let concerned = store.concerned(&doctor_id, away, now).await?;
        return Ok(Begun::Preview(LeavePreview::of(doctor_id, concerned, &tenant, now)));
    }
    let Span { start: from, end: to } = away;
    let leave = Leave {
        id: slots.core.entropy.id(now)?,
        doctor_id,
        from,
        to,
        reason: wish.reason,
        offer: wish.offer.unwrap_or_default(),
        by: grant.role(),
        account_id: grant.account().clone(),
        status: LeaveStatus::Running,
        version: 1,
        slots_blocked: 0,
        staying: Vec::new(),
        due_at: Some(now),
        created_at: now,
    };
    let begun = store.begin_leave(&leave, now).await?;
    let counts = if begun.id == leave.id {
        trail.made(tenant.hospital(), &begun.id);
        LeaveCounts::default()
    } else {
        store.leave_counts(&begun.id).await?
    };
    slots.jobs.start(&slots.core, "leave").await;
    Ok(Begun::Leave(Box::new(LeaveView::of(begun, counts, &tenant))))
}

async fn is_doctor(store: &HospitalStore, id: &AccountId) -> Result<()> {
    let account = store.account(id).await?.ok_or(Error::NotFound)?;
    account.doctor.map(|_| ()).ok_or(Error::NotFound)
}

impl LeavePreview {
    fn of(doctor_id: AccountId, concerned: Concerned, tenant: &Tenant, now: Instant) -> Self {
        let view = |one: AppointmentSummary| ConcernedView {
            status: one.status(now),
            start: tenant.zone().show(one.start),
            paid: one.paid().map_or(Money::zero(one.fee.currency()), |paid| paid.amount),
            stays: one.status == AppointmentStatus::CheckedIn || one.start <= now,
            id: one.id,
            patient: one.patient.name,
        };
        let appointments = concerned.appointments.into_iter().map(view).collect();
        Self { doctor_id, open_slots: concerned.open_slots, appointments }
    }
}
