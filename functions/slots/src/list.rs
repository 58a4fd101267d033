//! `GET /slots`: slots that can be booked, or all of them for those who run them.

use crate::Slots;
use axum::extract::State;
use shared::{
    models::{AccountId, Day, Role, Speciality},
    query,
    store::SlotFilter,
    tenancy::{Grant, ReadSlots},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result, SlotView},
};

query! {
    /// Which slots.
    pub(crate) struct SlotQuery {
        /// Only this doctor's.
        doctor_id: Option<AccountId> = "doctorId",
        /// Only of this speciality.
        speciality: Option<Speciality> = "speciality",
        /// From this day on.
        from: Option<Day> = "from",
        /// Up to this day, it included.
        to: Option<Day> = "to",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// Slots by start. Patients see what they could book; doctors and the hospital see all.
#[utoipa::path(
    get, path = "/slots", tag = "slots", security(("bearer" = [])), params(SlotQuery),
    responses((status = 200, description = "The slots", body = List<SlotView>), Refusals),
)]
pub(crate) async fn list(
    State(slots): State<Slots>,
    grant: Grant<ReadSlots>,
    Query(query): Query<SlotQuery>,
) -> Result<Json<List<SlotView>>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let paging = Paging::of(&slots.core, "slots", &tenant);
    let filter = |on_offer| SlotFilter {
        doctor: query.doctor_id.clone(),
        speciality: query.speciality.clone(),
        from: query.from.map(|day| tenant.zone().bounds(day).0),
        to: query.to.map(|day| tenant.zone().bounds(day).1),
        on_offer,
    };
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let store = slots.core.store.of(&tenant);
    let (store, request) = (&store, &request);
    let find = |on_offer| {
        let filter = filter(on_offer);
        async move { store.slots(&filter, request, now).await }
    };
    let page = if grant.role() == Role::Patient {
        slots.last_rules.page((store, &tenant), now, |on_offer| find(Some(on_offer))).await?
    } else {
        find(None).await?
    };
    Ok(Json(paging.list(page, |slot| SlotView::of(&slot, &tenant, now))))
}
