//! `GET /leave/offer`: what a patient may choose whose doctor is away, for whoever has the link.

use crate::{
    Slots,
    leave::{OfferedView, Opened},
};
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{Appointment, DoctorRef, Instant, Money, Slot, SlotId},
    query,
    store::{HospitalStore, Instead},
    tenancy::Tenant,
    web::{Error, Json, LinkText, Query, Refusals, Result, Trail},
};
use utoipa::ToSchema;

query! {
    /// Which offer.
    pub(crate) struct OfferQuery {
        /// From the mail.
        link: LinkText = "link",
    }
}

/// An appointment whose doctor is away, and what is free instead.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeaveOfferView {
    appointment: OfferedView,
    /// Until when one may choose; `null` once there is nothing to choose.
    #[schema(required, format = DateTime)]
    until: Option<String>,
    /// Up to three: the doctor's, and then others' of the speciality.
    alternatives: Vec<AlternativeView>,
}

/// A slot one may choose. It costs nothing more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AlternativeView {
    slot_id: SlotId,
    doctor: DoctorRef,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    start: String,
    /// With the hospital's offset.
    #[schema(format = DateTime)]
    end: String,
    /// What it costs others; where that is less, the difference goes back.
    fee: Money,
}

/// An appointment whose doctor is away, and up to three times that are free at this moment. It needs
/// no log-in: the link is the key, and tells no patient's name.
#[utoipa::path(
    get, path = "/leave/offer", tag = "leave", params(OfferQuery),
    responses((status = 200, description = "The offer", body = LeaveOfferView), Refusals),
)]
pub(crate) async fn leave_offer(
    State(slots): State<Slots>,
    trail: Trail,
    Query(query): Query<OfferQuery>,
) -> Result<Json<LeaveOfferView>> {
    let now = slots.core.clock.now();
    let opened = Opened::of(&slots, &trail, &query.link)?;
    let appointment = opened.appointment().await?;
    let (tenant, store) = (&opened.tenant, &opened.store);
    let deadline = appointment.leave_offer(&opened.leave, now).map(|mark| mark.deadline);
    let deadline = deadline.ok().flatten();
    let alternatives = match deadline {
        Some(_) => Some(alternatives(store, tenant, &appointment, now).await?),
        None => None,
    };
    Ok(Json(LeaveOfferView {
        appointment: OfferedView::of(&appointment, &opened.leave, tenant),
        until: deadline.map(|until| tenant.zone().show(until)),
        alternatives: alternatives
            .iter()
            .flat_map(Instead::first)
            .map(|slot| AlternativeView::of(slot, tenant))
            .collect(),
    }))
}

async fn alternatives(
    store: &HospitalStore,
    tenant: &Tenant,
    appointment: &Appointment,
    now: Instant,
) -> Result<Instead> {
    let (slot, hospital) = tokio::join!(store.slot(&appointment.slot_id), store.hospital(tenant));
    let (slot, hospital) = (slot?.ok_or(Error::NotFound)?, hospital?.ok_or(Error::NotFound)?);
    let window = hospital.booking.window(tenant.zone(), now);
    let wanted = (&slot, appointment.visit_type);
    Ok(store.instead_of(wanted, window, now).await?)
}

impl AlternativeView {
    fn of(slot: &Slot, tenant: &Tenant) -> Self {
        Self {
            slot_id: slot.id.clone(),
            doctor: slot.doctor.clone(),
            start: tenant.zone().show(slot.start),
            end: tenant.zone().show(slot.end),
            fee: slot.fee,
        }
    }
}
