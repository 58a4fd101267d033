//! `GET /appointments/upcoming`: what is still to come.

use crate::{Appointments, list::Pages};
use axum::extract::State;
use shared::{
    models::Instant,
    store::AppointmentFilter,
    tenancy::{Grant, ReadOwnAppointments},
    web::{AppointmentView, Json, List, Paging, Query, Refusals, Result},
};

/// The caller's live appointments that have not begun, by start.
#[utoipa::path(
    get, path = "/appointments/upcoming", tag = "appointments", security(("bearer" = [])), params(Pages),
    responses((status = 200, description = "Upcoming appointments", body = List<AppointmentView>), Refusals),
)]
pub(crate) async fn upcoming(
    State(this): State<Appointments>,
    grant: Grant<ReadOwnAppointments>,
    Query(pages): Query<Pages>,
) -> Result<Json<List<AppointmentView>>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let paging = Paging::of(&this.core, "appointments/upcoming", &tenant);
    let request = paging.request(pages.limit, pages.cursor.as_ref())?;
    let after_now = Instant::from_millis(now.millis().saturating_add(1));
    let filter = AppointmentFilter {
        from: Some(after_now),
        live_only: true,
        patient: pages.patient_id,
        ..Default::default()
    };
    let page =
        this.core.store.of(&tenant).appointments(&filter, &grant.reach(), &request, now).await?;
    Ok(Json(paging.list(page, |item| AppointmentView::in_list(item, &tenant, now))))
}
