//! `GET /waitlist/offer`: a slot that is kept for whoever has the link.

use crate::{
    Slots,
    waitlist::{OfferedSlotView, Opened},
};
use axum::extract::State;
use shared::{
    query,
    web::{Json, LinkText, Query, Refusals, Result, Trail},
};

query! {
    /// Which offer.
    pub(crate) struct KeptQuery {
        /// From the mail.
        link: LinkText = "link",
    }
}

/// The slot that is kept, and until when. It needs no log-in: the link is the key, and tells no
/// patient's name.
#[utoipa::path(
    get, path = "/waitlist/offer", tag = "waitlist", params(KeptQuery),
    responses((status = 200, description = "What is kept", body = OfferedSlotView), Refusals),
)]
pub(crate) async fn waitlist_offer(
    State(slots): State<Slots>,
    trail: Trail,
    Query(query): Query<KeptQuery>,
) -> Result<Json<OfferedSlotView>> {
    let opened = Opened::of(&slots, &trail, &query.link).await?;
    let offer = opened.offer(slots.core.clock.now())?;
    Ok(Json(OfferedSlotView::of(offer, &opened.tenant)))
}
