//! `PATCH /hospital`: changes the own hospital.

use crate::{Hospitals, view::HospitalView};
use axum::extract::State;
use shared::{
    body,
    models::{BookingRules, CancellationPolicy, Holidays, Instant, Name, Span},
    store::{HospitalSettings, HospitalStore},
    tenancy::{ChangeHospital, Grant, Tenant},
    web::{Body, Error, Json, Refusals, Result, SlotView},
};

body! {
    /// What is changed.
    pub(crate) struct HospitalChange {
        /// What people call it.
        name: Option<Name> = "name",
        /// What patients get back, of what is booked from now on.
        cancellation: Option<CancellationPolicy> = "cancellation",
        /// When patients may book, from now on.
        booking: Option<BookingRules> = "booking",
        /// When it is closed, at most 100 days: all of them, in the place of those before.
        holidays: Option<Holidays> = "holidays",
    }
}

/// Changes the hospital's name and its settings, whichever are given. Open slots on a day that
/// becomes a holiday are withdrawn; those that are held or booked stay, and the answer names them.
#[utoipa::path(
    patch, path = "/hospital", tag = "hospitals", security(("bearer" = [])),
    request_body = HospitalChange,
    responses((status = 200, description = "As it is now", body = HospitalView), Refusals),
)]
pub(crate) async fn change(
    State(this): State<Hospitals>,
    grant: Grant<ChangeHospital>,
    Body(change): Body<HospitalChange>,
) -> Result<Json<HospitalView>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let store = this.core.store.of(&tenant);
    let HospitalChange { name, cancellation, booking, holidays } = change;
    let settings = HospitalSettings { name, cancellation, booking, holidays };
    let changed = store.change_hospital(&tenant, &settings).await?.ok_or(Error::NotFound)?;
    let view = HospitalView::of(changed);
    match &settings.holidays {
        Some(holidays) => {
            let staying = close(&store, &tenant, holidays, now).await?;
            Ok(Json(view.with_staying(staying)))
        }
        None => Ok(Json(view)),
    }
}

/// Withdraws what is open on holidays to come; what stays on them. A repetition does what a crash
/// left undone.
async fn close(
    store: &HospitalStore,
    tenant: &Tenant,
    holidays: &Holidays,
    now: Instant,
) -> Result<Vec<SlotView>> {
    let days = holidays.since(tenant.zone().day(now));
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Ok(Vec::new());
    };
    let between =
        Span { start: tenant.zone().bounds(*first).0, end: tenant.zone().bounds(*last).1 };
    let staying = store.clear_slots(&days, between, now).await?;
    Ok(staying.iter().map(|slot| SlotView::of(slot, tenant, now)).collect())
}
