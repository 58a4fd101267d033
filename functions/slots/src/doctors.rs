//! `GET /doctors`: the hospital's doctors, and when each is next to be had.

use crate::Slots;
use axum::extract::State;
use serde::Serialize;
use shared::{
    models::{AccountId, Money, Name, OnOffer, Search, Speciality},
    query,
    store::DoctorCard,
    tenancy::{Grant, ReadSlots, Tenant},
    web::{Cursor, Json, Limit, List, Paging, Query, Refusals, Result},
};
use utoipa::ToSchema;

query! {
    /// Which doctors.
    pub(crate) struct DoctorQuery {
        /// Only of this speciality.
        speciality: Option<Speciality> = "speciality",
        /// Only whose name begins with this.
        search: Option<Search> = "q",
        /// How many, 1 to 100.
        limit: Option<Limit> = "limit",
        /// From the page before.
        cursor: Option<Cursor> = "cursor",
    }
}

/// A doctor as patients see him.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DoctorView {
    id: AccountId,
    name: Name,
    speciality: Speciality,
    /// What one appointment costs.
    fee: Money,
    /// The start of the next open slot.
    #[schema(required, format = DateTime)]
    next_available: Option<String>,
}

impl DoctorView {
    fn of(card: DoctorCard, tenant: &Tenant) -> Option<Self> {
        let next_available = card.next_available().map(|start| tenant.zone().show(start));
        let profile = card.account.doctor?;
        Some(Self {
            id: card.account.id,
            name: card.account.name,
            speciality: profile.speciality,
            fee: profile.fee,
            next_available,
        })
    }
}

/// The doctors who can be booked, in the order they joined.
#[utoipa::path(
    get, path = "/doctors", tag = "slots", security(("bearer" = [])), params(DoctorQuery),
    responses((status = 200, description = "The doctors", body = List<DoctorView>), Refusals),
)]
pub(crate) async fn doctors(
    State(slots): State<Slots>,
    grant: Grant<ReadSlots>,
    Query(query): Query<DoctorQuery>,
) -> Result<Json<List<DoctorView>>> {
    let (tenant, now) = (grant.own_tenant()?, slots.core.clock.now());
    let paging = Paging::of(&slots.core, "doctors", &tenant);
    let request = paging.request(query.limit, query.cursor.as_ref())?;
    let store = slots.core.store.of(&tenant);
    let (speciality, search) = (query.speciality.as_ref(), query.search.as_ref());
    let (store, request) = (&store, &request);
    let find = |on_offer: OnOffer| async move {
        store.doctors(speciality, search, request, (&on_offer, now)).await
    };
    let page = slots.last_rules.page((store, &tenant), now, find).await?;
    let list = paging.list(page, |card| DoctorView::of(card, &tenant));
    let items = list.items.into_iter().flatten().collect();
    Ok(Json(List { items, next_cursor: list.next_cursor }))
}
