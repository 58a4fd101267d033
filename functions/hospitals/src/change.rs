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
        /// What patients get back, of what is booked from now on: all of it, in the place of what
        /// was; without `noShowPercent` that is 0.
        cancellation: Option<CancellationPolicy> = "cancellation",
        /// When patients may book, from now on: all of it, in the place of what was; without
        /// `holdMinutes` that is the installation's own time.
        booking: Option<BookingRules> = "booking",
        /// When it is closed, at most 100 days: all of them, in the place of those before.
        holidays: Option<Holidays> = "holidays",
    }
}

/// Changes the hospital's name and its settings, whichever are given. Open slots on a day that
/// becomes a holiday are withdrawn; those that are held or booked stay, and the answer names them.
///
/// What is left out stays as it is, but only as a whole: `cancellation`, `booking` and `holidays`
/// each take the place of all that was there. `cancellation` without `noShowPercent` gives nothing
/// back for a missed visit, and `booking` without `holdMinutes` keeps an unpaid slot as long as the
/// installation does.
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
