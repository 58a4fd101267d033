//! `GET /appointments/today`: the hospital's day.

use crate::{Appointments, list::Pages};
use axum::extract::State;
use shared::{
    store::AppointmentFilter,
    tenancy::{Grant, ReadOwnAppointments},
    web::{AppointmentView, Json, List, Paging, Query, Refusals, Result},
};

/// The caller's live appointments of today, by start. Today is the hospital's: just after its
/// midnight it is the new day.
#[utoipa::path(
    get, path = "/appointments/today", tag = "appointments", security(("bearer" = [])), params(Pages),
    responses((status = 200, description = "Today's appointments", body = List<AppointmentView>), Refusals),
)]
pub(crate) async fn today(
    State(this): State<Appointments>,
    grant: Grant<ReadOwnAppointments>,
    Query(pages): Query<Pages>,
) -> Result<Json<List<AppointmentView>>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let paging = Paging::of(&this.core, "appointments/today", &tenant);
    let request = paging.request(pages.limit, pages.cursor.as_ref())?;
    let (from, to) = tenant.zone().bounds(tenant.zone().day(now));
    let filter = AppointmentFilter {
        from: Some(from),
        to: Some(to),
        live_only: true,
        patient: pages.patient_id,
        ..Default::default()
    };
    let page =
        this.core.store.of(&tenant).appointments(&filter, &grant.reach(), &request, now).await?;
    Ok(Json(paging.list(page, |item| AppointmentView::in_list(item, &tenant, now))))
}
