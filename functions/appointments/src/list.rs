//! `GET /appointments`: all of them, within the caller's reach.

use crate::Appointments;
use axum::extract::State;
use shared::{
    models::{AccountId, AppointmentStatus, Day, PatientId},
    query,
    store::AppointmentFilter,
    tenancy::{Grant, ReadAppointments},
    web::{AppointmentView, Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};

query! {
    /// Whose, and which page.
    pub(crate) struct Pages {
        /// Only this patient's.
        patient_id: Option<PatientId> = "patientId",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

query! {
    /// Which appointments.
    pub(crate) struct AppointmentQuery {
        /// From this day on.
        from: Option<Day> = "from",
        /// Up to this day, it included.
        to: Option<Day> = "to",
        /// Only with this doctor.
        doctor_id: Option<AccountId> = "doctorId",
        /// Only this patient's: one of a family's, say.
        patient_id: Option<PatientId> = "patientId",
        /// Only with this status.
        status: Option<AppointmentStatus> = "status",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// Appointments by start: the hospital's, the doctor's own, or those of the account's patients.
#[utoipa::path(
    get, path = "/appointments", tag = "appointments", security(("bearer" = [])), params(AppointmentQuery),
    responses((status = 200, description = "The appointments", body = List<AppointmentView>), Refusals),
)]
pub(crate) async fn list(
    State(this): State<Appointments>,
    grant: Grant<ReadAppointments>,
    Query(query): Query<AppointmentQuery>,
) -> Result<Json<List<AppointmentView>>> {
    let (tenant, now) = (grant.own_tenant()?, this.core.clock.now());
    let paging = Paging::of(&this.core, "appointments", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let filter = AppointmentFilter {
        from: query.from.map(|day| tenant.zone().bounds(day).0),
        to: query.to.map(|day| tenant.zone().bounds(day).1),
        doctor: query.doctor_id,
        patient: query.patient_id,
        status: query.status,
        live_only: false,
    };
    let page =
        this.core.store.of(&tenant).appointments(&filter, &grant.reach(), &request, now).await?;
    Ok(Json(paging.list(page, |item| AppointmentView::in_list(item, &tenant, now))))
}
